// SPDX-License-Identifier: Apache-2.0
#include "client/transport/testing/fake_stream_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "httpstream/spdy/session.h"
#include "httpstream/spdy/upgrade.h"
#include "httpstream/wsstream/tunnel.h"
#include "net/relay/relay.h"
#include "net/socket/socket.h"
#include "net/websocket/upgrade.h"

namespace fairway::transport {

namespace wsstream = httpstream::wsstream;

FakeStreamServer::FakeStreamServer(Executor executor, Options options)
    : options_(std::move(options)), tasks_(executor) {
  std::unique_ptr<net::Listener> listener =
      *net::ListenTcp(executor, "127.0.0.1", 0);
  url_ = absl::StrCat(options_.tls == nullptr ? "http" : "https", "://",
                      listener->address().ToString());
  net::http::ServerOptions server_options;
  server_options.tls = options_.tls;
  server_ = net::http::NewServer(
      executor,
      [this](net::http::ServerRequest& request,
             net::http::ResponseWriter& writer) {
        return Serve(request, writer);
      },
      server_options);
  auto held =
      std::make_shared<std::unique_ptr<net::Listener>>(std::move(listener));
  tasks_.Spawn([this, held]() -> Task<absl::Status> {
    return server_->Serve(std::move(*held));
  });
}

Task<absl::Status> FakeStreamServer::Stop() {
  absl::Status stopped = co_await server_->Shutdown(absl::Milliseconds(100));
  tasks_.Cancel();
  absl::Status joined = co_await tasks_.Join();
  if (!joined.ok() && !absl::IsCancelled(joined)) co_return joined;
  co_return stopped;
}

Task<absl::Status> FakeStreamServer::Serve(net::http::ServerRequest& request,
                                           net::http::ResponseWriter& writer) {
  const absl::string_view upgrade = request.headers.Get("Upgrade");
  upgrades_.push_back(absl::StrCat(request.method, " ", upgrade));
  const bool websocket = upgrade == "websocket";
  const net::http::Handler& handler =
      websocket ? options_.websocket : options_.spdy;
  if (handler != nullptr) return handler(request, writer);
  return websocket ? ServeTunnel(request, writer) : ServeSpdy(request, writer);
}

Task<absl::Status> FakeStreamServer::ServeSpdy(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer) {
  std::vector<std::string> protocols = {
      std::string(httpstream::kPortForwardV1Name)};
  absl::StatusOr<std::string> protocol =
      co_await httpstream::Handshake(request, writer, std::move(protocols));
  if (!protocol.ok()) co_return protocol.status();
  const auto upgrader = httpstream::spdy::NewResponseUpgrader();
  httpstream::NewStreamHandler echoes = Echoes();
  absl::StatusOr<std::unique_ptr<httpstream::Connection>> connection =
      co_await upgrader.UpgradeResponse(request, writer, std::move(echoes));
  if (!connection.ok()) co_return connection.status();
  absl::Status closed = co_await (*connection)->WaitClosed();
  co_return closed;
}

Task<absl::Status> FakeStreamServer::ServeTunnel(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer) {
  std::vector<std::string> protocols = {
      std::string(wsstream::kWebsocketsSpdyTunnelingPortForwardV1)};
  absl::StatusOr<net::websocket::Upgraded> upgraded =
      co_await net::websocket::UpgradeResponse(request, writer,
                                               std::move(protocols));
  if (!upgraded.ok()) co_return upgraded.status();
  Executor executor = co_await kThisExecutor;
  std::unique_ptr<net::ByteStream> tunnel = wsstream::NewTunnel(
      executor, std::move(upgraded->transport),
      wsstream::TunnelOptions(net::websocket::Role::kServer));
  std::unique_ptr<httpstream::Connection> connection =
      httpstream::spdy::NewServerConnection(executor, std::move(tunnel), {},
                                            Echoes());
  absl::Status closed = co_await connection->WaitClosed();
  co_return closed;
}

httpstream::NewStreamHandler FakeStreamServer::Echoes() {
  return [this](std::unique_ptr<httpstream::Stream> stream) {
    std::shared_ptr<httpstream::Stream> held = std::move(stream);
    tasks_.Spawn([held]() -> Task<absl::Status> {
      absl::Status echoed = co_await net::CopyUntilFin(*held, *held);
      echoed.IgnoreError();
      co_return absl::OkStatus();
    });
    return absl::OkStatus();
  };
}

Task<absl::StatusOr<std::string>> Echo(httpstream::Dialer& dialer) {
  std::vector<std::string> protocols = {
      std::string(httpstream::kPortForwardV1Name)};
  absl::StatusOr<httpstream::Dialer::Result> result =
      co_await dialer.Dial(std::move(protocols));
  if (!result.ok()) co_return result.status();
  net::http::Headers headers = {{std::string(httpstream::kStreamType), "data"}};
  absl::StatusOr<std::unique_ptr<httpstream::Stream>> stream =
      co_await result->connection->CreateStream(std::move(headers));
  if (!stream.ok()) co_return stream.status();
  absl::Status written = co_await net::WriteAll(**stream, "hello");
  if (!written.ok()) co_return written;
  absl::Status half_closed = co_await (*stream)->CloseWrite();
  if (!half_closed.ok()) co_return half_closed;
  std::string heard;
  while (true) {
    char bytes[16];
    absl::StatusOr<size_t> n =
        co_await (*stream)->Read(absl::MakeSpan(bytes, sizeof(bytes)));
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
    heard.append(bytes, *n);
  }
  stream->reset();
  absl::Status closed = co_await result->connection->Close();
  if (!closed.ok()) co_return closed;
  co_return absl::StrCat(heard, " by ", result->protocol);
}

}  // namespace fairway::transport
