// SPDX-License-Identifier: Apache-2.0
// The older WebSocket protocols, as their clients meet them behind the API
// server: TestServeWSPortForward and TestServeWSMultiplePortForward of
// upstream's server_websocket_test.go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "kubelet/server/testing/streaming_node.h"
#include "net/http1/upgrade.h"
#include "net/io/prefixed_stream.h"
#include "net/websocket/connection.h"
#include "net/websocket/handshake.h"

namespace fairway::kubelet::server {
namespace {

using net::websocket::Connection;
using net::websocket::Opcode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What a client gets on one channel, message by message.
using Messages = std::map<uint8_t, std::vector<std::string>>;

struct Client {
  net::http1::ResponseHead head;
  std::string protocol;
  std::unique_ptr<Connection> socket;  // null without a 101

  Task<absl::Status> Send(uint8_t channel, std::string words) {
    const bool text = protocol == "v4.base64.channel.k8s.io";
    const std::string message =
        text ? absl::StrCat(std::string(1, static_cast<char>('0' + channel)),
                            absl::Base64Escape(words))
             : std::string(1, static_cast<char>(channel)) + words;
    const absl::string_view pieces[] = {message};
    absl::Status sent =
        co_await socket->Write(text ? Opcode::kText : Opcode::kBinary, pieces);
    co_return sent;
  }

  // Reads messages until `enough` says so; false: the server closed first.
  Task<absl::StatusOr<bool>> Receive(std::function<bool()> enough) {
    while (!enough()) {
      std::string message;
      Connection::Piece piece;
      do {
        char buf[4096];
        absl::StatusOr<Connection::Piece> read =
            co_await socket->Read(absl::MakeSpan(buf));
        if (!read.ok()) co_return read.status();
        piece = *read;
        if (piece.opcode == Opcode::kClose) co_return false;
        message.append(buf, piece.bytes);
      } while (!piece.end_of_message);
      if (message.empty()) co_return absl::InternalError("no channel");
      const bool text = protocol == "v4.base64.channel.k8s.io";
      EXPECT_EQ(piece.opcode, text ? Opcode::kText : Opcode::kBinary);
      uint8_t channel = static_cast<uint8_t>(message[0]);
      std::string bytes = message.substr(1);
      if (text) {
        channel = static_cast<uint8_t>(channel - '0');
        EXPECT_TRUE(absl::Base64Unescape(message.substr(1), &bytes));
      }
      got[channel].push_back(bytes);
    }
    co_return true;
  }

  Messages got;
};

Task<absl::StatusOr<Client>> Dial(net::http::Url url, std::string query,
                                  std::vector<std::string> protocols) {
  Executor executor = co_await kThisExecutor;
  const net::websocket::ClientHandshake handshake =
      net::websocket::NewClientHandshake(std::move(protocols));
  absl::StatusOr<std::unique_ptr<net::Socket>> dialled =
      co_await net::DialTcp(url.host, url.EffectivePort());
  if (!dialled.ok()) co_return dialled.status();
  std::unique_ptr<net::ByteStream> stream = *std::move(dialled);
  net::http::Headers headers = {{"Host", url.HostPort()}};
  for (const auto& [name, value] : net::websocket::RequestHeaders(handshake)) {
    headers.Add(name, value);
  }
  const std::string request =
      net::http1::SerializeRequestHead("GET", "/?" + query, headers);
  absl::Status sent = co_await net::WriteAll(*stream, request);
  if (!sent.ok()) co_return sent;
  absl::StatusOr<net::http1::ResponseHead> head =
      co_await net::http1::ReadResponseHead(*stream);
  if (!head.ok()) co_return head.status();
  Client client;
  client.head = *std::move(head);
  if (client.head.status == 101) {
    absl::StatusOr<std::string> chosen = net::websocket::CheckAnswer(
        handshake, client.head.status, client.head.headers);
    if (!chosen.ok()) co_return chosen.status();
    client.protocol = *std::move(chosen);
    net::websocket::ConnectionOptions options;
    options.role = net::websocket::Role::kClient;
    client.socket = std::make_unique<Connection>(
        executor,
        net::WithPrefix(std::move(client.head.rest), std::move(stream)),
        options);
  } else {
    for (size_t n = 1; n > 0;) {
      char buf[1024];
      absl::StatusOr<size_t> read = co_await stream->Read(absl::MakeSpan(buf));
      if (!read.ok()) co_return read.status();
      n = *read;
      client.head.rest.append(buf, n);
    }
  }
  co_return client;
}

struct Kind {
  const char* name;
  const char* protocol;
  Way way;
};

class WebSocketTest : public ::testing::TestWithParam<Kind> {
 protected:
  void WithClient(
      std::string query,
      std::function<Task<absl::Status>(StreamingNode&, Client&)> body) {
    RunTest([&](Executor executor) -> Task<absl::Status> {
      StreamingNode node(executor, GetParam().way);
      absl::Status started = node.Start();
      if (!started.ok()) co_return started;
      std::vector<std::string> protocols;
      if (*GetParam().protocol != '\0') {
        protocols.emplace_back(GetParam().protocol);
      }
      absl::StatusOr<Client> client =
          co_await Dial(node.url, query, std::move(protocols));
      if (!client.ok()) co_return client.status();
      EXPECT_EQ(client->protocol, GetParam().protocol);
      absl::Status done = co_await body(node, *client);
      if (client->socket != nullptr) client->socket->Abort();
      absl::Status stopped = co_await node.Stop();
      co_return done.ok() ? stopped : done;
    });
  }
};

// 16 bits, little-endian.
std::string PortBytes(int port) {
  return {static_cast<char>(port & 0xff), static_cast<char>(port >> 8)};
}

TEST_P(WebSocketTest, EachPortHasTwoChannels) {
  WithClient("port=7000,8000&port=9000",
             [](StreamingNode& node, Client& client) -> Task<absl::Status> {
               absl::StatusOr<bool> came = co_await client.Receive(
                   [&] { return client.got.size() == 6; });
               if (!came.ok()) co_return came.status();
               Messages want;
               for (uint8_t i = 0; i < 3; ++i) {
                 const std::string port = PortBytes(7000 + 1000 * i);
                 want[static_cast<uint8_t>(2 * i)] = {port};
                 want[static_cast<uint8_t>(2 * i + 1)] = {port};
               }
               EXPECT_EQ(client.got, want);
               // The last first.
               for (const uint8_t channel : {4, 2, 0}) {
                 absl::Status sent = co_await client.Send(
                     channel, absl::StrCat("for channel ", channel, "\n"));
                 if (!sent.ok()) co_return sent;
                 came = co_await client.Receive(
                     [&] { return client.got[channel].size() == 2; });
                 if (!came.ok()) co_return came.status();
                 EXPECT_EQ(client.got[channel][1],
                           absl::StrCat(7000 + 500 * channel, " for channel ",
                                        channel, "\n"));
               }
               EXPECT_THAT(node.pod.ports, ElementsAre(7000, 8000, 9000));
               // The pod has ended each; then the WebSocket closes.
               came = co_await client.Receive([] { return false; });
               if (!came.ok()) co_return came.status();
               EXPECT_EQ(client.socket->peer_close()->code, 1000);
               EXPECT_EQ(node.pod.ends.size(), 3u);
               co_return absl::OkStatus();
             });
}

TEST_P(WebSocketTest, PortsFrom1To65535) {
  for (const int port : {1000, 8000, 65535}) {
    WithClient(absl::StrCat("port=", port),
               [port](StreamingNode&, Client& client) -> Task<absl::Status> {
                 absl::Status sent = co_await client.Send(0, "hello\n");
                 if (!sent.ok()) co_return sent;
                 absl::StatusOr<bool> came = co_await client.Receive(
                     [&] { return client.got[0].size() == 2; });
                 if (!came.ok()) co_return came.status();
                 EXPECT_THAT(client.got[0],
                             ElementsAre(PortBytes(port),
                                         absl::StrCat(port, " hello\n")));
                 EXPECT_THAT(client.got[1], ElementsAre(PortBytes(port)));
                 co_return absl::OkStatus();
               });
  }
}

TEST_P(WebSocketTest, FailuresAreTextOnTheErrorChannel) {
  WithClient(
      "port=1,2", [](StreamingNode&, Client& client) -> Task<absl::Status> {
        absl::StatusOr<bool> came =
            co_await client.Receive([] { return false; });
        if (!came.ok()) co_return came.status();
        EXPECT_THAT(client.got[1],
                    ElementsAre(PortBytes(1),
                                "error forwarding port 1 to pod sandbox, uid : "
                                "connection refused"));
        EXPECT_THAT(client.got[2], ElementsAre(PortBytes(2), "partial"));
        EXPECT_THAT(client.got[3],
                    ElementsAre(PortBytes(2),
                                "error forwarding port 2 to pod sandbox, uid : "
                                "reset by the pod"));
        co_return absl::OkStatus();
      });
}

TEST_P(WebSocketTest, ClosingItEndsThePodsSide) {
  WithClient(
      "port=3", [](StreamingNode& node, Client& client) -> Task<absl::Status> {
        absl::Status status = co_await client.Send(0, "all of it");
        if (!status.ok()) co_return status;
        status = co_await client.socket->Close(net::websocket::CloseStatus());
        EXPECT_THAT(status, IsOk());
        // What was sent has come, and the client's end behind it.
        status =
            co_await node.pod.WaitFor([&] { return !node.pod.heard.empty(); });
        if (!status.ok()) co_return status;
        EXPECT_EQ(node.pod.heard[0], "all of it");
        node.pod.Release();
        status =
            co_await node.pod.WaitFor([&] { return !node.pod.ends.empty(); });
        co_return status;
      });
}

TEST_P(WebSocketTest, LosingItEndsThePodsSideAtOnce) {
  WithClient(
      "port=3", [](StreamingNode& node, Client& client) -> Task<absl::Status> {
        absl::StatusOr<bool> came =
            co_await client.Receive([&] { return client.got.size() == 2; });
        if (!came.ok()) co_return came.status();
        client.socket->Abort();
        absl::Status status =
            co_await node.pod.WaitFor([&] { return !node.pod.ends.empty(); });
        if (!status.ok()) co_return status;
        EXPECT_FALSE(node.pod.ends[0].ok());
        co_return absl::OkStatus();
      });
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, WebSocketTest,
    ::testing::Values(
        Kind{"Binary", "v4.channel.k8s.io", Way::kHandedOver},
        Kind{"Base64", "v4.base64.channel.k8s.io", Way::kHandedOver},
        Kind{"None", "", Way::kHandedOver},
        Kind{"Relayed", "v4.channel.k8s.io", Way::kRelayed},
        Kind{"Redirected", "v4.channel.k8s.io", Way::kRedirected}),
    [](const auto& info) { return std::string(info.param.name); });

struct BadRequest {
  const char* name;
  std::string query;
  const char* protocol;
  int status;
  const char* body;
};

class BadWebSocketTest : public ::testing::TestWithParam<BadRequest> {};

TEST_P(BadWebSocketTest, IsRefused) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    StreamingNode node(executor, Way::kHandedOver);
    absl::Status started = node.Start();
    if (!started.ok()) co_return started;
    std::vector<std::string> protocols = {GetParam().protocol};
    absl::StatusOr<Client> client =
        co_await Dial(node.url, GetParam().query, std::move(protocols));
    if (!client.ok()) co_return client.status();
    EXPECT_EQ(client->head.status, GetParam().status);
    EXPECT_THAT(client->head.rest, HasSubstr(GetParam().body));
    EXPECT_TRUE(node.pod.ports.empty());
    absl::Status stopped = co_await node.Stop();
    co_return stopped;
  });
}

std::string ManyPorts(int count) {
  std::string query = "port=1";
  for (int i = 1; i < count; ++i) query += ",80";
  return query;
}

INSTANTIATE_TEST_SUITE_P(
    Requests, BadWebSocketTest,
    ::testing::Values(
        BadRequest{"NoPort", "", "v4.channel.k8s.io", 400,
                   "query parameter \"port\" is required"},
        BadRequest{"OtherQuery", "ports=80", "v4.channel.k8s.io", 400,
                   "query parameter \"port\" is required"},
        BadRequest{"NoNumber", "port=abc", "v4.channel.k8s.io", 400,
                   "unable to parse \"abc\" as a port"},
        BadRequest{"OtherProtocol", "port=80", "channel.k8s.io", 403,
                   "requested protocol(s) are not supported"},
        BadRequest{"TooManyPorts", ManyPorts(128), "v4.channel.k8s.io", 400,
                   "query parameter \"port\": 128 ports, want 127 at most"},
        BadRequest{"TooManyForBase64", ManyPorts(40),
                   "v4.base64.channel.k8s.io", 403,
                   "requested protocol(s) are not supported"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fairway::kubelet::server
