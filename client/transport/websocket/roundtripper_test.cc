// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/transport/websocket/roundtripper_test.go (v0.31.0)
#include "client/transport/websocket/roundtripper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "httpstream/upgrade_failure.h"
#include "net/http/server.h"
#include "net/io/byte_stream.h"
#include "net/socket/socket.h"
#include "net/websocket/handshake.h"
#include "net/websocket/upgrade.h"

namespace fairway::transport::websocket {
namespace {

using absl::StatusCode;
using net::http::ResponseWriter;
using net::http::ServerRequest;

constexpr char kTunnel[] = "SPDY/3.1+portforward.k8s.io";

struct Outcome {
  absl::Status status;
  std::string protocol;
  std::string came;  // behind the handshake
};

// Negotiates for kTunnel and v4.channel.k8s.io with a server of `handler`.
Outcome NegotiateWith(net::http::Handler handler, rest::Config config = {}) {
  Outcome outcome;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<net::Listener>> listener =
        net::ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    config.host = absl::StrCat("http://", (*listener)->address().ToString());
    std::unique_ptr<net::http::Server> server =
        net::http::NewServer(executor, handler, net::http::ServerOptions());
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> {
      return server->Serve(*std::move(listener));
    });
    absl::StatusOr<std::shared_ptr<net::http::RoundTripper>> rt =
        RoundTripperFor(config);
    if (!rt.ok()) co_return rt.status();
    net::http::Request request;
    request.url = *net::http::ParseUrl(config.host + "/x");
    std::vector<std::string> protocols = {kTunnel, "v4.channel.k8s.io"};
    absl::StatusOr<Negotiated> negotiated =
        co_await Negotiate(*rt, std::move(request), std::move(protocols));
    outcome.status = negotiated.status();
    if (negotiated.ok()) {
      outcome.protocol = negotiated->protocol;
      outcome.came.resize(5);
      absl::Status read = co_await net::ReadFull(
          *negotiated->transport, absl::MakeSpan(&outcome.came[0], 5));
      EXPECT_THAT(read, IsOk());
      negotiated->transport->Abort();
    }
    absl::Status stopped = co_await server->Shutdown(absl::Seconds(1));
    EXPECT_THAT(stopped, IsOk());
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  });
  return outcome;
}

net::http::Handler Upgrades(std::vector<std::string> protocols) {
  return [protocols](ServerRequest& request,
                     ResponseWriter& writer) -> Task<absl::Status> {
    std::vector<std::string> accepted = protocols;
    absl::StatusOr<net::websocket::Upgraded> upgraded =
        co_await net::websocket::UpgradeResponse(request, writer,
                                                 std::move(accepted));
    if (!upgraded.ok()) co_return upgraded.status();
    absl::Status written =
        co_await net::WriteAll(*upgraded->transport, "hello");
    if (!written.ok()) co_return written;
    absl::Status readable = co_await upgraded->transport->WaitReadable();
    readable.IgnoreError();
    co_return absl::OkStatus();
  };
}

net::http::Handler Answers(int status, std::string body) {
  return [status, body](ServerRequest&, ResponseWriter& writer) {
    return net::http::Respond(writer, status, "text/plain", body);
  };
}

TEST(WebSocketRoundTripperTest, AgreesOnTheProtocolOfTheServer) {
  Outcome outcome = NegotiateWith(Upgrades({"v4.channel.k8s.io"}));
  EXPECT_THAT(outcome.status, IsOk());
  EXPECT_EQ(outcome.protocol, "v4.channel.k8s.io");
  EXPECT_EQ(outcome.came, "hello");
  outcome = NegotiateWith(Upgrades({"v4.channel.k8s.io", kTunnel}));
  EXPECT_EQ(outcome.protocol, kTunnel);
}

TEST(WebSocketRoundTripperTest, SaysWhoAsks) {
  std::string seen;
  rest::Config config;
  config.bearer_token = "secret";
  config.user_agent = "test/1";
  Outcome outcome = NegotiateWith(
      [&seen](ServerRequest& request, ResponseWriter& writer) {
        seen = absl::StrCat(request.method, " ", request.url.path, " ",
                            request.headers.Get("Authorization"), " ",
                            request.headers.Get("User-Agent"));
        return net::http::Respond(writer, 401, "", "");
      },
      config);
  EXPECT_EQ(seen, "GET /x Bearer secret test/1");
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kUnauthenticated,
                       "unable to upgrade streaming request: websocket: bad "
                       "handshake (401 Unauthorized)"));
}

TEST(WebSocketRoundTripperTest, ARefusalIsAnUpgradeFailureWithItsWords) {
  Outcome outcome =
      NegotiateWith(Answers(400, "query parameter \"port\" is required\n"));
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kInvalidArgument,
                       "unable to upgrade streaming request: websocket: bad "
                       "handshake (400 Bad Request): query parameter "
                       "\"port\" is required"));
  EXPECT_TRUE(httpstream::IsUpgradeFailure(outcome.status));
  EXPECT_FALSE(httpstream::IsServerStatus(outcome.status));
}

TEST(WebSocketRoundTripperTest, ARefusalWithAStatusObjectIsItsMessage) {
  Outcome outcome = NegotiateWith(
      Answers(403, R"({"kind":"Status","apiVersion":"v1","code":403,)"
                   R"("message":"pods \"x\" is forbidden"})"));
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kPermissionDenied,
                       "unable to upgrade streaming request: pods \"x\" is "
                       "forbidden"));
  EXPECT_TRUE(httpstream::IsUpgradeFailure(outcome.status));
  EXPECT_TRUE(httpstream::IsServerStatus(outcome.status));
}

TEST(WebSocketRoundTripperTest, FollowsNoRedirect) {
  Outcome outcome = NegotiateWith([](ServerRequest&, ResponseWriter& writer) {
    writer.headers().Set("Location", "/y");
    return net::http::Respond(writer, 302, "", "");
  });
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kUnavailable,
                       "unable to upgrade streaming request: websocket: bad "
                       "handshake (302 Found)"));
}

// Answers 101 with these fields, where ACCEPT stands for the right answer.
net::http::Handler Switches(net::http::Headers headers) {
  return [headers](ServerRequest& request,
                   ResponseWriter& writer) -> Task<absl::Status> {
    std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
    for (const auto& [name, value] : headers) {
      const std::string accept =
          net::websocket::AcceptFor(request.headers.Get("Sec-WebSocket-Key"));
      absl::StrAppend(&head, name, ": ", value == "ACCEPT" ? accept : value,
                      "\r\n");
    }
    absl::StatusOr<std::unique_ptr<net::ByteStream>> transport =
        writer.Hijack();
    if (!transport.ok()) co_return transport.status();
    head += "\r\n";
    absl::Status written = co_await net::WriteAll(**transport, head);
    if (!written.ok()) co_return written;
    absl::Status readable = co_await (*transport)->WaitReadable();
    readable.IgnoreError();
    co_return absl::OkStatus();
  };
}

TEST(WebSocketRoundTripperTest, A101MustAnswerWhatWasAsked) {
  const net::http::Headers right = {{"Upgrade", "websocket"},
                                    {"Connection", "Upgrade"},
                                    {"Sec-WebSocket-Accept", "ACCEPT"},
                                    {"Sec-WebSocket-Protocol", kTunnel}};
  struct Case {
    std::string name;
    std::string value;  // empty: the field is missing
    std::string cause;
  };
  const std::string wrong_protocol =
      absl::StrCat("invalid protocol, expected one of [\"", kTunnel,
                   "\" \"v4.channel.k8s.io\"], got ");
  const Case cases[] = {
      {"Upgrade", "SPDY/3.1", "websocket: bad handshake"},
      {"Upgrade", "", "websocket: bad handshake"},
      {"Connection", "close", "websocket: bad handshake"},
      {"Sec-WebSocket-Accept", "AAAA", "websocket: bad handshake"},
      {"Sec-WebSocket-Accept", "", "websocket: bad handshake"},
      {"Sec-WebSocket-Protocol", "v5.channel.k8s.io",
       wrong_protocol + "\"v5.channel.k8s.io\""},
      {"Sec-WebSocket-Protocol", "", wrong_protocol + "\"\""},
  };
  for (const Case& c : cases) {
    net::http::Headers headers = right;
    headers.Set(c.name, c.value);
    if (c.value.empty()) headers.Remove(c.name);
    Outcome outcome = NegotiateWith(Switches(headers));
    EXPECT_THAT(outcome.status,
                StatusIs(StatusCode::kInvalidArgument,
                         "unable to upgrade streaming request: " + c.cause))
        << c.name;
    EXPECT_TRUE(httpstream::IsUpgradeFailure(outcome.status)) << c.name;
  }
}

TEST(WebSocketRoundTripperTest, AServerThatClosesIsNoUpgradeFailure) {
  Outcome outcome = NegotiateWith(
      [](ServerRequest&, ResponseWriter& writer) -> Task<absl::Status> {
        absl::StatusOr<std::unique_ptr<net::ByteStream>> transport =
            writer.Hijack();
        if (!transport.ok()) co_return transport.status();
        absl::Status closed = co_await (*transport)->Close();
        co_return closed;
      });
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kUnavailable, "unexpected EOF"));
  EXPECT_FALSE(httpstream::IsUpgradeFailure(outcome.status));
}

TEST(WebSocketRoundTripperTest, KnowsHttpOnly) {
  RunTest([](Executor) -> Task<absl::Status> {
    RoundTripper rt{net::http::UpgradeOptions()};
    net::http::Request request;
    request.url = *net::http::ParseUrl("ftp://h/x");
    absl::StatusOr<net::http::Response> response =
        co_await rt.RoundTrip(std::move(request));
    EXPECT_THAT(response, StatusIs(StatusCode::kInvalidArgument,
                                   "unknown url scheme: ftp"));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::transport::websocket
