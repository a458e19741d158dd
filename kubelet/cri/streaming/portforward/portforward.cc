// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/portforward/portforward.h"

#include <glog/logging.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/upgrade.h"
#include "kubelet/cri/streaming/portforward/httpstream.h"
#include "kubelet/cri/streaming/portforward/websocket.h"
#include "net/websocket/handshake.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

Task<absl::Status> HandleHttpStreams(net::http::ServerRequest& request,
                                     net::http::ResponseWriter& writer,
                                     PortForwarder& forwarder,
                                     ServeOptions options) {
  absl::StatusOr<std::string> protocol = co_await httpstream::Handshake(
      request, writer, options.supported_protocols);
  // The protocol does not matter here: there is only one.
  if (!protocol.ok()) co_return protocol.status();

  VLOG(5) << "Upgrading port forward response";
  const absl::Duration idle_timeout = options.idle_timeout;
  Executor executor = co_await kThisExecutor;
  const httpstream::spdy::ResponseUpgrader upgrader =
      httpstream::spdy::NewResponseUpgrader(options.session);
  HttpStreamHandler handler(executor, forwarder, std::move(options));
  absl::StatusOr<std::unique_ptr<httpstream::Connection>> connection =
      co_await upgrader.UpgradeResponse(
          request, writer,
          [&handler](std::unique_ptr<httpstream::Stream> stream) {
            return handler.StreamReceived(std::move(stream));
          });
  if (!connection.ok()) co_return connection.status();
  VLOG(5) << "(conn=" << connection->get()
          << ") setting port forwarding streaming connection idle timeout to "
          << idle_timeout;
  (*connection)->SetIdleTimeout(idle_timeout);
  absl::Status served = co_await handler.Run(**connection);
  co_return served;
}

}  // namespace

Task<absl::Status> ServePortForward(net::http::ServerRequest& request,
                                    net::http::ResponseWriter& writer,
                                    PortForwarder& forwarder,
                                    ServeOptions options) {
  if (net::websocket::IsWebSocketRequest(request.headers)) {
    absl::Status served = co_await HandleWebSocketStreams(
        request, writer, forwarder, std::move(options));
    co_return served;
  }
  absl::Status served = co_await HandleHttpStreams(request, writer, forwarder,
                                                   std::move(options));
  if (served.ok() || absl::IsCancelled(served)) co_return served;
  // Whoever asked has been answered.
  LOG(ERROR) << "port forward: " << served.message();
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet::cri::streaming::portforward
