// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/status_details.h"

#include <string>

#include "absl/strings/cord.h"
#include "api/errors.h"
#include "api/json.h"

namespace fairway::apiserver {
namespace {

constexpr char kPayloadUrl[] = "fairway/meta.v1.StatusDetails";

Json StatusSkeleton(const char* status) {
  Json json;
  json["kind"] = "Status";
  json["apiVersion"] = "v1";
  json["metadata"] = Json::object();
  json["status"] = status;
  return json;
}

}  // namespace

absl::Status WithDetails(absl::Status status, const Json& details) {
  if (!status.ok()) {
    status.SetPayload(kPayloadUrl, absl::Cord(api::DumpJson(details)));
  }
  return status;
}

Json DetailsOf(const std::string& name, const std::string& group,
               const std::string& kind) {
  Json details;
  details["name"] = name;
  if (!group.empty()) details["group"] = group;
  details["kind"] = kind;
  return details;
}

Json StatusJson(const absl::Status& status) {
  const api::ApiStatus api_status = api::StatusOfError(status);
  Json json = StatusSkeleton("Failure");
  json["message"] = api_status.message;
  if (!api_status.reason.empty()) json["reason"] = api_status.reason;
  if (auto payload = status.GetPayload(kPayloadUrl); payload.has_value()) {
    absl::StatusOr<Json> details = api::ParseJson(std::string(*payload));
    if (details.ok()) json["details"] = *std::move(details);
  }
  json["code"] = api_status.code;
  return json;
}

Json SuccessStatus(const Json& details) {
  Json json = StatusSkeleton("Success");
  if (!details.empty()) json["details"] = details;
  return json;
}

absl::Status NewStatusError(int code, absl::string_view reason,
                            absl::string_view message) {
  return api::ErrorFromStatus(
      {code, std::string(reason), std::string(message)});
}

}  // namespace fairway::apiserver
