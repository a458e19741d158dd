// SPDX-License-Identifier: Apache-2.0
#include "net/http/request_target.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

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

absl::StatusOr<Url> ParseRequestTarget(absl::string_view method,
                                       absl::string_view target,
                                       absl::string_view host) {
  absl::StatusOr<Url> url = ParseTarget(method, target);
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
  return url;
}

}  // namespace fairway::net::http
