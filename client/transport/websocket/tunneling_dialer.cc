// SPDX-License-Identifier: Apache-2.0
#include "client/transport/websocket/tunneling_dialer.h"

#include <glog/logging.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/task/task.h"
#include "client/transport/websocket/roundtripper.h"
#include "httpstream/spdy/session.h"
#include "httpstream/wsstream/tunnel.h"

namespace fairway::transport::websocket {
namespace {

namespace wsstream = httpstream::wsstream;

class TunnelingDialer final : public httpstream::Dialer {
 public:
  TunnelingDialer(net::http::Url url,
                  std::shared_ptr<net::http::RoundTripper> transport,
                  httpstream::spdy::SessionOptions session)
      : url_(std::move(url)),
        transport_(std::move(transport)),
        session_(std::move(session)) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    // RFC 6455, section 4.1: the method is GET.
    net::http::Request request;
    request.url = url_;
    for (std::string& protocol : protocols) {
      protocol =
          absl::StrCat(wsstream::kWebsocketsSpdyTunnelingPrefix, protocol);
    }
    VLOG(4) << "Before WebSocket Upgrade Connection...";
    absl::StatusOr<Negotiated> negotiated = co_await Negotiate(
        transport_, std::move(request), std::move(protocols));
    if (!negotiated.ok()) co_return negotiated.status();
    Result result;
    result.protocol = std::string(absl::StripPrefix(
        negotiated->protocol, wsstream::kWebsocketsSpdyTunnelingPrefix));
    VLOG(4) << "negotiated protocol: " << result.protocol;
    Executor executor = co_await kThisExecutor;
    std::unique_ptr<net::ByteStream> tunnel = wsstream::NewTunnel(
        executor, std::move(negotiated->transport),
        wsstream::TunnelOptions(net::websocket::Role::kClient));
    result.connection = httpstream::spdy::NewClientConnection(
        executor, std::move(tunnel), session_);
    co_return result;
  }

 private:
  const net::http::Url url_;
  const std::shared_ptr<net::http::RoundTripper> transport_;
  const httpstream::spdy::SessionOptions session_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewTunnelingDialer(
    net::http::Url url, const rest::Config& config,
    httpstream::spdy::SessionOptions session) {
  absl::StatusOr<std::shared_ptr<net::http::RoundTripper>> transport =
      RoundTripperFor(config);
  if (!transport.ok()) return transport.status();
  session.ping_period =
      std::min(wsstream::kTunnelPingPeriod, session.ping_timeout / 3);
  return std::make_unique<TunnelingDialer>(
      std::move(url), *std::move(transport), std::move(session));
}

}  // namespace fairway::transport::websocket
