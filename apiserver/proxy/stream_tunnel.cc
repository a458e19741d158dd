// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/proxy/{streamtunnel,translatinghandler}.go
// (v0.31.0)
#include "apiserver/proxy/stream_tunnel.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "apiserver/proxy/metrics.h"
#include "apiserver/proxy/tunneling_writer.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/upgrade.h"
#include "httpstream/wsstream/tunnel.h"
#include "net/websocket/handshake.h"

namespace fairway::apiserver::proxy {
namespace {

using httpstream::wsstream::kKubernetesSuffix;
using httpstream::wsstream::kWebsocketsSpdyTunnelingPrefix;

// A WebSocket's request has none.
class NoBody final : public net::http::BodyReader {
 public:
  Task<absl::StatusOr<size_t>> Read(absl::Span<char>) override {
    co_return size_t{0};
  }
};

std::vector<std::string> SpdyProtocolsFromWebsocketProtocols(
    const net::http::Headers& headers) {
  std::vector<std::string> protocols;
  for (const std::string& name : net::websocket::RequestedProtocols(headers)) {
    if (absl::StartsWith(name, kWebsocketsSpdyTunnelingPrefix) &&
        absl::EndsWith(name, kKubernetesSuffix)) {
      protocols.push_back(name.substr(kWebsocketsSpdyTunnelingPrefix.size()));
    }
  }
  return protocols;
}

net::http::ServerRequest CreateSpdyRequest(
    const net::http::ServerRequest& request,
    const std::vector<std::string>& protocols, net::http::BodyReader* no_body) {
  net::http::ServerRequest spdy = request;
  spdy.method = "POST";
  spdy.body = no_body;
  for (const char* name :
       {"Sec-WebSocket-Protocol", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
        "Sec-WebSocket-Extensions", "Content-Length", "Transfer-Encoding"}) {
    spdy.headers.Remove(name);
  }
  spdy.headers.Set(httpstream::kHeaderConnection, httpstream::kHeaderUpgrade);
  spdy.headers.Set(httpstream::kHeaderUpgrade, httpstream::spdy::kHeaderSpdy31);
  spdy.headers.Remove(httpstream::kHeaderProtocolVersion);
  for (const std::string& protocol : protocols) {
    spdy.headers.Add(httpstream::kHeaderProtocolVersion, protocol);
  }
  return spdy;
}

}  // namespace

bool IsWebSocketRequestWithTunnelingProtocol(
    const net::http::Headers& headers) {
  return net::websocket::IsWebSocketRequest(headers) &&
         !SpdyProtocolsFromWebsocketProtocols(headers).empty();
}

Task<absl::Status> TunnelingHandler::ServeHTTP(
    net::http::ServerRequest& request,
    net::http::ResponseWriter& writer) const {
  const std::vector<std::string> protocols =
      SpdyProtocolsFromWebsocketProtocols(request.headers);
  if (protocols.empty()) {
    IncStreamTunnelRequest(400);
    absl::Status refused = co_await HttpError(
        writer, 400, "unable to upgrade: no tunneling spdy protocols provided");
    co_return refused;
  }
  NoBody no_body;
  net::http::ServerRequest spdy_request =
      CreateSpdyRequest(request, protocols, &no_body);
  TunnelingResponseWriter tunneling_writer(request, writer);
  absl::Status served =
      co_await upgrade_handler_(spdy_request, tunneling_writer);
  // The handler saw its write fail, and the client why.
  if (tunneling_writer.refused()) co_return absl::OkStatus();
  co_return served;
}

net::http::Handler NewTranslatingHandler(
    net::http::Handler delegate, net::http::Handler translator,
    std::function<bool(const net::http::Headers&)> should_translate) {
  return [delegate = std::move(delegate), translator = std::move(translator),
          should_translate = std::move(should_translate)](
             net::http::ServerRequest& request,
             net::http::ResponseWriter& writer) {
    return should_translate(request.headers) ? translator(request, writer)
                                             : delegate(request, writer);
  };
}

}  // namespace fairway::apiserver::proxy
