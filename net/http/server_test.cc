// SPDX-License-Identifier: Apache-2.0
// The server over real sockets, asked by the transport.
#include "net/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/http/transport.h"
#include "net/socket/socket.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::net::http {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server with its task, on a port or socket of its own.
class Running {
 public:
  Running(Executor executor, Handler handler, ServerOptions options = {},
          std::string unix_path = "")
      : executor_(executor), group_(executor) {
    server = NewServer(executor, std::move(handler), std::move(options));
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        unix_path.empty() ? ListenTcp(executor, "127.0.0.1", 0)
                          : ListenUnix(executor, unix_path);
    address = (*listener)->address().ToString();
    auto held =
        std::make_shared<std::unique_ptr<Listener>>(*std::move(listener));
    group_.Spawn([this, held]() -> Task<absl::Status> {
      absl::Status served = co_await server->Serve(std::move(*held));
      co_return served;
    });
  }

  Url UrlOf(absl::string_view scheme, absl::string_view path) const {
    return *ParseUrl(absl::StrCat(scheme, "://", address, path));
  }

  Task<absl::Status> Stop(absl::Duration grace) {
    absl::Status stopped = co_await server->Shutdown(grace);
    absl::Status joined = co_await group_.Join();
    if (!joined.ok()) co_return joined;
    co_return stopped;
  }

  std::unique_ptr<Server> server;
  std::string address;

 private:
  Executor executor_;
  TaskGroup group_;
};

Task<absl::Status> Describe(ServerRequest& request, ResponseWriter& writer) {
  absl::StatusOr<std::string> body = co_await ReadAll(*request.body, 1 << 24);
  if (!body.ok()) co_return body.status();
  const std::string peer = request.peer_certificate == nullptr
                               ? "nobody"
                               : request.peer_certificate->common_name;
  const std::string text =
      absl::StrCat(request.method, " ", request.url.RequestTarget(), " HTTP/",
                   request.http_major, request.tls ? " tls " : " plain ", peer,
                   " ", body->size());
  absl::Status status = co_await Respond(writer, 200, "text/plain", text);
  co_return status;
}

Task<std::string> Fetch(RoundTripper& transport, Url url,
                        std::string body = "") {
  Request request;
  request.method = body.empty() ? "GET" : "POST";
  request.url = std::move(url);
  request.body = std::move(body);
  absl::StatusOr<Response> response =
      co_await transport.RoundTrip(std::move(request));
  if (!response.ok()) co_return response.status().ToString();
  absl::StatusOr<std::string> text = co_await ReadAll(*response->body, 1 << 24);
  if (!text.ok()) co_return text.status().ToString();
  co_return *text;
}

Url Parse(absl::string_view text) { return *ParseUrl(text); }

// One authority for all tests: keys cost time.
const CertificateAuthority& Authority() {
  static const CertificateAuthority* const ca =
      CertificateAuthority::Make("test-ca")->release();
  return *ca;
}

std::shared_ptr<const TlsServerContext> ServerTls(
    std::vector<std::string> alpn) {
  CertificateRequest request;
  request.common_name = "server";
  request.ip_addresses = {"127.0.0.1"};
  CertificateAndKey pair = *Authority().Sign(request);
  TlsServerConfig config;
  config.cert_pem = pair.cert_pem;
  config.key_pem = pair.key_pem;
  config.client_ca_pem = Authority().cert_pem();
  config.client_certificates = ClientCertificates::kVerifyIfGiven;
  config.alpn = std::move(alpn);
  return *NewTlsServerContext(config);
}

enum class Certificate { kNone, kAlice };

DialOptions ClientTls(Certificate certificate) {
  TlsClientConfig config;
  config.ca_pem = Authority().cert_pem();
  config.alpn = {"http/1.1"};
  if (certificate == Certificate::kAlice) {
    CertificateRequest request;
    request.common_name = "alice";
    CertificateAndKey pair = *Authority().Sign(request);
    config.cert_pem = pair.cert_pem;
    config.key_pem = pair.key_pem;
  }
  DialOptions options;
  options.tls = *NewTlsClientContext(config);
  return options;
}

TEST(ServerTest, ServesTcp) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Running running(executor, Describe);
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    std::string got =
        co_await Fetch(*transport, running.UrlOf("http", "/a?b=c"));
    EXPECT_EQ(got, "GET /a?b=c HTTP/1 plain nobody 0");
    // More than any buffer between the two holds.
    got = co_await Fetch(*transport, running.UrlOf("http", "/"),
                         std::string(8 << 20, 'x'));
    EXPECT_EQ(got, "POST / HTTP/1 plain nobody 8388608");
    absl::Status stopped = co_await running.Stop(absl::Seconds(5));
    co_return stopped;
  });
}

TEST(ServerTest, ServesUnixSockets) {
  char folder[] = "/tmp/fwXXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = absl::StrCat(folder, "/s");
  RunTest([path](Executor executor) -> Task<absl::Status> {
    std::string remote;
    Running running(
        executor,
        [&remote](ServerRequest& request,
                  ResponseWriter& writer) -> Task<absl::Status> {
          remote = request.remote_address;
          absl::Status status = co_await Respond(writer, 200, "", "here");
          co_return status;
        },
        {}, path);
    DialOptions options;
    options.unix_path = path;
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, options);
    std::string got = co_await Fetch(*transport, Parse("http://docker/v1"));
    EXPECT_EQ(got, "here");
    EXPECT_EQ(remote, "@");
    absl::Status stopped = co_await running.Stop(absl::Seconds(5));
    co_return stopped;
  });
  rmdir(folder);
}

TEST(ServerTest, ServesTlsAndTellsWhoAsks) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ServerOptions options;
    options.tls = ServerTls({"h2", "http/1.1"});
    Running running(executor, Describe, options);
    std::unique_ptr<RoundTripper> nobody =
        NewTransport(executor, ClientTls(Certificate::kNone));
    std::string got = co_await Fetch(*nobody, running.UrlOf("https", "/"));
    EXPECT_EQ(got, "GET / HTTP/1 tls nobody 0");
    std::unique_ptr<RoundTripper> alice =
        NewTransport(executor, ClientTls(Certificate::kAlice));
    got = co_await Fetch(*alice, running.UrlOf("https", "/"),
                         std::string(1 << 20, 'x'));
    EXPECT_EQ(got, "POST / HTTP/1 tls alice 1048576");
    absl::Status stopped = co_await running.Stop(absl::Seconds(5));
    co_return stopped;
  });
}

TEST(ServerTest, PlainAndTlsTellEachOther) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ServerOptions options;
    options.tls = ServerTls({"http/1.1"});
    Running secure(executor, Describe, options);
    Running plain(executor, Describe);
    std::unique_ptr<RoundTripper> transport =
        NewTransport(executor, ClientTls(Certificate::kNone));
    std::string got = co_await Fetch(*transport, plain.UrlOf("https", "/"));
    EXPECT_THAT(got,
                HasSubstr("http: server gave HTTP response to HTTPS client"));
    got = co_await Fetch(*transport, secure.UrlOf("http", "/"));
    EXPECT_EQ(got, "Client sent an HTTP request to an HTTPS server.\n");
    absl::Status stopped = co_await plain.Stop(absl::Seconds(5));
    if (!stopped.ok()) co_return stopped;
    stopped = co_await secure.Stop(absl::Seconds(5));
    co_return stopped;
  });
}

TEST(ServerTest, RefusesServersOfAnotherAuthority) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ServerOptions options;
    options.tls = ServerTls({});
    Running running(executor, Describe, options);
    TlsClientConfig config;
    config.ca_pem = (*CertificateAuthority::Make("other"))->cert_pem();
    DialOptions dial;
    dial.tls = *NewTlsClientContext(config);
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, dial);
    std::string got = co_await Fetch(*transport, running.UrlOf("https", "/"));
    EXPECT_THAT(got,
                HasSubstr("x509: certificate signed by unknown authority"));
    absl::Status stopped = co_await running.Stop(absl::Seconds(5));
    co_return stopped;
  });
}

TEST(ServerTest, SpreadsConnectionsOverExecutors) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    // In here, so that they have ended before the loop that they answer to.
    LoopThread one("one");
    LoopThread two("two");
    ServerOptions options;
    options.executors = {one.executor(), two.executor()};
    Running running(
        executor,
        [&](ServerRequest&, ResponseWriter& writer) -> Task<absl::Status> {
          Executor here = co_await kThisExecutor;
          const std::string name = here == one.executor()   ? "one"
                                   : here == two.executor() ? "two"
                                                            : "none";
          absl::Status status = co_await Respond(writer, 200, "", name);
          co_return status;
        },
        options);
    std::string all;
    for (int i = 0; i < 4; ++i) {
      std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
      std::string got = co_await Fetch(*transport, running.UrlOf("http", "/"));
      all += got + " ";
    }
    EXPECT_EQ(all, "one two one two ");
    absl::Status stopped = co_await running.Stop(absl::Seconds(5));
    co_return stopped;
  });
}

TEST(ServerTest, LimitsConnections) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ServerOptions options;
    options.max_connections = 1;
    Running running(executor, Describe, options);
    std::unique_ptr<RoundTripper> first = NewTransport(executor, {});
    std::string got = co_await Fetch(*first, running.UrlOf("http", "/1"));
    EXPECT_THAT(got, StartsWith("GET /1"));
    std::unique_ptr<RoundTripper> second = NewTransport(executor, {});
    got = co_await Fetch(*second, running.UrlOf("http", "/2"));
    EXPECT_THAT(got, HasSubstr("reset"));
    // The one that is there goes on.
    got = co_await Fetch(*first, running.UrlOf("http", "/3"));
    EXPECT_THAT(got, StartsWith("GET /3"));
    absl::Status stopped = co_await running.Stop(absl::Seconds(5));
    co_return stopped;
  });
}

TEST(ServerTest, ShutdownLetsHandlersEnd) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Condition go_on(executor);
    Condition begun(executor);
    Running running(
        executor,
        [&](ServerRequest&, ResponseWriter& writer) -> Task<absl::Status> {
          begun.NotifyAll();
          absl::Status waited = co_await go_on.Wait();
          if (!waited.ok()) co_return waited;
          absl::Status status = co_await Respond(writer, 200, "", "late");
          co_return status;
        });
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    TaskGroup group(executor);
    std::string got;
    group.Spawn([&]() -> Task<absl::Status> {
      got = co_await Fetch(*transport, running.UrlOf("http", "/"));
      co_return absl::OkStatus();
    });
    absl::Status waited = co_await begun.Wait();
    if (!waited.ok()) co_return waited;
    bool stopped = false;
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await running.Stop(absl::Minutes(1));
      stopped = true;
      co_return status;
    });
    co_await Sleep(absl::Milliseconds(5));
    EXPECT_FALSE(stopped);
    // New connections are refused meanwhile.
    std::unique_ptr<RoundTripper> other = NewTransport(executor, {});
    std::string refused = co_await Fetch(*other, running.UrlOf("http", "/"));
    EXPECT_THAT(refused, HasSubstr("connection refused"));
    go_on.NotifyAll();
    absl::Status joined = co_await group.Join();
    EXPECT_EQ(got, "late");
    co_return joined;
  });
}

TEST(ServerTest, ShutdownDropsWhatOutlivesTheGrace) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Condition begun(executor);
    Running running(
        executor,
        [&](ServerRequest&, ResponseWriter& writer) -> Task<absl::Status> {
          absl::StatusOr<std::unique_ptr<ByteStream>> stream = writer.Hijack();
          if (!stream.ok()) co_return stream.status();
          begun.NotifyAll();
          absl::Status slept = co_await Sleep(absl::InfiniteDuration());
          co_return slept;
        });
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      std::string got = co_await Fetch(*transport, running.UrlOf("http", "/"));
      EXPECT_THAT(got, HasSubstr("reset"));
      co_return absl::OkStatus();
    });
    absl::Status waited = co_await begun.Wait();
    if (!waited.ok()) co_return waited;
    absl::Status stopped = co_await running.Stop(absl::Milliseconds(10));
    EXPECT_THAT(stopped, IsOk());
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

}  // namespace
}  // namespace fairway::net::http
