// SPDX-License-Identifier: Apache-2.0
#include "net/http/handler.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"

namespace fairway::net::http {
namespace {

// "*", "host:port" (CONNECT), "/path?query" or a whole URL.
absl::StatusOr<Url> ParseTarget(absl::string_view method,
                                absl::string_view target) {
  Url url;
  if (target == "*") {
    url.path = "*";
    return url;
  }
  if (method == "CONNECT" && !absl::StartsWith(target, "/")) {
    return ParseUrl(absl::StrCat("//", target));
  }
  if (!absl::StartsWith(target, "/")) {
    absl::StatusOr<Url> absolute = ParseUrl(target);
    if (absolute.ok() && absolute->host.empty()) {
      return absl::InvalidArgumentError("invalid URI for request");
    }
    return absolute;
  }
  // Origin form: "//a/b" is a path here, and no host.
  const size_t question = target.find('?');
  url.path = std::string(target.substr(0, question));
  if (question != absl::string_view::npos) {
    url.raw_query = std::string(target.substr(question + 1));
  }
  return url;
}

}  // namespace

absl::Status SetRequestTarget(absl::string_view target, absl::string_view host,
                              ServerRequest& request) {
  absl::StatusOr<Url> url = ParseTarget(request.method, target);
  if (!url.ok()) return url.status();
  if (url->host.empty() && !host.empty()) {
    absl::StatusOr<Url> authority = ParseUrl(absl::StrCat("//", host));
    if (!authority.ok() || !authority->path.empty() ||
        !authority->user.empty()) {
      return absl::InvalidArgumentError("malformed Host header");
    }
    url->host = std::move(authority->host);
    url->port = std::move(authority->port);
  }
  absl::StatusOr<std::vector<std::string>> segments = SplitPath(url->path);
  if (!segments.ok()) return segments.status();
  request.url = *std::move(url);
  request.path_segments = *std::move(segments);
  return absl::OkStatus();
}

Task<absl::Status> Respond(ResponseWriter& writer, int status,
                           absl::string_view content_type,
                           absl::string_view body) {
  if (!content_type.empty()) writer.headers().Set("Content-Type", content_type);
  writer.headers().Set("Content-Length", absl::StrCat(body.size()));
  absl::Status begun = co_await writer.WriteHeader(status);
  FAIRWAY_CO_RETURN_IF_ERROR(begun);
  if (body.empty()) co_return absl::OkStatus();
  absl::Status written = co_await writer.Write(body);
  co_return written;
}

}  // namespace fairway::net::http
