// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/proxy/{streamtunnel,translatinghandler}.go
// (v0.31.0)
// SPDY tunnelled in a WebSocket, toward the client only: the kubelet is asked
// for SPDY/3.1, and the client's request becomes a WebSocket once the kubelet
// has agreed.
#ifndef APISERVER_PROXY_STREAM_TUNNEL_H_
#define APISERVER_PROXY_STREAM_TUNNEL_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/http/headers.h"

namespace fairway::apiserver::proxy {

// Whether the request is a WebSocket's and names a protocol
// "SPDY/3.1+NAME.k8s.io".
// Mirrors: wsstream.IsWebSocketRequestWithTunnelingProtocol.
bool IsWebSocketRequestWithTunnelingProtocol(const net::http::Headers& headers);

// Threads:  each call on the executor of its connection.
// Lifetime: must outlive its calls.
class TunnelingHandler {
 public:
  // `upgrade_handler` carries a SPDY upgrade to the backend and relays what
  // follows: it never learns of the WebSocket.
  explicit TunnelingHandler(net::http::Handler upgrade_handler)
      : upgrade_handler_(std::move(upgrade_handler)) {}

  // Hands `upgrade_handler` a POST for SPDY/3.1, with the protocols that the
  // request names behind "SPDY/3.1+" as X-Stream-Protocol-Version. What the
  // handler writes instead of a 101 goes to the client as it is. When it
  // hijacks and writes the backend's 101, the client gets a WebSocket's 101
  // instead, and the bytes behind it, both ways, in binary messages.
  //
  //  - no such protocol: 400 "unable to upgrade: no tunneling spdy protocols
  //    provided";
  //  - a 101 that is not SPDY/3.1's: 500 "unable to upgrade: missing upgrade
  //    headers in response";
  //  - a WebSocket handshake that is none: as net::websocket::AnswerRequest().
  // Errors: of `upgrade_handler`, but for what was answered.
  Task<absl::Status> ServeHTTP(net::http::ServerRequest& request,
                               net::http::ResponseWriter& writer) const;

 private:
  const net::http::Handler upgrade_handler_;
};

// Hands a request to `translator` if `should_translate` says so, else to
// `delegate`.
net::http::Handler NewTranslatingHandler(
    net::http::Handler delegate, net::http::Handler translator,
    std::function<bool(const net::http::Headers&)> should_translate);

}  // namespace fairway::apiserver::proxy

#endif  // APISERVER_PROXY_STREAM_TUNNEL_H_
