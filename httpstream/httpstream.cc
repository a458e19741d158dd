// SPDX-License-Identifier: Apache-2.0
#include "httpstream/httpstream.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fairway::httpstream {
namespace {

constexpr absl::string_view kPlainText = "text/plain; charset=utf-8";

// Fields may be repeated, and hold several values each.
std::vector<std::string> CommaSeparatedHeaderValues(
    const net::http::Headers& headers, absl::string_view name) {
  std::vector<std::string> values;
  for (absl::string_view field : headers.Values(name)) {
    for (absl::string_view part : absl::StrSplit(field, ',')) {
      absl::string_view value = absl::StripAsciiWhitespace(part);
      if (!value.empty()) values.emplace_back(value);
    }
  }
  return values;
}

// As Go prints a slice of strings.
std::string GoList(const std::vector<std::string>& values) {
  return absl::StrCat("[", absl::StrJoin(values, " "), "]");
}

// Mirrors: net/http.Error, which ends the text with a newline.
Task<absl::Status> HttpError(net::http::ResponseWriter& writer, int status,
                             absl::string_view message) {
  writer.headers().Set("X-Content-Type-Options", "nosniff");
  const std::string body = absl::StrCat(message, "\n");
  absl::Status written =
      co_await net::http::Respond(writer, status, kPlainText, body);
  co_return written;
}

}  // namespace

Task<absl::Status> Stream::WaitReplied() { co_return absl::OkStatus(); }

Task<absl::StatusOr<std::unique_ptr<Stream>>> Connection::CreateStream(
    net::http::Headers headers) {
  absl::StatusOr<std::unique_ptr<Stream>> stream =
      StartStream(std::move(headers));
  if (!stream.ok()) co_return stream.status();
  absl::Status replied = co_await (*stream)->WaitReplied();
  if (!replied.ok()) co_return replied;
  co_return stream;
}

bool IsUpgradeRequest(const net::http::Headers& headers) {
  return headers.HasToken(kHeaderConnection, kHeaderUpgrade);
}

Task<absl::StatusOr<std::string>> Handshake(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer,
    std::vector<std::string> server_protocols) {
  const std::vector<std::string> client_protocols =
      CommaSeparatedHeaderValues(request.headers, kHeaderProtocolVersion);
  if (client_protocols.empty()) {
    const std::string message = absl::StrCat(
        "unable to upgrade: ", kHeaderProtocolVersion, " is required");
    absl::Status written = co_await HttpError(writer, 400, message);
    if (!written.ok()) co_return written;
    co_return absl::InvalidArgumentError(message);
  }
  for (const std::string& protocol : client_protocols) {
    if (std::find(server_protocols.begin(), server_protocols.end(), protocol) ==
        server_protocols.end()) {
      continue;
    }
    writer.headers().Add(kHeaderProtocolVersion, protocol);
    co_return protocol;
  }
  for (const std::string& protocol : server_protocols) {
    writer.headers().Add(kHeaderAcceptedProtocolVersions, protocol);
  }
  const std::string message = absl::StrCat(
      "unable to upgrade: unable to negotiate protocol: client supports ",
      GoList(client_protocols), ", server accepts ", GoList(server_protocols));
  absl::Status written = co_await HttpError(writer, 403, message);
  if (!written.ok()) co_return written;
  co_return absl::PermissionDeniedError(message);
}

}  // namespace fairway::httpstream
