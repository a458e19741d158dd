// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/http/connection.h"
#include "net/http1/server_connection.h"
#include "net/http1/upgrade.h"
#include "net/io/pipe.h"
#include "net/io/prefixed_stream.h"
#include "net/io/testing/transport.h"
#include "net/websocket/connection.h"
#include "net/websocket/handshake.h"

namespace fairway::httpstream::wsstream {
namespace {

using absl::StatusCode;
using net::websocket::CloseStatus;
using net::websocket::Connection;
using net::websocket::Opcode;

net::websocket::ConnectionOptions ClientOptions() {
  net::websocket::ConnectionOptions options;
  options.role = net::websocket::Role::kClient;
  return options;
}

// A client, by hand.
class Client {
 public:
  Client(Executor executor, std::unique_ptr<net::ByteStream> transport)
      : websocket_(executor, std::move(transport), ClientOptions()) {}

  Task<absl::Status> Send(Opcode opcode, std::string message) {
    const absl::string_view piece = message;
    absl::Status written =
        co_await websocket_.Write(opcode, absl::MakeSpan(&piece, 1));
    co_return written;
  }

  // On a channel, in the codec's way.
  Task<absl::Status> SendOn(ChannelCodec codec, uint8_t channel,
                            std::string bytes) {
    const absl::string_view piece = bytes;
    std::string message;
    AppendChannelMessage(codec, channel, absl::MakeSpan(&piece, 1), &message);
    absl::Status sent = co_await Send(OpcodeOf(codec), std::move(message));
    co_return sent;
  }

  // The next message, "close CODE", or an error's code.
  Task<std::string> Receive() {
    std::string message;
    std::vector<char> buf(100'000);
    while (true) {
      absl::StatusOr<Connection::Piece> piece =
          co_await websocket_.Read(absl::MakeSpan(buf));
      if (!piece.ok()) {
        co_return absl::StatusCodeToString(piece.status().code());
      }
      if (piece->opcode == Opcode::kClose) {
        co_return absl::StrCat("close ", websocket_.peer_close()->code);
      }
      message.append(buf.data(), piece->bytes);
      if (piece->end_of_message) co_return message;
    }
  }

  Connection& websocket() { return websocket_; }

 private:
  Connection websocket_;
};

// A data and an error channel, twice, as port-forward has them.
const std::vector<ChannelType> kTwoPorts = {
    ChannelType::kReadWrite, ChannelType::kWrite, ChannelType::kReadWrite,
    ChannelType::kWrite};

struct Ends {
  Ends(Executor executor, ChannelCodec codec, ChannelsOptions options = {}) {
    auto [a, b] = net::MakePipe(executor);
    options.websocket.close_timeout = absl::Milliseconds(200);
    connection = std::make_unique<ChannelConnection>(executor, std::move(a),
                                                     codec, kTwoPorts, options);
    client = std::make_unique<Client>(executor, std::move(b));
    for (size_t i = 0; i < kTwoPorts.size(); ++i) {
      channels.push_back(connection->TakeChannel(i));
    }
  }

  std::unique_ptr<ChannelConnection> connection;
  std::unique_ptr<Client> client;
  std::vector<std::unique_ptr<net::ByteStream>> channels;
};

void ForBothCodecs(
    std::function<Task<absl::Status>(Executor, ChannelCodec)> body) {
  for (ChannelCodec codec : {ChannelCodec::kBinary, ChannelCodec::kBase64}) {
    SCOPED_TRACE(codec == ChannelCodec::kBinary ? "binary" : "base64");
    RunTest([&](Executor executor) { return body(executor, codec); });
  }
}

TEST(ChannelsTest, BytesTravelOnTheirChannels) {
  ForBothCodecs(
      [](Executor executor, ChannelCodec codec) -> Task<absl::Status> {
        Ends ends(executor, codec);
        absl::Status status = co_await ends.client->SendOn(codec, 2, "to two");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.client->SendOn(codec, 0, "to zero");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string got = co_await net::ReadUntil(*ends.channels[0], "zero");
        EXPECT_EQ(got, "to zero");
        got = co_await net::ReadUntil(*ends.channels[2], "two");
        EXPECT_EQ(got, "to two");
        status = co_await net::WriteAll(*ends.channels[0], "foo\n");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await net::WriteAll(*ends.channels[3], "\n");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        const bool binary = codec == ChannelCodec::kBinary;
        got = co_await ends.client->Receive();
        EXPECT_EQ(got, binary ? std::string("\0foo\n", 5) : "0Zm9vCg==");
        got = co_await ends.client->Receive();
        EXPECT_EQ(got, binary ? "\3\n" : "3Cg==");
        co_return absl::OkStatus();
      });
}

TEST(ChannelsTest, WhatNobodyAskedForIsDropped) {
  ForBothCodecs(
      [](Executor executor, ChannelCodec codec) -> Task<absl::Status> {
        Ends ends(executor, codec);
        // No such channel, one that is not read, and no channel at all.
        absl::Status status = co_await ends.client->SendOn(codec, 4, "lost");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.client->SendOn(codec, 1, "lost");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.client->Send(Opcode::kBinary, "");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.client->SendOn(codec, 0, "seen");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string got = co_await net::ReadUntil(*ends.channels[0], "seen");
        EXPECT_EQ(got, "seen");
        got = co_await net::ReadUntil(*ends.channels[1], "");
        EXPECT_EQ(got, "");
        co_return absl::OkStatus();
      });
}

TEST(ChannelsTest, ManyBytesTravelBothWaysOnAllChannels) {
  ForBothCodecs([](Executor executor,
                   ChannelCodec codec) -> Task<absl::Status> {
    Ends ends(executor, codec);
    const std::string bytes = net::SomeBytes(500'000, 3);
    TaskGroup group(executor);
    for (size_t number : {0, 2}) {
      // An echo.
      group.Spawn([&ends, number]() -> Task<absl::Status> {
        std::vector<char> buf(70'000);
        net::ByteStream& channel = *ends.channels[number];
        while (true) {
          absl::StatusOr<size_t> n = co_await channel.Read(absl::MakeSpan(buf));
          if (!n.ok() || *n == 0) co_return n.status();
          const absl::string_view piece(buf.data(), *n);
          absl::Status written = co_await net::WriteAll(channel, piece);
          if (!written.ok()) co_return written;
        }
      });
    }
    group.Spawn([&]() -> Task<absl::Status> {
      for (size_t at = 0; at < bytes.size(); at += 10'000) {
        for (uint8_t number : {0, 2}) {
          absl::Status sent = co_await ends.client->SendOn(
              codec, number, bytes.substr(at, 10'000));
          if (!sent.ok()) co_return sent;
        }
      }
      co_return absl::OkStatus();
    });
    std::string got[3];
    ChannelDecoder decoder(codec);
    std::string scratch;
    while (got[0].size() < bytes.size() || got[2].size() < bytes.size()) {
      std::string message = co_await ends.client->Receive();
      EXPECT_LE(message.size(), 44'000u);
      absl::StatusOr<ChannelDecoder::Piece> piece =
          decoder.Feed(message, true, &scratch);
      if (!piece.ok()) co_return piece.status();
      got[piece->channel].append(piece->bytes.data(), piece->bytes.size());
    }
    EXPECT_TRUE(got[0] == bytes);
    EXPECT_TRUE(got[2] == bytes);
    CloseStatus close;
    absl::Status status = co_await ends.client->websocket().Close(close);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await group.Join();
    co_return status;
  });
}

TEST(ChannelsTest, ClientsCloseIsFinBehindWhatCame) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends(executor, ChannelCodec::kBinary);
    absl::Status status =
        co_await ends.client->SendOn(ChannelCodec::kBinary, 0, "last");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    CloseStatus close;
    status = co_await ends.client->websocket().Close(close);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.connection->WaitClosed();
    EXPECT_THAT(status, IsOk());
    std::string got = co_await net::ReadUntil(*ends.channels[0], "");
    EXPECT_EQ(got, "last");
    got = co_await net::ReadUntil(*ends.channels[2], "");
    EXPECT_EQ(got, "");
    status = co_await net::WriteAll(*ends.channels[2], "late");
    EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable));
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, LostConnectionIsNoFin) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends(executor, ChannelCodec::kBinary);
    absl::Status status =
        co_await ends.client->SendOn(ChannelCodec::kBinary, 0, "last");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.channels[0]->WaitReadable();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    ends.client->websocket().Abort();
    status = co_await ends.connection->WaitClosed();
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    std::string got = co_await net::ReadUntil(*ends.channels[0], "");
    EXPECT_EQ(got, "last[ABORTED]");
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, UnreadChannelStopsTheOthersOnlyOnceItsBufferIsFull) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const ChannelCodec codec = ChannelCodec::kBinary;
    ChannelsOptions options;
    options.channel_buffer_bytes = 10'000;
    options.name = "stall-test";
    Ends ends(executor, codec, options);
    absl::Status status =
        co_await ends.client->SendOn(codec, 0, std::string(10'000, 'a'));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.client->SendOn(codec, 2, "passes");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await net::ReadUntil(*ends.channels[2], "passes");
    EXPECT_EQ(got, "passes");
    status = co_await ends.client->SendOn(codec, 0, "b");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.client->SendOn(codec, 2, "waits");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    const std::string stall =
        "fairway_channel_stalls_total{connection=\"stall-test\"} 1";
    while (!absl::StrContains(MetricsText(), stall)) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(10));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
    }
    TaskGroup group(executor);
    group.Spawn([&ends]() { return ends.channels[2]->WaitReadable(); });
    EXPECT_EQ(group.running(), 1u);
    got = co_await net::ReadUntil(*ends.channels[0], "b");
    EXPECT_EQ(got, std::string(10'000, 'a') + "b");
    got = co_await net::ReadUntil(*ends.channels[2], "waits");
    EXPECT_EQ(got, "waits");
    status = co_await group.Join();
    co_return status;
  });
}

TEST(ChannelsTest, ConnectionThatBreaksWhileAChannelIsUnreadEnds) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ChannelsOptions options;
    options.channel_buffer_bytes = 100;
    Ends ends(executor, ChannelCodec::kBinary, options);
    absl::Status status = co_await ends.client->SendOn(ChannelCodec::kBinary, 0,
                                                       std::string(200, 'a'));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.channels[0]->WaitReadable();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    ends.client->websocket().Abort();
    status = co_await ends.connection->WaitClosed();
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, ChannelThatTheServerIsDoneWithStopsNobody) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const ChannelCodec codec = ChannelCodec::kBinary;
    ChannelsOptions options;
    options.channel_buffer_bytes = 100;
    Ends ends(executor, codec, options);
    absl::Status status = co_await ends.channels[0]->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.client->SendOn(codec, 0, std::string(5000, 'a'));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.client->SendOn(codec, 2, "passes");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await net::ReadUntil(*ends.channels[2], "passes");
    EXPECT_EQ(got, "passes");
    // Also one that is given up while it stops the others.
    status = co_await ends.client->SendOn(codec, 2, std::string(5000, 'a'));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.channels[2]->WaitReadable();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    ends.channels[2]->Abort();
    CloseStatus close;
    status = co_await ends.client->websocket().Close(close);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.connection->WaitClosed();
    co_return status;
  });
}

TEST(ChannelsTest, CancelledWriteLeavesNoHalfMessage) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends(executor, ChannelCodec::kBinary);
    const std::string bytes = net::SomeBytes(300'000, 4);
    TaskGroup group(executor);
    group.Spawn([&]() { return net::WriteAll(*ends.channels[0], bytes); });
    group.Cancel();
    absl::Status status = co_await group.Join();
    EXPECT_THAT(status, StatusIs(StatusCode::kCancelled));
    group.Spawn([&]() { return net::WriteAll(*ends.channels[2], "whole"); });
    std::string from_zero;
    std::string got;
    while (got != "\2whole") {
      got = co_await ends.client->Receive();
      if (got[0] == '\0') from_zero += got.substr(1);
    }
    EXPECT_TRUE(absl::StartsWith(bytes, from_zero));
    EXPECT_EQ(from_zero.size() % (32 * 1024), 0u);
    status = co_await group.Join();
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, WhatIsNoBase64EndsTheConnection) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends(executor, ChannelCodec::kBase64);
    absl::Status status = co_await ends.client->Send(Opcode::kText, "0Zg=");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.client->Receive();
    EXPECT_EQ(got, "close 1007");
    status = co_await ends.connection->WaitClosed();
    EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
    got = co_await net::ReadUntil(*ends.channels[0], "");
    EXPECT_EQ(got, "[INVALID_ARGUMENT]");
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, IdleConnectionEndsThoughItIsPinged) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ChannelsOptions options;
    options.idle_timeout = absl::Milliseconds(400);
    options.websocket.ping_period = absl::Milliseconds(5);
    Ends ends(executor, ChannelCodec::kBinary, options);
    for (int i = 0; i < 50; ++i) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(10));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
      absl::Status sent =
          co_await ends.client->SendOn(ChannelCodec::kBinary, 0, "x");
      FAIRWAY_CO_RETURN_IF_ERROR(sent);
    }
    std::string got = co_await ends.client->Receive();
    EXPECT_EQ(got, "close 1000");
    absl::Status status = co_await ends.connection->WaitClosed();
    EXPECT_THAT(status,
                StatusIs(StatusCode::kDeadlineExceeded, "idle for 400ms"));
    got = co_await net::ReadUntil(*ends.channels[0], "");
    EXPECT_EQ(got, std::string(50, 'x') + "[DEADLINE_EXCEEDED]");
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, CloseIsTheClosingHandshake) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends(executor, ChannelCodec::kBinary);
    absl::Status status = co_await net::WriteAll(*ends.channels[0], "last");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.connection->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.client->Receive();
    EXPECT_EQ(got, std::string("\0last", 5));
    got = co_await ends.client->Receive();
    EXPECT_EQ(got, "close 1000");
    status = co_await ends.connection->WaitClosed();
    EXPECT_THAT(status, IsOk());
    got = co_await net::ReadUntil(*ends.channels[0], "");
    EXPECT_EQ(got, "[CANCELLED]");
    co_return absl::OkStatus();
  });
}

TEST(ChannelsTest, StreamsMayOutliveTheConnection) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends(executor, ChannelCodec::kBinary);
    ends.connection = nullptr;
    std::string got = co_await net::ReadUntil(*ends.channels[0], "");
    EXPECT_EQ(got, "[CANCELLED]");
    absl::Status status = co_await net::WriteAll(*ends.channels[0], "x");
    EXPECT_THAT(status, StatusIs(StatusCode::kCancelled));
    got = co_await ends.client->Receive();
    EXPECT_EQ(got, "ABORTED");
    co_return absl::OkStatus();
  });
}

struct Opening {
  std::vector<std::string> asked;
  int want_status;
  std::string want_protocol;
  std::string want_message;  // what a "hi" on channel 1 looks like
  std::vector<ChannelType> channels = kTwoPorts;
};

// Opens channels over HTTP, as a kubelet does, and greets on each.
Task<absl::Status> Open(Executor executor, const Opening& opening) {
  auto [near, far] = net::MakePipe(executor);
  const std::vector<ChannelProtocol> protocols = {
      {"", ChannelCodec::kBinary},
      {"v4.channel.k8s.io", ChannelCodec::kBinary},
      {"v4.base64.channel.k8s.io", ChannelCodec::kBase64}};
  net::http::Handler handler =
      [&](net::http::ServerRequest& request,
          net::http::ResponseWriter& writer) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<ChannelConnection>> opened =
        co_await OpenChannels(request, writer, protocols, opening.channels,
                              ChannelsOptions());
    if (!opened.ok()) co_return absl::OkStatus();  // it was answered
    std::unique_ptr<net::ByteStream> channel = (*opened)->TakeChannel(1);
    absl::Status greeted = co_await net::WriteAll(*channel, "hi");
    if (!greeted.ok()) co_return greeted;
    greeted = co_await (*opened)->WaitClosed();
    co_return greeted;
  };
  net::http::ServerOptions options;
  net::http::DrainState drain(executor);
  TaskGroup group(executor);
  group.Spawn([&, &far = far]() -> Task<absl::Status> {
    return net::http1::ServeConnection(
        std::move(far), net::http::ConnectionInfo(), handler, options, drain);
  });
  const net::websocket::ClientHandshake handshake =
      net::websocket::NewClientHandshake(opening.asked);
  net::http::Headers headers = net::websocket::RequestHeaders(handshake);
  headers.Add("Host", "kubelet");
  const std::string head =
      net::http1::SerializeRequestHead("GET", "/portForward", headers);
  absl::Status status = co_await net::WriteAll(*near, head);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  absl::StatusOr<net::http1::ResponseHead> answer =
      co_await net::http1::ReadResponseHead(*near);
  if (!answer.ok()) co_return answer.status();
  EXPECT_EQ(answer->status, opening.want_status);
  if (answer->status == 101) {
    absl::StatusOr<std::string> protocol =
        net::websocket::CheckAnswer(handshake, answer->status, answer->headers);
    EXPECT_THAT(protocol, IsOk());
    if (!protocol.ok()) co_return protocol.status();
    EXPECT_EQ(*protocol, opening.want_protocol);
    Client client(executor, net::WithPrefix(answer->rest, std::move(near)));
    std::string got = co_await client.Receive();
    EXPECT_EQ(got, opening.want_message);
    CloseStatus close;
    status = co_await client.websocket().Close(close);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
  } else {
    near->Abort();
  }
  status = co_await group.Join();
  co_return absl::OkStatus();
}

TEST(ChannelsTest, OpensEachProtocolOverHttp) {
  const Opening openings[] = {
      {{}, 101, "", "\1hi"},
      {{"v4.channel.k8s.io"}, 101, "v4.channel.k8s.io", "\1hi"},
      {{"v4.base64.channel.k8s.io"}, 101, "v4.base64.channel.k8s.io", "1aGk="},
      {{"v5.channel.k8s.io", "v4.base64.channel.k8s.io", "v4.channel.k8s.io"},
       101,
       "v4.base64.channel.k8s.io",
       "1aGk="},
      {{"v5.channel.k8s.io"}, 403, "", ""},
      {{}, 101, "", "\1hi", std::vector<ChannelType>(256, kTwoPorts[0])},
      {{}, 400, "", "", std::vector<ChannelType>(257, kTwoPorts[0])},
  };
  for (const Opening& opening : openings) {
    RunTest([&](Executor executor) { return Open(executor, opening); });
  }
}

}  // namespace
}  // namespace fairway::httpstream::wsstream
