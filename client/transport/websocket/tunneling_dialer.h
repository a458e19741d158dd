// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/tunneling_dialer.go (v0.31.0)
// SPDY connections inside a WebSocket.
#ifndef CLIENT_TRANSPORT_WEBSOCKET_TUNNELING_DIALER_H_
#define CLIENT_TRANSPORT_WEBSOCKET_TUNNELING_DIALER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/rest/config.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/url.h"

namespace fairway::transport::websocket {

// Mirrors: NewSPDYOverWebsocketDialer. Asks `url` by GET for the protocols that
// Dial() is given, each behind "SPDY/3.1+"; Result.protocol is without that.
// The connections are as `session` says, and ask every ten seconds whether the
// server is there.
// Errors: of RoundTripperFor(); Dial() has those of Negotiate().
absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewTunnelingDialer(
    net::http::Url url, const rest::Config& config,
    httpstream::spdy::SessionOptions session);

}  // namespace fairway::transport::websocket

#endif  // CLIENT_TRANSPORT_WEBSOCKET_TUNNELING_DIALER_H_
