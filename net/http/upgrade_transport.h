// SPDX-License-Identifier: Apache-2.0
// Mirrors: ConnectWithRedirects of k8s.io/apimachinery/pkg/util/net/http.go
// (v0.20.2)
// Requests that ask for another protocol, each on a connection of its own: a
// new one, or an idle one of the pool.
#ifndef NET_HTTP_UPGRADE_TRANSPORT_H_
#define NET_HTTP_UPGRADE_TRANSPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/http/message.h"
#include "net/http/transport.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http {

enum class FollowRedirects { kNo, kYes };

struct UpgradeOptions {
  // Its TLS context must offer http/1.1 alone: nothing is upgraded over HTTP/2.
  DialOptions dial;
  // Of 302 only, at most 9, and only to the same scheme, host and port.
  FollowRedirects follow_redirects = FollowRedirects::kNo;
  // For the answer's head, once the request was sent, and for each piece of the
  // body of an answer other than 101.
  absl::Duration response_timeout = absl::Seconds(60);
};

// Does `request`, which says itself what it asks for. Fields go out in the
// order that Go writes them, nothing goes out behind the head and body, and
// what came behind the answer's head is kept.
// The Response may outlive `options`; its connection is dropped with its body.
// Errors: of Dial(); kInvalidArgument for a field that cannot be written or an
// answer that is no HTTP; kUnavailable when the connection ends before the
// answer ("unexpected EOF"); kDeadlineExceeded; kFailedPrecondition for a
// redirect that is not followed ("hostname mismatch: expected a, found b", "too
// many redirects (10)").
Task<absl::StatusOr<Response>> DoUpgradeRequest(Request request,
                                                UpgradeOptions options);

// The connection of a response with status 101, once; null for any other.
std::unique_ptr<ByteStream> TakeUpgraded(Response& response);

}  // namespace fairway::net::http

#endif  // NET_HTTP_UPGRADE_TRANSPORT_H_
