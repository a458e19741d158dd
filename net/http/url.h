// SPDX-License-Identifier: Apache-2.0
// URLs as Go's net/url reads and writes them (RFC 3986).
#ifndef NET_HTTP_URL_H_
#define NET_HTTP_URL_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::net::http {

struct Url {
  std::string scheme;  // lower case; empty for a relative reference
  std::string user;    // decoded
  std::string password;
  std::string host;  // without port, and without the brackets of IPv6
  std::string port;  // empty if the URL names none
  std::string path;  // still percent-encoded, as written
  std::string raw_query;

  // The port to connect to: as written, or the scheme's (80, 443); 0 if none.
  uint16_t EffectivePort() const;
  // "host:port" as written, for a Host header; IPv6 in brackets.
  std::string HostPort() const;
  // Path and query, "/" if the path is empty: HTTP/1.1's origin form.
  std::string RequestTarget() const;
  std::string ToString() const;
};

// Absolute, scheme-relative ("//h/p") or relative ("/p?q"). Errors:
// kInvalidArgument.
absl::StatusOr<Url> ParseUrl(absl::string_view text);

// Resolves a redirect's Location against the URL that was asked.
Url ResolveReference(const Url& base, const Url& reference);

// A query's pairs in their order, decoded.
using Query = std::vector<std::pair<std::string, std::string>>;
absl::StatusOr<Query> ParseQuery(absl::string_view raw_query);
// As Go's url.Values.Encode: sorted by key, "+" for space.
std::string EncodeQuery(const Query& query);
// The first value of `key`; empty if there is none.
absl::string_view QueryValue(const Query& query, absl::string_view key);

std::string PathEscape(absl::string_view segment);
absl::StatusOr<std::string> PathUnescape(absl::string_view segment);
// A path's segments, decoded; slashes at both ends count for nothing. Errors:
// kInvalidArgument for a bad escape.
absl::StatusOr<std::vector<std::string>> SplitPath(absl::string_view path);

}  // namespace fairway::net::http

#endif  // NET_HTTP_URL_H_
