// SPDX-License-Identifier: Apache-2.0
#include "httpstream/upgrade_failure.h"

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/status/http_status.h"
#include "base/task/deadline.h"

namespace fairway::httpstream {
namespace {

constexpr size_t kMaxErrorBytes = 64 * 1024;
constexpr char kServerStatusPayload[] = "fairway.httpstream/server_status";
constexpr char kUpgradeFailurePayload[] = "fairway.httpstream/upgrade_failure";

// The message of a metav1.Status, or empty.
std::string StatusMessage(absl::string_view body) {
  const nlohmann::json json = nlohmann::json::parse(
      body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return "";
  const auto kind = json.find("kind");
  const auto message = json.find("message");
  if (kind == json.end() || *kind != "Status" || message == json.end() ||
      !message->is_string()) {
    return "";
  }
  return message->get<std::string>();
}

}  // namespace

absl::Status Refusal::ToStatus(absl::string_view message) const {
  absl::Status status(code, message);
  if (kind == Kind::kStatus) {
    status.SetPayload(kServerStatusPayload, absl::Cord());
  }
  return status;
}

Task<Refusal> ReadRefusal(net::http::Response& response,
                          absl::Duration timeout) {
  Refusal refusal;
  const absl::StatusCode code = CodeFromHttpStatus(response.status);
  if (code != absl::StatusCode::kOk) refusal.code = code;
  absl::StatusOr<std::string> body = co_await WithDeadline<std::string>(
      timeout, "refusal", [&response]() -> Task<absl::StatusOr<std::string>> {
        return net::http::ReadAll(*response.body, kMaxErrorBytes);
      });
  if (!body.ok()) {
    refusal.kind = Refusal::Kind::kUnreadable;
    refusal.text = "unable to read error from server response";
    co_return refusal;
  }
  refusal.text = StatusMessage(*body);
  if (!refusal.text.empty()) {
    refusal.kind = Refusal::Kind::kStatus;
    co_return refusal;
  }
  refusal.text = std::string(absl::StripAsciiWhitespace(*body));
  co_return refusal;
}

bool IsServerStatus(const absl::Status& status) {
  return status.GetPayload(kServerStatusPayload).has_value();
}

absl::Status UpgradeFailureError(const absl::Status& cause) {
  absl::Status status(
      cause.code(),
      absl::StrCat("unable to upgrade streaming request: ", cause.message()));
  cause.ForEachPayload(
      [&status](absl::string_view url, const absl::Cord& payload) {
        status.SetPayload(url, payload);
      });
  status.SetPayload(kUpgradeFailurePayload, absl::Cord());
  return status;
}

bool IsUpgradeFailure(const absl::Status& status) {
  return status.GetPayload(kUpgradeFailurePayload).has_value();
}

}  // namespace fairway::httpstream
