// SPDX-License-Identifier: Apache-2.0
#include "client/transport/create_dialer.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "client/transport/fallback_dialer.h"
#include "client/transport/spdy/spdy.h"
#include "client/transport/websocket/tunneling_dialer.h"
#include "httpstream/upgrade_failure.h"

namespace fairway::transport {
namespace {

// Mirrors: cmdutil.PortForwardWebsockets.IsDisabled().
bool WebSocketsAreDisabled() {
  const char* value = std::getenv("KUBECTL_PORT_FORWARD_WEBSOCKETS");
  return value != nullptr && absl::EqualsIgnoreCase(value, "false");
}

}  // namespace

absl::StatusOr<std::unique_ptr<httpstream::Dialer>> CreateDialer(
    const rest::Config& config, std::string method, net::http::Url url,
    httpstream::spdy::SessionOptions session) {
  absl::StatusOr<spdy::RoundTripperAndUpgrader> made =
      spdy::RoundTripperFor(config, session);
  if (!made.ok()) return made.status();
  std::unique_ptr<httpstream::Dialer> dialer = spdy::NewDialer(
      made->upgrader, made->round_tripper, std::move(method), url);
  if (WebSocketsAreDisabled()) return dialer;
  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> tunneling =
      websocket::NewTunnelingDialer(std::move(url), config, std::move(session));
  if (!tunneling.ok()) return tunneling.status();
  return NewFallbackDialer(*std::move(tunneling), std::move(dialer),
                           httpstream::IsUpgradeFailure);
}

}  // namespace fairway::transport
