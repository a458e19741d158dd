// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/portforward/websocket.go (v1.20.2)
// The older way over WebSocket: the ports are named with the request, and each
// is one connection with two channels, 2i for data and 2i+1 for an error.
#ifndef KUBELET_CRI_STREAMING_PORTFORWARD_WEBSOCKET_H_
#define KUBELET_CRI_STREAMING_PORTFORWARD_WEBSOCKET_H_

#include <cstddef>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "kubelet/cri/streaming/portforward/portforward.h"
#include "net/http/handler.h"

namespace fairway::kubelet::cri::streaming::portforward {

// A channel's number is a byte, and 255 is set apart; in base64 it is one
// character from '0' on.
inline constexpr size_t kMaxWebSocketPorts = 127;
inline constexpr size_t kMaxBase64WebSocketPorts = 39;

// Answers a WebSocket request with "v4.channel.k8s.io",
// "v4.base64.channel.k8s.io" or no protocol, and forwards `options.v4.ports`.
// The first message of each channel is its port, 16 bits, little-endian. The
// channels have no ends of their own: a connection that the pod has ended, or
// that failed (with text on its error channel), is over, and the WebSocket
// closes after the last one; when the client closes it, so are the pod's
// connections. Draining does not end it sooner.
//
//  - no port: 400 `query parameter "port" is required`; more than
//    kMaxWebSocketPorts: 400;
//  - another protocol: 403.
// Errors: kCancelled; others are answered or logged here.
Task<absl::Status> HandleWebSocketStreams(net::http::ServerRequest& request,
                                          net::http::ResponseWriter& writer,
                                          PortForwarder& forwarder,
                                          ServeOptions options);

}  // namespace fairway::kubelet::cri::streaming::portforward

#endif  // KUBELET_CRI_STREAMING_PORTFORWARD_WEBSOCKET_H_
