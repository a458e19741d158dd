// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/tunneling_connection.go
// (v0.31.0), k8s.io/apimachinery/pkg/util/portforward/constants.go (v0.31.0)
// A ByteStream whose bytes travel in the binary messages of a WebSocket: for
// the SPDY session of a port-forward, between client and API server.
#ifndef HTTPSTREAM_WSSTREAM_TUNNEL_H_
#define HTTPSTREAM_WSSTREAM_TUNNEL_H_

#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"
#include "net/websocket/connection.h"

namespace fairway::httpstream::wsstream {

// A protocol that may be tunnelled is named "SPDY/3.1+NAME.k8s.io" in
// Sec-WebSocket-Protocol; the SPDY upgrade behind the tunnel uses what follows
// the prefix.
inline constexpr absl::string_view kWebsocketsSpdyTunnelingPrefix = "SPDY/3.1+";
inline constexpr absl::string_view kKubernetesSuffix = ".k8s.io";
inline constexpr absl::string_view kWebsocketsSpdyTunnelingPortForwardV1 =
    "SPDY/3.1+portforward.k8s.io";

// How often a client asks the peer whether it is there, by SPDY's PING inside
// the tunnel (client-go/tools/portforward/tunneling_dialer.go: PingPeriod).
inline constexpr absl::Duration kTunnelPingPeriod = absl::Seconds(10);

// What one message carries at most: more than a SPDY session or a relay writes
// at once.
inline constexpr size_t kMaxTunnelMessageBytes = 512 * 1024 - 64;

// What a tunnel's WebSocket should be made with: no pings of its own, since the
// session inside has them.
net::websocket::ConnectionOptions TunnelOptions(net::websocket::Role role);

// The tunnel over `transport`, which has done the WebSocket handshake. Where
// messages begin and end means nothing; each Write is as few as possible.
//
// A read of 0 is the peer's Close with 1000 or without a code. Another code is
// kUnavailable with gorilla's words ("websocket: close 1011 (internal server
// error): why"), and so is a text message ("invalid message type received"), a
// broken protocol, and a transport that ends without Close.
// CloseWrite() sends Close with 1000. WebSocket has no half-close: the peer
// answers it and sends no more, so a Read after it gets only what was under
// way, and a Write after the peer's Close is kUnavailable. SPDY's transport is
// never half-closed, so nothing is lost by that.
std::unique_ptr<net::ByteStream> NewTunnel(
    Executor executor, std::unique_ptr<net::ByteStream> transport,
    net::websocket::ConnectionOptions options);

}  // namespace fairway::httpstream::wsstream

#endif  // HTTPSTREAM_WSSTREAM_TUNNEL_H_
