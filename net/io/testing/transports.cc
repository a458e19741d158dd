// SPDX-License-Identifier: Apache-2.0
#include "net/io/testing/transports.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/task/asio_status.h"
#include "base/task/task_group.h"
#include "net/io/pipe.h"
#include "net/socket/socket.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::net {
namespace {

constexpr uint64_t kHandsOverAtOnce = 0;
constexpr uint64_t kHandsOverLater = kDefaultBulkAfterBytes;

struct TlsContexts {
  std::shared_ptr<const TlsClientContext> client;
  std::shared_ptr<const TlsServerContext> server;
};

absl::StatusOr<TlsContexts> MakeTlsContexts(uint64_t client_bulk_after,
                                            uint64_t server_bulk_after) {
  absl::StatusOr<std::unique_ptr<CertificateAuthority>> authority =
      CertificateAuthority::Make("test-ca");
  if (!authority.ok()) return authority.status();
  CertificateRequest request;
  request.dns_names = {"server.test"};
  absl::StatusOr<CertificateAndKey> identity = (*authority)->Sign(request);
  if (!identity.ok()) return identity.status();
  TlsServerConfig server;
  server.cert_pem = identity->cert_pem;
  server.key_pem = identity->key_pem;
  server.bulk_after_bytes = server_bulk_after;
  TlsClientConfig client;
  client.ca_pem = (*authority)->cert_pem();
  client.server_name = "server.test";
  client.bulk_after_bytes = client_bulk_after;
  absl::StatusOr<std::shared_ptr<const TlsServerContext>> server_context =
      NewTlsServerContext(server);
  if (!server_context.ok()) return server_context.status();
  absl::StatusOr<std::shared_ptr<const TlsClientContext>> client_context =
      NewTlsClientContext(client);
  if (!client_context.ok()) return client_context.status();
  return TlsContexts{*client_context, *server_context};
}

// The client has read before the server's tickets are behind it.
Task<absl::Status> SayHello(StreamPair& pair) {
  absl::Status written = co_await WriteAll(*pair.b, "h");
  if (!written.ok()) co_return written;
  char byte;
  absl::Status read = co_await ReadFull(*pair.a, absl::MakeSpan(&byte, 1));
  co_return read;
}

Task<absl::StatusOr<StreamPair>> AddTls(StreamPair transport,
                                        uint64_t client_bulk_after,
                                        uint64_t server_bulk_after) {
  absl::StatusOr<TlsContexts> contexts =
      MakeTlsContexts(client_bulk_after, server_bulk_after);
  if (!contexts.ok()) co_return contexts.status();
  Executor executor = co_await kThisExecutor;
  TaskGroup group(executor);
  StreamPair pair;
  group.SpawnOrCancelAll([&]() -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<TlsStream>> stream = co_await TlsConnect(
        contexts->client, std::string(), std::move(transport.a));
    if (!stream.ok()) co_return stream.status();
    pair.a = *std::move(stream);
    co_return absl::OkStatus();
  });
  group.SpawnOrCancelAll([&]() -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<TlsStream>> stream =
        co_await TlsAccept(contexts->server, std::move(transport.b));
    if (!stream.ok()) co_return stream.status();
    pair.b = *std::move(stream);
    co_return absl::OkStatus();
  });
  absl::Status joined = co_await group.Join();
  if (!joined.ok()) co_return joined;
  absl::Status greeted = co_await SayHello(pair);
  if (!greeted.ok()) co_return greeted;
  co_return pair;
}

}  // namespace

Task<absl::StatusOr<StreamPair>> MakePipePair() {
  Executor executor = co_await kThisExecutor;
  StreamPair pair;
  std::tie(pair.a, pair.b) = MakePipe(executor);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTcpPair() {
  Executor executor = co_await kThisExecutor;
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      ListenTcp(executor, "127.0.0.1", 0);
  if (!listener.ok()) co_return listener.status();
  absl::StatusOr<std::unique_ptr<Socket>> dialled =
      co_await DialTcp("127.0.0.1", (*listener)->address().port);
  if (!dialled.ok()) co_return dialled.status();
  absl::StatusOr<std::unique_ptr<Socket>> accepted =
      co_await (*listener)->Accept(executor);
  if (!accepted.ok()) co_return accepted.status();
  StreamPair pair;
  pair.a = *std::move(dialled);
  pair.b = *std::move(accepted);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeUnixPair() {
  Executor executor = co_await kThisExecutor;
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    co_return FromErrno(errno, "socketpair");
  }
  absl::StatusOr<std::unique_ptr<Socket>> a = AdoptSocket(executor, fds[0]);
  absl::StatusOr<std::unique_ptr<Socket>> b = AdoptSocket(executor, fds[1]);
  if (!a.ok()) co_return a.status();
  if (!b.ok()) co_return b.status();
  StreamPair pair;
  pair.a = *std::move(a);
  pair.b = *std::move(b);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTlsOverPipePair() {
  absl::StatusOr<StreamPair> transport = co_await MakePipePair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair =
      co_await AddTls(*std::move(transport), kHandsOverLater, kHandsOverLater);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTlsOverTcpPair() {
  absl::StatusOr<StreamPair> transport = co_await MakeTcpPair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair =
      co_await AddTls(*std::move(transport), kHandsOverLater, kHandsOverLater);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeBulkTlsOverPipePair() {
  absl::StatusOr<StreamPair> transport = co_await MakePipePair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair = co_await AddTls(
      *std::move(transport), kHandsOverAtOnce, kHandsOverAtOnce);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeBulkTlsOverTcpPair() {
  absl::StatusOr<StreamPair> transport = co_await MakeTcpPair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair = co_await AddTls(
      *std::move(transport), kHandsOverAtOnce, kHandsOverAtOnce);
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeHalfBulkTlsOverTcpPair() {
  absl::StatusOr<StreamPair> transport = co_await MakeTcpPair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair =
      co_await AddTls(*std::move(transport), kHandsOverAtOnce, kHandsOverLater);
  co_return pair;
}

}  // namespace fairway::net
