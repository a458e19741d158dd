// SPDX-License-Identifier: Apache-2.0
// A client, the handler in a server, and a backend that does as it is told, all
// over TCP.
#include "net/proxy/upgrade_aware.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/http_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/http/server.h"
#include "net/io/testing/transport.h"
#include "net/socket/socket.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::net::proxy {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char kUpgrade[] =
    "POST /portForward/ns/pod HTTP/1.1\r\nHost: front\r\n"
    "X-Stream-Protocol-Version: portforward.k8s.io\r\n"
    "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n";
const char kSwitching[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n"
    "\r\n";

// What a backend does with a connection whose request head has come.
using Backend =
    std::function<Task<absl::Status>(ByteStream&, std::string head)>;

Backend Answers(std::string answer) {
  return [answer](ByteStream& stream, std::string) -> Task<absl::Status> {
    absl::Status written = co_await WriteAll(stream, answer);
    if (!written.ok()) co_return written;
    absl::Status closed = co_await stream.Close();
    co_return closed;
  };
}

// Everything that runs during a test.
class World {
 public:
  World(Executor executor, Backend backend)
      : executor_(executor), group_(executor) {
    backend_ = std::move(backend);
    backend_listener_ = *ListenTcp(executor, "127.0.0.1", 0);
    options.location = *http::ParseUrl(absl::StrCat(
        "http://", backend_listener_->address().ToString(), "/target?port=80"));
    options.responder = [](http::ServerRequest&, http::ResponseWriter& writer,
                           absl::Status status) -> Task<absl::Status> {
      const std::string message(status.message());
      absl::Status answered = co_await http::Respond(
          writer, HttpStatusFromCode(status.code()), "text/plain", message);
      co_return answered;
    };
    options.on_redirect = [this](const http::Url& from, const http::Url& to) {
      redirects.push_back(absl::StrCat(from.path, " -> ", to.path));
    };
    options.on_relayed = [this](const RelayCounts& counts) {
      relayed.push_back(counts);
    };
    group_.Spawn([this]() -> Task<absl::Status> {
      absl::Status served = co_await ServeBackend();
      co_return served;
    });
  }

  // Starts the proxy and connects to it.
  Task<absl::StatusOr<std::unique_ptr<Socket>>> Connect() {
    if (server_ == nullptr) {
      server_ = http::NewServer(
          executor_,
          [this](http::ServerRequest& request,
                 http::ResponseWriter& writer) -> Task<absl::Status> {
            UpgradeAwareHandler handler(options);
            absl::Status status = co_await handler.ServeHTTP(request, writer);
            co_return status;
          },
          {});
      absl::StatusOr<std::unique_ptr<Listener>> listener =
          ListenTcp(executor_, "127.0.0.1", 0);
      if (!listener.ok()) co_return listener.status();
      port_ = (*listener)->address().port;
      auto held =
          std::make_shared<std::unique_ptr<Listener>>(*std::move(listener));
      group_.Spawn([this, held]() -> Task<absl::Status> {
        absl::Status served = co_await server_->Serve(std::move(*held));
        co_return served;
      });
    }
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialTcp("127.0.0.1", port_);
    co_return socket;
  }

  // Connects, writes `request`, and gives all that comes until the end.
  Task<std::string> Ask(std::string request) {
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await Connect();
    if (!client.ok()) co_return client.status().ToString();
    absl::Status written = co_await WriteAll(**client, request);
    if (!written.ok()) co_return written.ToString();
    std::string answer = co_await ReadUntil(**client, "");
    co_return answer;
  }

  Task<absl::Status> Stop() {
    backend_listener_->Close();
    absl::Status stopped;
    if (server_ != nullptr) {
      stopped = co_await server_->Shutdown(absl::Milliseconds(100));
    }
    group_.Cancel();
    absl::Status joined = co_await group_.Join();
    co_return stopped;
  }

  void CloseBackendListener() { backend_listener_->Close(); }

  UpgradeAwareOptions options;
  std::vector<std::string> heads;  // that the backend got
  std::vector<std::string> redirects;
  std::vector<RelayCounts> relayed;
  int backend_ended = 0;
  std::shared_ptr<const TlsServerContext> backend_tls;

 private:
  Task<absl::Status> ServeBackend() {
    while (true) {
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await backend_listener_->Accept(executor_);
      if (!socket.ok()) co_return socket.status();
      auto held = std::make_shared<std::unique_ptr<Socket>>(*std::move(socket));
      group_.Spawn([this, held]() -> Task<absl::Status> {
        std::unique_ptr<ByteStream> stream = std::move(*held);
        if (backend_tls != nullptr) {
          absl::StatusOr<std::unique_ptr<TlsStream>> tls =
              co_await TlsAccept(backend_tls, std::move(stream));
          if (!tls.ok()) co_return tls.status();
          stream = *std::move(tls);
        }
        std::string head;
        while (!absl::EndsWith(head, "\r\n\r\n")) {
          char byte;
          absl::StatusOr<size_t> n =
              co_await stream->Read(absl::MakeSpan(&byte, 1));
          if (!n.ok() || *n == 0) co_return n.status();
          head += byte;
        }
        heads.push_back(head);
        absl::Status status = co_await backend_(*stream, head);
        ++backend_ended;
        co_return status;
      });
    }
  }

  Executor executor_;
  Backend backend_;
  std::unique_ptr<Listener> backend_listener_;
  std::unique_ptr<http::Server> server_;
  uint16_t port_ = 0;
  TaskGroup group_;
};

// Switches, greets, and echoes in capitals what comes, until FIN.
Task<absl::Status> SwitchAndEcho(ByteStream& stream, std::string) {
  const std::string hello = absl::StrCat(kSwitching, "hello ");
  absl::Status status = co_await WriteAll(stream, hello);
  if (!status.ok()) co_return status;
  while (true) {
    char buffer[4096];
    absl::StatusOr<size_t> n =
        co_await stream.Read(absl::MakeSpan(buffer, sizeof(buffer)));
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
    for (size_t i = 0; i < *n; ++i) {
      buffer[i] = absl::ascii_toupper(static_cast<unsigned char>(buffer[i]));
    }
    status = co_await WriteAll(stream, absl::string_view(buffer, *n));
    if (!status.ok()) co_return status;
  }
  status = co_await WriteAll(stream, "bye");
  if (!status.ok()) co_return status;
  status = co_await stream.Close();
  co_return status;
}

TEST(UpgradeAwareTest, RelaysBothWaysAfterTheSwitch) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor, SwitchAndEcho);
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    // Bytes behind the head on both sides are passed on.
    const std::string request = absl::StrCat(kUpgrade, "early ");
    absl::Status written = co_await WriteAll(**client, request);
    if (!written.ok()) co_return written;
    std::string got = co_await ReadUntil(**client, "EARLY ");
    EXPECT_EQ(got, absl::StrCat(kSwitching, "hello EARLY "));
    written = co_await WriteAll(**client, "later");
    if (!written.ok()) co_return written;
    got = co_await ReadUntil(**client, "LATER");
    EXPECT_EQ(got, "LATER");
    // The client ends; what the backend says to it still arrives.
    absl::Status closed = co_await (*client)->CloseWrite();
    if (!closed.ok()) co_return closed;
    got = co_await ReadUntil(**client, "");
    EXPECT_EQ(got, "bye");
    EXPECT_EQ(world.heads[0],
              absl::StrCat("POST /target?port=80 HTTP/1.1\r\nHost: ",
                           world.options.location.HostPort(),
                           "\r\nX-Stream-Protocol-Version: portforward.k8s.io"
                           "\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                           "X-Forwarded-For: 127.0.0.1\r\n"
                           "Content-Length: 0\r\n\r\n"));
    absl::Status stopped = co_await world.Stop();
    EXPECT_EQ(world.relayed.size(), 1u);
    EXPECT_EQ(world.relayed[0].a_to_b_bytes, 11u);
    EXPECT_EQ(world.relayed[0].b_to_a_bytes, 14u);
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, ABackendThatEndsEndsTheClientAfterItsLastByte) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const std::string last(3 << 20, 'z');
    World world(executor, Answers(absl::StrCat(kSwitching, last)));
    std::string got = co_await world.Ask(kUpgrade);
    EXPECT_TRUE(got == absl::StrCat(kSwitching, last)) << got.size();
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, AResetIsPassedOnAsOne) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor,
                [](ByteStream& stream, std::string) -> Task<absl::Status> {
                  absl::Status written = co_await WriteAll(stream, kSwitching);
                  if (!written.ok()) co_return written;
                  char byte;
                  absl::StatusOr<size_t> n =
                      co_await stream.Read(absl::MakeSpan(&byte, 1));
                  stream.Abort();
                  co_return n.status();
                });
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    absl::Status written = co_await WriteAll(**client, kUpgrade);
    if (!written.ok()) co_return written;
    std::string got = co_await ReadUntil(**client, "\r\n\r\n");
    EXPECT_EQ(got, kSwitching);
    written = co_await WriteAll(**client, "x");
    if (!written.ok()) co_return written;
    got = co_await ReadUntil(**client, "");
    EXPECT_EQ(got, "[ABORTED]");
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, RelaysOverTls) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor, SwitchAndEcho);
    std::unique_ptr<CertificateAuthority> ca =
        *CertificateAuthority::Make("kubelet-ca");
    CertificateRequest request;
    request.common_name = "kubelet";
    request.ip_addresses = {"127.0.0.1"};
    CertificateAndKey pair = *ca->Sign(request);
    TlsServerConfig server;
    server.cert_pem = pair.cert_pem;
    server.key_pem = pair.key_pem;
    server.alpn = {"h2", "http/1.1"};
    world.backend_tls = *NewTlsServerContext(server);
    TlsClientConfig config;
    config.ca_pem = ca->cert_pem();
    config.alpn = {"http/1.1"};
    world.options.dial.tls = *NewTlsClientContext(config);
    world.options.location.scheme = "https";
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    absl::Status written = co_await WriteAll(**client, kUpgrade);
    if (!written.ok()) co_return written;
    std::string got = co_await ReadUntil(**client, "hello ");
    const std::string upload(1 << 20, 'x');
    TaskGroup group(executor);
    Socket* socket = client->get();
    group.Spawn([socket, &upload]() -> Task<absl::Status> {
      absl::Status sent = co_await WriteAll(*socket, upload);
      if (!sent.ok()) co_return sent;
      absl::Status closed = co_await socket->CloseWrite();
      co_return closed;
    });
    got = co_await ReadUntil(**client, "");
    EXPECT_EQ(got.size(), upload.size() + 3);
    EXPECT_THAT(got, EndsWith("XXXbye"));
    absl::Status joined = co_await group.Join();
    if (!joined.ok()) co_return joined;
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

struct AnswerCase {
  std::string name;
  std::string answer;     // the backend's
  std::string want_line;  // the client's
  std::string want_body;
};
void PrintTo(const AnswerCase& c, std::ostream* out) { *out << c.name; }

class NoSwitchTest : public ::testing::TestWithParam<AnswerCase> {};

TEST_P(NoSwitchTest, TheAnswerEndsBothConnections) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(
        executor, [](ByteStream& stream, std::string) -> Task<absl::Status> {
          absl::Status written = co_await WriteAll(stream, GetParam().answer);
          if (!written.ok()) co_return written;
          // Keeps its side open: it sees its end, and nothing of the client's.
          std::string rest = co_await ReadUntil(stream, "");
          EXPECT_THAT(rest, Not(HasSubstr("GET /secret")));
          co_return absl::OkStatus();
        });
    // CVE-2018-1002105: a second request behind the failed upgrade.
    const std::string wire =
        absl::StrCat(kUpgrade, "GET /secret HTTP/1.1\r\nHost: front\r\n\r\n");
    std::string got = co_await world.Ask(wire);
    EXPECT_THAT(got, StartsWith(GetParam().want_line));
    EXPECT_THAT(got, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(got, HasSubstr(absl::StrCat("\r\n", GetParam().want_body)));
    absl::Status stopped = co_await world.Stop();
    EXPECT_EQ(world.backend_ended, static_cast<int>(world.heads.size()));
    co_return stopped;
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, NoSwitchTest,
    ::testing::Values(
        AnswerCase{
            "Forbidden",
            "HTTP/1.1 403 Forbidden\r\nX-Accepted-Stream-Protocol-"
            "Versions: portforward.k8s.io\r\nContent-Length: 2\r\n\r\nno",
            "HTTP/1.1 403 Forbidden\r\nX-Accepted-Stream-Protocol-"
            "Versions: portforward.k8s.io\r\n",
            "no"},
        AnswerCase{"Chunked",
                   "HTTP/1.1 500 Internal Server Error\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
                   "HTTP/1.1 500 Internal Server Error\r\n", "ab"},
        AnswerCase{"Ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                   "HTTP/1.1 500 ",
                   "invalid upgrade response: status code 200"},
        AnswerCase{"Redirect",
                   "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/"
                   "\r\nContent-Length: 0\r\n\r\n",
                   "HTTP/1.1 500 ",
                   "invalid upgrade response: status code 302"},
        AnswerCase{"NotModified", "HTTP/1.1 304 Not Modified\r\n\r\n",
                   "HTTP/1.1 500 ",
                   "invalid upgrade response: status code 304"},
        AnswerCase{"NoHttp", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 500 ",
                   "malformed HTTP response"}),
    [](const auto& info) { return info.param.name; });

// The connection to a backend that refused an upgrade carries the proxy's
// credentials: a client that could go on using it would be the proxy.
TEST(UpgradeAwareTest, CVE_2018_1002105_ARefusedUpgradeLeavesNoConnection) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::optional<std::string> behind;  // what the backend got after it refused
    Condition ended(executor);
    World world(executor,
                [&behind, &ended](ByteStream& stream,
                                  std::string) -> Task<absl::Status> {
                  absl::Status written = co_await WriteAll(
                      stream,
                      "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
                  if (!written.ok()) co_return written;
                  std::string got = co_await ReadUntil(stream, "");
                  behind = got;
                  ended.NotifyAll();
                  co_return absl::OkStatus();
                });
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    absl::Status written = co_await WriteAll(**client, kUpgrade);
    if (!written.ok()) co_return written;
    std::string answer = co_await ReadUntil(**client, "\r\n\r\nno");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
    // Whether this is still taken or not, it gets nowhere.
    absl::Status second = co_await WriteAll(
        **client, "GET /secrets HTTP/1.1\r\nHost: front\r\n\r\n");
    EXPECT_TRUE(second.ok() || absl::IsAborted(second)) << second;
    std::string rest = co_await ReadUntil(**client, "");
    EXPECT_THAT(rest, Not(HasSubstr("HTTP/1.1")));
    while (!behind.has_value()) {
      absl::Status waited = co_await ended.Wait();
      if (!waited.ok()) co_return waited;
    }
    EXPECT_THAT(*behind, Not(HasSubstr("GET")));
    EXPECT_EQ(world.heads.size(), 1u);
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

// A kubelet that was taken over would send the API server, with its
// credentials, to other hosts.
TEST(UpgradeAwareTest, CVE_2018_1002102_NoRedirectToAnotherHostIsFollowed) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::string location;
    World world(
        executor,
        [&location](ByteStream& stream, std::string) -> Task<absl::Status> {
          const std::string answer = absl::StrCat(
              "HTTP/1.1 302 Found\r\nLocation: ", location, "\r\n\r\n");
          absl::Status written = co_await WriteAll(stream, answer);
          co_return written;
        });
    world.options.intercept_redirects = true;
    // The same port by another name: if it were followed, it would be seen.
    location =
        absl::StrCat("http://localhost:", world.options.location.port, "/x");
    std::string got = co_await world.Ask(kUpgrade);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(got, EndsWith("\r\n\r\nhostname mismatch: expected 127.0.0.1, "
                              "found localhost"));
    EXPECT_EQ(world.heads.size(), 1u);
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

// What the client gets for a backend's 3xx of any kind.
void ExpectNoRedirectIsRelayed(bool intercept_redirects, int status) {
  RunTest([intercept_redirects,
           status](Executor executor) -> Task<absl::Status> {
    World world(executor, Answers(absl::StrCat(
                              "HTTP/1.1 ", status,
                              " Elsewhere\r\nLocation: http://127.0.0.1:1/"
                              "\r\nContent-Length: 4\r\n\r\nbody")));
    world.options.intercept_redirects = intercept_redirects;
    std::string got = co_await world.Ask(kUpgrade);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(got, EndsWith(absl::StrCat("\r\n\r\ninvalid upgrade response: "
                                           "status code ",
                                           status)));
    EXPECT_THAT(got, Not(HasSubstr("Location")));
    EXPECT_THAT(got, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(world.heads.size(), 1u);
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

// A client that followed it would send its credentials to another node.
TEST(UpgradeAwareTest, CVE_2020_8559_NoRedirectInsteadOfAnUpgradeIsRelayed) {
  for (int status : {300, 301, 303, 304, 305, 307, 308}) {
    ExpectNoRedirectIsRelayed(/*intercept_redirects=*/true, status);
  }
}

TEST(UpgradeAwareTest, CVE_2022_3172_NoRedirectOfABackendReachesTheClient) {
  for (int status : {300, 301, 302, 303, 304, 305, 307, 308, 399}) {
    ExpectNoRedirectIsRelayed(/*intercept_redirects=*/false, status);
  }
}

struct RefusedCase {
  std::string name;
  std::string fields;
  std::string want;
};
void PrintTo(const RefusedCase& c, std::ostream* out) { *out << c.name; }

class RefusedTest : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTest, NeverReachesTheBackend) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor, SwitchAndEcho);
    const std::string wire =
        absl::StrCat("GET /x HTTP/1.1\r\nHost: front\r\n", GetParam().fields,
                     "\r\nGET / HTTP/1.0\r\n\r\n");
    std::string got = co_await world.Ask(wire);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(got, HasSubstr(GetParam().want));
    EXPECT_TRUE(world.heads.empty());
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedTest,
    ::testing::Values(
        RefusedCase{"Plain", "", "Upgrade request required"},
        RefusedCase{"UpgradeAlone", "Upgrade: SPDY/3.1\r\n",
                    "Upgrade request required"},
        RefusedCase{"Http2Cleartext",
                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n",
                    "unsupported upgrade protocol \"h2c\""},
        RefusedCase{"NoProtocol", "Connection: Upgrade\r\n",
                    "unsupported upgrade protocol \"\""}),
    [](const auto& info) { return info.param.name; });

TEST(UpgradeAwareTest, ADeadBackendIsTheRespondersBusiness) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor, SwitchAndEcho);
    world.CloseBackendListener();
    std::string request = absl::StrReplaceAll(
        kUpgrade, {{"Host: front", "Host: front\r\nX-Forwarded-For: 1.2.3.4"}});
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    absl::Status written = co_await WriteAll(**client, request);
    if (!written.ok()) co_return written;
    std::string got = co_await ReadUntil(**client, "refused");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_THAT(got, EndsWith(absl::StrCat("error dialing backend: dial tcp ",
                                           world.options.location.HostPort(),
                                           ": connect: connection refused")));
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, AppendsToTheForwardedChain) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor, Answers("HTTP/1.1 404 Not Found\r\n\r\ngone"));
    std::string request = absl::StrReplaceAll(
        kUpgrade, {{"Host: front",
                    "Host: front\r\nX-Forwarded-For: 1.2.3.4\r\n"
                    "X-Forwarded-For: 5.6.7.8"}});
    std::string got = co_await world.Ask(request);
    EXPECT_THAT(got, HasSubstr("\r\ngone\r\n"));
    EXPECT_THAT(world.heads[0],
                HasSubstr("X-Forwarded-For: 1.2.3.4, 5.6.7.8, 127.0.0.1\r\n"));
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, FollowsRedirectsToTheSameHost) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(
        executor,
        [](ByteStream& stream, std::string head) -> Task<absl::Status> {
          if (absl::StartsWith(head, "GET /cri/portforward/T ")) {
            absl::Status status = co_await SwitchAndEcho(stream, head);
            co_return status;
          }
          absl::Status written = co_await WriteAll(
              stream,
              "HTTP/1.1 302 Found\r\nLocation: /cri/portforward/T\r\n\r\n");
          co_return written;
        });
    world.options.intercept_redirects = true;
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    absl::Status written = co_await WriteAll(**client, kUpgrade);
    if (!written.ok()) co_return written;
    std::string got = co_await ReadUntil(**client, "hello ");
    EXPECT_EQ(got, absl::StrCat(kSwitching, "hello "));
    EXPECT_THAT(world.redirects, ElementsAre("/target -> /cri/portforward/T"));
    // The fields are carried along, a body is not.
    EXPECT_THAT(world.heads[1],
                HasSubstr("\r\nX-Stream-Protocol-Version: portforward.k8s.io"
                          "\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"));
    EXPECT_THAT(world.heads[1], Not(HasSubstr("Content-Length")));
    (*client)->Abort();
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, RefusesOtherRedirects) {
  const std::pair<std::string, std::string> cases[] = {
      {"Location: http://169.254.169.254/latest\r\n",
       "hostname mismatch: expected 127.0.0.1, found 169.254.169.254"},
      {"Location: //localhost/x\r\n",
       "hostname mismatch: expected 127.0.0.1, found localhost"},
      {"", "302 response missing Location header"},
      {"Location: http://[::1\r\n", "malformed Location header: "},
      {"Location: /again\r\n", "too many redirects (10)"},
  };
  for (const auto& [location, want] : cases) {
    RunTest([location = location,
             want = want](Executor executor) -> Task<absl::Status> {
      World world(executor, Answers(absl::StrCat("HTTP/1.1 302 Found\r\n",
                                                 location, "\r\n")));
      world.options.intercept_redirects = true;
      const std::string wire = absl::StrReplaceAll(
          kUpgrade, {{"Connection: Upgrade", "Connection: Upgrade, close"}});
      std::string got = co_await world.Ask(wire);
      EXPECT_THAT(got, StartsWith("HTTP/1.1 500 "));
      EXPECT_THAT(got, HasSubstr(absl::StrCat("\r\n\r\n", want)));
      EXPECT_EQ(world.heads.size(), want == "too many redirects (10)" ? 10 : 1);
      absl::Status stopped = co_await world.Stop();
      co_return stopped;
    });
  }
}

TEST(UpgradeAwareTest, AClientThatGoesEndsTheWaitForTheBackend) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Condition seen(executor);
    World world(executor,
                [&seen](ByteStream& stream, std::string) -> Task<absl::Status> {
                  seen.NotifyAll();
                  // Never answers.
                  std::string rest = co_await ReadUntil(stream, "");
                  co_return absl::OkStatus();
                });
    absl::StatusOr<std::unique_ptr<Socket>> client = co_await world.Connect();
    if (!client.ok()) co_return client.status();
    absl::Status written = co_await WriteAll(**client, kUpgrade);
    if (!written.ok()) co_return written;
    absl::Status waited = co_await seen.Wait();
    if (!waited.ok()) co_return waited;
    (*client)->Abort();
    while (world.backend_ended == 0) co_await Sleep(absl::Milliseconds(1));
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, SendsABodyAlong) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::string body;
    World world(executor,
                [&body](ByteStream& stream, std::string) -> Task<absl::Status> {
                  body = co_await ReadUntil(stream, "body");
                  absl::Status written = co_await WriteAll(
                      stream, "HTTP/1.1 400 Bad Request\r\n\r\n");
                  if (!written.ok()) co_return written;
                  absl::Status closed = co_await stream.Close();
                  co_return closed;
                });
    const std::string wire = absl::StrCat(
        absl::StrReplaceAll(kUpgrade,
                            {{"Content-Length: 0", "Content-Length: 4"}}),
        "body");
    std::string got = co_await world.Ask(wire);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(body, "body");
    EXPECT_THAT(world.heads[0], HasSubstr("Content-Length: 4\r\n"));
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

TEST(UpgradeAwareTest, KeepsToTheBandwidthLimit) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    World world(executor,
                Answers(absl::StrCat(kSwitching, std::string(60000, 'z'))));
    world.options.max_bytes_per_sec = 100000;
    const absl::Time begun = absl::Now();
    std::string got = co_await world.Ask(kUpgrade);
    EXPECT_THAT(got, EndsWith("zzz"));
    EXPECT_GE(absl::Now() - begun, absl::Milliseconds(300));
    absl::Status stopped = co_await world.Stop();
    co_return stopped;
  });
}

}  // namespace
}  // namespace fairway::net::proxy
