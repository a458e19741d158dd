// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/transport/websocket/roundtripper.go (v0.31.0)
// WebSocket connections to an API server, as a rest::Config says.
#ifndef CLIENT_TRANSPORT_WEBSOCKET_ROUNDTRIPPER_H_
#define CLIENT_TRANSPORT_WEBSOCKET_ROUNDTRIPPER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "client/rest/config.h"
#include "net/http/message.h"
#include "net/http/upgrade_transport.h"
#include "net/io/byte_stream.h"

namespace fairway::transport::websocket {

// Does the opening handshake, for the protocols that the request's
// Sec-WebSocket-Protocol names, on a connection of its own.
// Differs: the connection travels in the Response (TakeUpgraded), so that one
// RoundTripper does for requests that overlap; an HTTPS proxy is no obstacle.
//
// Threads:  on the caller's executor.
// Lifetime: a Response may outlive it.
class RoundTripper final : public net::http::RoundTripper {
 public:
  explicit RoundTripper(net::http::UpgradeOptions options)
      : options_(std::move(options)) {}

  // Only an answer that agrees to one of the protocols is a success. No
  // redirect is followed.
  // Errors: of DoUpgradeRequest(); an UpgradeFailureError for any other answer,
  // with the code of its HTTP status and the message of a metav1.Status
  // (IsServerStatus), or "websocket: bad handshake (400 Bad Request): " and the
  // body; or `invalid protocol, expected one of ["a" "b"], got "c"`.
  Task<absl::StatusOr<net::http::Response>> RoundTrip(
      net::http::Request request) override;

 private:
  const net::http::UpgradeOptions options_;
};

// A RoundTripper with authentication and user agent around it; may be shared by
// many. Errors: of TLSConfigFor and HTTPWrappersForConfig.
absl::StatusOr<std::shared_ptr<net::http::RoundTripper>> RoundTripperFor(
    const rest::Config& config);

struct Negotiated {
  // The connection behind the handshake.
  std::unique_ptr<net::ByteStream> transport;
  std::string protocol;  // the one that the server chose
};

// Does the request for `protocols`; `rt` is of RoundTripperFor().
// Errors: those of RoundTrip().
Task<absl::StatusOr<Negotiated>> Negotiate(
    std::shared_ptr<net::http::RoundTripper> rt, net::http::Request request,
    std::vector<std::string> protocols);

}  // namespace fairway::transport::websocket

#endif  // CLIENT_TRANSPORT_WEBSOCKET_ROUNDTRIPPER_H_
