// SPDX-License-Identifier: Apache-2.0
// What a request line and a Host field say is asked for. No I/O.
#ifndef NET_HTTP_REQUEST_TARGET_H_
#define NET_HTTP_REQUEST_TARGET_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "net/http/url.h"

namespace fairway::net::http {

// The URL of a request line's target (or :path) and a Host field (or
// :authority): "*", "host:port" for CONNECT, "/path?query", or a whole URL,
// whose host wins.
// Errors: kInvalidArgument.
absl::StatusOr<Url> ParseRequestTarget(absl::string_view method,
                                       absl::string_view target,
                                       absl::string_view host);

}  // namespace fairway::net::http

#endif  // NET_HTTP_REQUEST_TARGET_H_
