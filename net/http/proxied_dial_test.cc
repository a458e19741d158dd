// SPDX-License-Identifier: Apache-2.0
// Dial() by way of proxies: good ones, and ones that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/http/testing/fake_connect_proxy.h"
#include "net/http/transport.h"
#include "net/socket/socket.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::net::http {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

using StreamOr = absl::StatusOr<std::unique_ptr<ByteStream>>;

// One authority for the proxy, another for the server.
struct Pki {
  std::unique_ptr<CertificateAuthority> authority =
      *CertificateAuthority::Make("ca");

  std::shared_ptr<const TlsServerContext> Server(std::string name) const {
    CertificateRequest request;
    request.common_name = name;
    if (name == "127.0.0.1") {
      request.ip_addresses = {name};
    } else {
      request.dns_names = {name};
    }
    const CertificateAndKey pair = *authority->Sign(request);
    TlsServerConfig config;
    config.cert_pem = pair.cert_pem;
    config.key_pem = pair.key_pem;
    return *NewTlsServerContext(config);
  }

  std::shared_ptr<const TlsClientContext> Client() const {
    TlsClientConfig config;
    config.ca_pem = authority->cert_pem();
    config.alpn = {"http/1.1"};
    return *NewTlsClientContext(config);
  }
};

// A server that greets whoever comes, under TLS if it has some.
class Greeter {
 public:
  Greeter(Executor executor, std::shared_ptr<const TlsServerContext> tls)
      : tls_(std::move(tls)), group_(executor) {
    listener_ = *ListenTcp(executor, "127.0.0.1", 0);
    group_.Spawn([this, executor]() -> Task<absl::Status> {
      while (true) {
        absl::StatusOr<std::unique_ptr<Socket>> socket =
            co_await listener_->Accept(executor);
        if (!socket.ok()) co_return socket.status();
        std::unique_ptr<ByteStream> stream = *std::move(socket);
        if (tls_ != nullptr) {
          absl::StatusOr<std::unique_ptr<TlsStream>> secured =
              co_await TlsAccept(tls_, std::move(stream));
          if (!secured.ok()) continue;
          stream = *std::move(secured);
        }
        absl::Status written = co_await WriteAll(*stream, "hello");
        if (!written.ok()) continue;
        absl::Status closed = co_await stream->Close();
        if (!closed.ok()) continue;
      }
    });
  }

  Url url() const {
    return *ParseUrl(absl::StrCat(tls_ == nullptr ? "http" : "https", "://",
                                  listener_->address().ToString()));
  }

  Task<absl::Status> Stop() {
    listener_->Close();
    group_.Cancel();
    absl::Status joined = co_await group_.Join();
    co_return absl::IsCancelled(joined) ? absl::OkStatus() : joined;
  }

 private:
  const std::shared_ptr<const TlsServerContext> tls_;
  std::unique_ptr<Listener> listener_;
  TaskGroup group_;
};

Task<std::string> Greeting(StreamOr dialled) {
  if (!dialled.ok()) co_return std::string(dialled.status().message());
  char bytes[5];
  absl::Status read =
      co_await ReadFull(**dialled, absl::MakeSpan(bytes, sizeof(bytes)));
  if (!read.ok()) co_return std::string(read.message());
  co_return std::string(bytes, sizeof(bytes));
}

struct Way {
  const char* name;
  bool proxy_tls;
  bool server_tls;
};

class ProxiedDialTest : public ::testing::TestWithParam<Way> {};

TEST_P(ProxiedDialTest, ReachesTheServerWithTheRightCredentialsOnly) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const Pki pki;
    Greeter server(executor,
                   GetParam().server_tls ? pki.Server("127.0.0.1") : nullptr);
    FakeConnectProxy::Options options;
    if (GetParam().proxy_tls) options.tls = pki.Server("127.0.0.1");
    options.credentials = "Aladdin:open:sesame";
    FakeConnectProxy proxy(executor, options);
    DialOptions dial;
    dial.tls = pki.Client();
    dial.proxier = proxy.proxier("Aladdin:open:sesame");
    StreamOr stream = co_await Dial(server.url(), dial);
    std::string got = co_await Greeting(std::move(stream));
    EXPECT_EQ(got, "hello");
    for (const char* wrong : {"", "Aladdin:close"}) {
      dial.proxier = proxy.proxier(wrong);
      stream = co_await Dial(server.url(), dial);
      Url shown = proxy.url(wrong);
      if (!shown.password.empty()) shown.password = "xxxxx";
      EXPECT_THAT(stream,
                  StatusIs(StatusCode::kPermissionDenied,
                           absl::StrCat("CONNECT request to ", shown.ToString(),
                                        " returned response: 407 Proxy "
                                        "Authentication Required")));
    }
    absl::Status stopped = co_await proxy.Stop();
    EXPECT_THAT(stopped, IsOk());
    stopped = co_await server.Stop();
    co_return stopped;
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, ProxiedDialTest,
                         ::testing::Values(Way{"HttpToHttp", false, false},
                                           Way{"HttpToHttps", false, true},
                                           Way{"HttpsToHttp", true, false},
                                           Way{"HttpsToHttps", true, true}),
                         [](const auto& info) { return info.param.name; });

// The server's certificate bears one name and the proxy's another: each is held
// to its own.
TEST(ProxiedDialTest, VerifiesProxyAndServerEachByItsName) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const Pki pki;
    Greeter server(executor, pki.Server("kubernetes"));
    FakeConnectProxy::Options options;
    options.tls = pki.Server("127.0.0.1");
    FakeConnectProxy proxy(executor, options);
    DialOptions dial;
    dial.tls = pki.Client();
    dial.proxier = proxy.proxier();
    dial.tls_server_name = "kubernetes";
    StreamOr stream = co_await Dial(server.url(), dial);
    std::string got = co_await Greeting(std::move(stream));
    EXPECT_EQ(got, "hello");
    dial.tls_server_name = "";
    stream = co_await Dial(server.url(), dial);
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnauthenticated,
                                 HasSubstr("x509: cannot validate certificate "
                                           "for 127.0.0.1")));
    FakeConnectProxy::Options elsewhere;
    elsewhere.tls = pki.Server("proxy.example");
    FakeConnectProxy other(executor, elsewhere);
    dial.tls_server_name = "kubernetes";
    dial.proxier = other.proxier();
    stream = co_await Dial(server.url(), dial);
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnauthenticated,
                                 HasSubstr("proxyconnect tcp: x509: ")));
    EXPECT_TRUE(other.heads().empty());
    absl::Status stopped = co_await proxy.Stop();
    EXPECT_THAT(stopped, IsOk());
    stopped = co_await other.Stop();
    EXPECT_THAT(stopped, IsOk());
    stopped = co_await server.Stop();
    co_return stopped;
  });
}

// What Dial() says of a proxy that behaves like this.
absl::Status Refusal(FakeConnectProxy::Options behaviour, std::string target,
                     absl::Duration timeout = absl::Seconds(5)) {
  absl::Status result;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    const Pki pki;
    FakeConnectProxy proxy(executor, behaviour);
    DialOptions dial;
    dial.tls = pki.Client();
    dial.proxier = proxy.proxier();
    dial.timeout = timeout;
    StreamOr stream = co_await Dial(*ParseUrl(target), dial);
    result = stream.status();
    absl::Status stopped = co_await proxy.Stop();
    co_return stopped;
  });
  return result;
}

FakeConnectProxy::Options Says(std::string answer, bool then_closes = true) {
  FakeConnectProxy::Options options;
  options.answer = std::move(answer);
  options.then_closes = then_closes;
  return options;
}

TEST(MisbehavingProxyTest, ClosesWithoutAnAnswer) {
  EXPECT_THAT(Refusal(Says(""), "http://far:1/"),
              StatusIs(StatusCode::kUnavailable, "unexpected EOF"));
  EXPECT_THAT(Refusal(Says("HTTP/1.1 200 OK\r\nA: b"), "http://far:1/"),
              StatusIs(StatusCode::kUnavailable, "unexpected EOF"));
}

TEST(MisbehavingProxyTest, NeverAnswers) {
  EXPECT_THAT(Refusal(Says("", false), "https://far/", absl::Milliseconds(50)),
              StatusIs(StatusCode::kDeadlineExceeded,
                       "proxyconnect tcp: CONNECT far:443: i/o timeout"));
}

TEST(MisbehavingProxyTest, CannotReachTheServer) {
  EXPECT_THAT(Refusal({}, "http://127.0.0.1:1/"),
              StatusIs(StatusCode::kUnavailable,
                       HasSubstr("returned response: 502 Bad Gateway")));
}

TEST(MisbehavingProxyTest, SendsWhatIsNoAnswer) {
  const std::string endless(2 << 20, 'x');
  EXPECT_THAT(Refusal(Says(absl::StrCat("HTTP/1.1 200 OK\r\nX: ", endless)),
                      "http://far:1/"),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Refusal(Says("SSH-2.0-proxy\r\n\r\n"), "http://far:1/"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("malformed HTTP response")));
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_THAT(Refusal(Says(interim), "http://far:1/"),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(
      Refusal(Says("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), "http://far:1/"),
      StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Refusal(Says("HTTP/1.1 101 Switching Protocols\r\n"
                           "Connection: Upgrade\r\nUpgrade: x\r\n\r\n"),
                      "http://far:1/"),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr(": 101 ")));
  EXPECT_THAT(Refusal(Says("HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n"
                           "\r\n"),
                      "http://far:1/"),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr(": 302 ")));
}

// A portal that answers every CONNECT with 200 and a page.
TEST(MisbehavingProxyTest, SpeaksWhereTheServersTlsShould) {
  EXPECT_THAT(Refusal(Says("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
                           "<html>"),
                      "https://far/"),
              StatusIs(StatusCode::kUnavailable,
                       "http: server gave HTTP response to HTTPS client"));
}

TEST(MisbehavingProxyTest, BytesBehindThe200AreTheServers) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    // A body's length means nothing in an answer to CONNECT.
    FakeConnectProxy proxy(
        executor,
        Says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", false));
    DialOptions dial;
    dial.proxier = proxy.proxier();
    StreamOr stream = co_await Dial(*ParseUrl("http://far/"), dial);
    std::string got = co_await Greeting(std::move(stream));
    EXPECT_EQ(got, "hello");
    EXPECT_EQ(proxy.heads()[0],
              "CONNECT far:80 HTTP/1.1\r\nHost: far:80\r\n\r\n");
    absl::Status stopped = co_await proxy.Stop();
    co_return stopped;
  });
}

TEST(MisbehavingProxyTest, SpeaksNoTls) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const Pki pki;
    FakeConnectProxy proxy(executor, {});
    DialOptions dial;
    dial.tls = pki.Client();
    Url url = proxy.url();
    url.scheme = "https";
    dial.proxier = [url](const Url&) -> absl::StatusOr<Url> { return url; };
    dial.tls_handshake_timeout = absl::Milliseconds(50);
    StreamOr stream = co_await Dial(*ParseUrl("http://far/"), dial);
    EXPECT_THAT(stream,
                StatusIs(StatusCode::kDeadlineExceeded,
                         "proxyconnect tcp: net/http: TLS handshake timeout"));
    url.scheme = "socks4";
    dial.proxier = [url](const Url&) -> absl::StatusOr<Url> { return url; };
    stream = co_await Dial(*ParseUrl("http://far/"), dial);
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnimplemented,
                                 "proxy URL scheme not supported: socks4"));
    absl::Status stopped = co_await proxy.Stop();
    co_return stopped;
  });
}

// net/http.Transport tells a refusal in fewer words.
TEST(MisbehavingProxyTest, RefusesTheTransport) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const Pki pki;
    FakeConnectProxy::Options options;
    options.credentials = "a:b";
    FakeConnectProxy proxy(executor, options);
    DialOptions dial;
    dial.tls = pki.Client();
    dial.proxier = proxy.proxier("a:c");
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, dial);
    Request request;
    request.url = *ParseUrl("https://far/");
    absl::StatusOr<Response> response =
        co_await transport->RoundTrip(std::move(request));
    EXPECT_THAT(response, StatusIs(StatusCode::kPermissionDenied,
                                   "Proxy Authentication Required"));
    absl::Status stopped = co_await proxy.Stop();
    co_return stopped;
  });
}

}  // namespace
}  // namespace fairway::net::http
