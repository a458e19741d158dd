// SPDX-License-Identifier: Apache-2.0
// Mirrors: debuggingRoundTripper of k8s.io/client-go/transport/
// round_trippers.go (v0.20.2)
// Requests told as -v=6 and above asks.
#ifndef CLIENT_REST_DEBUGGING_ROUND_TRIPPER_H_
#define CLIENT_REST_DEBUGGING_ROUND_TRIPPER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "client/rest/config.h"
#include "net/http/message.h"

namespace fairway::rest {

// Mirrors: DebugWrappers. From 6: method, URL, status and time of each request;
// 7: the request's headers too; 8: the answer's headers too; 9: as a command
// for curl, with the answer's headers. Below 6 it is `rt` itself.
std::unique_ptr<net::http::RoundTripper> DebugWrappers(
    const RequestLog& log, std::unique_ptr<net::http::RoundTripper> rt);

// Mirrors: glogBody of k8s.io/client-go/rest/request.go. "PREFIX: BODY", from 8
// on: the first 1024 bytes, 10240 at 9, all at 10; what is no text in hex.
void LogBody(const RequestLog& log, absl::string_view prefix,
             absl::string_view body);

// Mirrors: maskValue. What is shown of a header: of Authorization its scheme.
std::string MaskValue(absl::string_view name, absl::string_view value);

}  // namespace fairway::rest

#endif  // CLIENT_REST_DEBUGGING_ROUND_TRIPPER_H_
