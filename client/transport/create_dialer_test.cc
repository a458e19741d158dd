// SPDX-License-Identifier: Apache-2.0
// Mirrors: TestCreateDialer of k8s.io/kubectl/pkg/cmd/portforward (v0.31.0)
#include "client/transport/create_dialer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "client/rest/config.h"
#include "client/rest/transport.h"
#include "client/transport/testing/fake_stream_server.h"
#include "httpstream/spdy/testing/golden.h"
#include "net/http/connection_pool.h"
#include "net/http/handler.h"
#include "net/http/message.h"
#include "net/socket/socket.h"

namespace fairway::transport {
namespace {

using absl::StatusCode;
using net::http::ResponseWriter;
using net::http::ServerRequest;
using ::testing::ElementsAre;

constexpr char kGate[] = "KUBECTL_PORT_FORWARD_WEBSOCKETS";

// Sets the gate for as long as it lives; null: it is not there.
class Gate {
 public:
  explicit Gate(const char* value) {
    if (value == nullptr) {
      unsetenv(kGate);
    } else {
      setenv(kGate, value, 1);
    }
  }
  ~Gate() { unsetenv(kGate); }
};

absl::StatusOr<std::unique_ptr<httpstream::Dialer>> DialerTo(
    const std::string& server, const std::string& path) {
  rest::Config config;
  config.host = server;
  config.bearer_token = "secrettoken";
  config.user_agent = "kubectl";
  return CreateDialer(config, "POST", *net::http::ParseUrl(server + path), {});
}

// The upgrades that `times` dials to a server of `options` ask for.
std::vector<std::string> Upgrades(FakeStreamServer::Options options,
                                  int times = 1) {
  std::vector<std::string> upgrades;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    FakeStreamServer server(executor, options);
    auto dialer = DialerTo(server.url(), "/x");
    if (!dialer.ok()) co_return dialer.status();
    for (int i = 0; i < times; ++i) {
      absl::StatusOr<std::string> echo = co_await Echo(**dialer);
      EXPECT_EQ(echo.value_or(echo.status().ToString()),
                "hello by portforward.k8s.io");
    }
    upgrades = server.upgrades();
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
  return upgrades;
}

net::http::Handler Answers(int status, std::string body) {
  return [status, body](ServerRequest&, ResponseWriter& writer) {
    return net::http::Respond(writer, status, "text/plain", body);
  };
}

TEST(CreateDialerTest, WebSocketIsOnUnlessTheGateIsFalse) {
  for (const char* value : {static_cast<const char*>(nullptr), "", "0"}) {
    const Gate gate(value);
    EXPECT_THAT(Upgrades({}), ElementsAre("GET websocket"));
  }
  for (const char* value : {"false", "FALSE"}) {
    const Gate gate(value);
    EXPECT_THAT(Upgrades({}), ElementsAre("POST SPDY/3.1"));
  }
}

TEST(CreateDialerTest, FallsBackOnceToSpdy) {
  FakeStreamServer::Options options;
  for (int status : {400, 403, 500, 302}) {
    options.websocket = Answers(status, "no");
    EXPECT_THAT(Upgrades(options, 3),
                ElementsAre("GET websocket", "POST SPDY/3.1", "POST SPDY/3.1",
                            "POST SPDY/3.1"))
        << status;
  }
}

TEST(CreateDialerTest, TakesTheConnectionThatARequestHasLeft) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    FakeStreamServer::Options options;
    options.spdy = Answers(200, "ok");
    FakeStreamServer server(executor, options);
    rest::Config config;
    config.host = server.url();
    config.connections = std::make_shared<net::http::ConnectionPool>(executor);
    auto transport = rest::TransportFor(executor, config);
    if (!transport.ok()) co_return transport.status();
    net::http::Request request;
    request.url = *net::http::ParseUrl(server.url() + "/pod");
    const std::string place = net::http::ConnectionPool::KeyOf(request.url, {});
    absl::StatusOr<net::http::Response> response =
        co_await (*transport)->RoundTrip(request);
    if (!response.ok()) co_return response.status();
    absl::StatusOr<std::string> body =
        co_await net::http::ReadAll(*response->body, 100);
    EXPECT_EQ(body.value_or(""), "ok");
    std::shared_ptr<net::http1::Input> idle = config.connections->Take(place);
    EXPECT_NE(idle, nullptr);
    if (idle == nullptr) co_return absl::OkStatus();
    config.connections->Give(place, idle);
    auto dialer = CreateDialer(config, "POST", request.url, {});
    if (!dialer.ok()) co_return dialer.status();
    absl::StatusOr<std::string> echo = co_await Echo(**dialer);
    EXPECT_THAT(echo, IsOk());
    EXPECT_EQ(config.connections->Take(place), nullptr);
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
}

TEST(CreateDialerTest, AServerThatIsNotThereIsAskedOnce) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::unique_ptr<net::Listener> listener =
        *net::ListenTcp(executor, "127.0.0.1", 0);
    const std::string address = listener->address().ToString();
    listener->Close();
    auto dialer = DialerTo("http://" + address, "/x");
    if (!dialer.ok()) co_return dialer.status();
    absl::StatusOr<std::string> echo = co_await Echo(**dialer);
    EXPECT_THAT(echo, StatusIs(StatusCode::kUnavailable,
                               absl::StrCat("dial tcp ", address,
                                            ": connect: connection refused")));
    co_return absl::OkStatus();
  });
}

// What kubectl 1.36 and Kubernetes 1.20's servers said to one another.
class GoldenServer {
 public:
  GoldenServer(Executor executor, const nlohmann::json& conversation)
      : group_(executor) {
    listener_ = *net::ListenTcp(executor, "127.0.0.1", 0);
    for (const auto& connection : conversation["connections"]) {
      std::string head;  // what the server said up to its first frame
      for (const auto& chunk : connection) {
        if (chunk["from"] == "client" && !head.empty()) break;
        if (chunk["from"] != "server" || !chunk.contains("hex")) continue;
        head += absl::HexStringToBytes(chunk["hex"].get<std::string>());
      }
      answers_.push_back(head);
    }
    group_.Spawn([this, executor]() -> Task<absl::Status> {
      for (const std::string& answer : answers_) {
        absl::StatusOr<std::unique_ptr<net::Socket>> socket =
            co_await listener_->Accept(executor);
        if (!socket.ok()) co_return socket.status();
        std::string head;
        while (!absl::EndsWith(head, "\r\n\r\n")) {
          char byte;
          absl::StatusOr<size_t> n =
              co_await (*socket)->Read(absl::MakeSpan(&byte, 1));
          if (!n.ok()) co_return n.status();
          if (*n == 0) co_return absl::UnavailableError("no whole head");
          head += byte;
        }
        heads.push_back(head);
        absl::Status written = co_await net::WriteAll(**socket, answer);
        if (!written.ok()) co_return written;
        sockets_.push_back(*std::move(socket));
      }
      co_return absl::OkStatus();
    });
  }

  std::string url() const {
    return "http://" + listener_->address().ToString();
  }
  Task<absl::Status> Join() { return group_.Join(); }

  std::vector<std::string> heads;  // of the requests that came

 private:
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::string> answers_;
  std::vector<std::unique_ptr<net::Socket>> sockets_;
  TaskGroup group_;
};

// The lines of a request's head, without what differs from run to run.
std::vector<std::string> Lines(absl::string_view head) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    if (absl::StartsWith(line, "Kubectl-")) continue;
    for (absl::string_view name : {"Host", "User-Agent", "Sec-WebSocket-Key"}) {
      if (absl::StartsWith(line, absl::StrCat(name, ": "))) line = name;
    }
    lines.emplace_back(line);
  }
  return lines;
}

TEST(CreateDialerTest, AsksAndFallsBackAsKubectl136) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const nlohmann::json conversation =
        httpstream::spdy::ReadGolden("session-kubectl-1.36.json");
    GoldenServer server(executor, conversation);
    auto dialer = DialerTo(server.url(),
                           "/api/v1/namespaces/default/pods/load/portforward");
    if (!dialer.ok()) co_return dialer.status();
    std::vector<std::string> protocols = {"portforward.k8s.io"};
    absl::StatusOr<httpstream::Dialer::Result> result =
        co_await (*dialer)->Dial(std::move(protocols));
    if (!result.ok()) co_return result.status();
    EXPECT_EQ(result->protocol, "portforward.k8s.io");
    absl::Status joined = co_await server.Join();
    EXPECT_THAT(joined, IsOk());
    EXPECT_EQ(server.heads.size(), 2u);
    for (size_t i = 0; i < server.heads.size(); ++i) {
      const std::string recorded = absl::HexStringToBytes(
          conversation["connections"][i][0]["hex"].get<std::string>());
      EXPECT_EQ(Lines(server.heads[i]), Lines(recorded));
    }
    result->connection->Abort();
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::transport
