// SPDX-License-Identifier: Apache-2.0
#include "runtime/dockershim/health_server.h"

#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"
#include "net/http/handler.h"
#include "net/socket/socket.h"

namespace fairway::runtime::dockershim {

namespace http = net::http;

namespace {

Task<absl::Status> Answer(http::ServerRequest& request,
                          http::ResponseWriter& writer) {
  const std::string& path = request.url.path;
  int code = 404;
  std::string type = "text/plain; charset=utf-8";
  std::string body = "404 page not found\n";
  if (path == "/healthz" || path == "/readyz") {
    code = 200;
    body = "ok";
  } else if (path == "/metrics") {
    code = 200;
    type = kMetricsContentType;
    body = MetricsText();
  }
  absl::Status sent = co_await http::Respond(writer, code, type, body);
  co_return sent;
}

}  // namespace

HealthServer::HealthServer(Executor executor)
    : executor_(executor), serving_(executor) {}

absl::Status HealthServer::Start(const std::string& address) {
  if (address.empty()) return absl::OkStatus();
  absl::StatusOr<net::HostPort> parts = net::SplitHostPort(address);
  if (!parts.ok()) return parts.status();
  uint32_t port = 0;
  if (!absl::SimpleAtoi(parts->port, &port) || port > UINT16_MAX) {
    return absl::InvalidArgumentError(
        absl::StrCat("port ", parts->port, ": want 0..65535"));
  }
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      net::ListenTcp(executor_, parts->host, static_cast<uint16_t>(port));
  if (!listener.ok()) return listener.status();
  server_ = http::NewServer(executor_, Answer, http::ServerOptions());
  auto shared =
      std::make_shared<std::unique_ptr<net::Listener>>(*std::move(listener));
  serving_.Spawn([this, shared]() -> Task<absl::Status> {
    return server_->Serve(std::move(*shared));
  });
  return absl::OkStatus();
}

Task<absl::Status> HealthServer::Stop() {
  if (server_ == nullptr) co_return absl::OkStatus();
  absl::Status stopped = co_await server_->Shutdown(absl::ZeroDuration());
  co_await serving_.Join();
  co_return stopped;
}

}  // namespace fairway::runtime::dockershim
