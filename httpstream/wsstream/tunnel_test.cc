// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "httpstream/spdy/testing/session_pair.h"
#include "net/io/pipe.h"
#include "net/io/testing/byte_stream_suite.h"
#include "net/io/testing/transports.h"

namespace fairway::httpstream::wsstream {
namespace {

using absl::StatusCode;
using net::StreamPair;
using net::websocket::CloseStatus;
using net::websocket::Connection;
using net::websocket::Opcode;
using net::websocket::Role;

// `a` is the client's end.
Task<absl::StatusOr<StreamPair>> AddTunnel(StreamPair transport) {
  Executor executor = co_await kThisExecutor;
  StreamPair pair;
  pair.a =
      NewTunnel(executor, std::move(transport.a), TunnelOptions(Role::kClient));
  pair.b =
      NewTunnel(executor, std::move(transport.b), TunnelOptions(Role::kServer));
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTunnelOverPipe() {
  absl::StatusOr<StreamPair> transport = co_await net::MakePipePair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair = co_await AddTunnel(*std::move(transport));
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTunnelOverTls() {
  absl::StatusOr<StreamPair> transport = co_await net::MakeTlsOverTcpPair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair = co_await AddTunnel(*std::move(transport));
  co_return pair;
}

// A tunnel's server, and what is at the other end: a WebSocket by hand.
struct HalfTunnel {
  explicit HalfTunnel(Executor executor) {
    auto [a, b] = net::MakePipe(executor);
    tunnel = NewTunnel(executor, std::move(a), TunnelOptions(Role::kServer));
    peer = std::make_unique<Connection>(executor, std::move(b),
                                        TunnelOptions(Role::kClient));
  }

  Task<absl::Status> Send(Opcode opcode, std::string payload) {
    const absl::string_view piece = payload;
    absl::Status written =
        co_await peer->Write(opcode, absl::MakeSpan(&piece, 1));
    co_return written;
  }

  std::unique_ptr<net::ByteStream> tunnel;
  std::unique_ptr<Connection> peer;
};

TEST(TunnelTest, MessageBoundariesMeanNothing) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    HalfTunnel ends(executor);
    for (const char* text : {"one", "", "two", "", "three"}) {
      absl::Status sent = co_await ends.Send(Opcode::kBinary, text);
      FAIRWAY_CO_RETURN_IF_ERROR(sent);
    }
    absl::Status ready = co_await ends.tunnel->WaitReadable();
    FAIRWAY_CO_RETURN_IF_ERROR(ready);
    char buf[100];
    absl::StatusOr<size_t> n =
        co_await ends.tunnel->Read(absl::MakeSpan(buf, 4));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(std::string(buf, *n), "onet");
    n = co_await ends.tunnel->Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(std::string(buf, *n), "wothree");
    co_return absl::OkStatus();
  });
}

// The sizes of `count` messages.
Task<absl::Status> ReadSizes(Connection& peer, size_t count,
                             std::vector<size_t>* sizes) {
  std::vector<char> buf(100'000);
  sizes->push_back(0);
  while (true) {
    absl::StatusOr<Connection::Piece> piece =
        co_await peer.Read(absl::MakeSpan(buf));
    if (!piece.ok()) co_return piece.status();
    EXPECT_EQ(piece->opcode, Opcode::kBinary);
    sizes->back() += piece->bytes;
    if (!piece->end_of_message) continue;
    if (sizes->size() == count) co_return absl::OkStatus();
    sizes->push_back(0);
  }
}

TEST(TunnelTest, AWriteIsAsFewMessagesAsPossible) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    HalfTunnel ends(executor);
    TaskGroup group(executor);
    const std::string large(kMaxTunnelMessageBytes * 2 + 5, 'x');
    const std::vector<absl::string_view> pieces = {"a", "", "bc", large, "d"};
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status written = co_await ends.tunnel->Write({});
      FAIRWAY_CO_RETURN_IF_ERROR(written);
      written = co_await ends.tunnel->Write(pieces);
      co_return written;
    });
    std::vector<size_t> sizes;
    absl::Status read = co_await ReadSizes(*ends.peer, 3, &sizes);
    FAIRWAY_CO_RETURN_IF_ERROR(read);
    EXPECT_EQ(sizes, (std::vector<size_t>{kMaxTunnelMessageBytes,
                                          kMaxTunnelMessageBytes, 9}));
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

TEST(TunnelTest, TextIsAnError) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    HalfTunnel ends(executor);
    absl::Status sent = co_await ends.Send(Opcode::kBinary, "bytes");
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    sent = co_await ends.Send(Opcode::kText, "text");
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    std::string got = co_await net::ReadUntil(*ends.tunnel, "");
    EXPECT_EQ(got, "bytes[UNAVAILABLE]");
    char byte;
    absl::StatusOr<size_t> n =
        co_await ends.tunnel->Read(absl::MakeSpan(&byte, 1));
    EXPECT_THAT(
        n, StatusIs(StatusCode::kUnavailable, "invalid message type received"));
    co_return absl::OkStatus();
  });
}

struct CloseCase {
  uint16_t code;
  std::string want;
};

TEST(TunnelTest, OnlyANormalCloseIsAFin) {
  const CloseCase cases[] = {
      {net::websocket::kCloseNormal, "last"},
      {net::websocket::kCloseNoStatus, "last"},
      {net::websocket::kCloseGoingAway, "last[UNAVAILABLE]"},
      {net::websocket::kCloseInternalError, "last[UNAVAILABLE]"}};
  for (const CloseCase& c : cases) {
    SCOPED_TRACE(c.code);
    RunTest([&c](Executor executor) -> Task<absl::Status> {
      HalfTunnel ends(executor);
      absl::Status status = co_await ends.Send(Opcode::kBinary, "last");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      CloseStatus close = {c.code, ""};
      status = co_await ends.peer->SendClose(close);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      std::string got = co_await net::ReadUntil(*ends.tunnel, "");
      EXPECT_EQ(got, c.want);
      status = co_await net::WriteAll(*ends.tunnel, "late");
      EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable));
      co_return absl::OkStatus();
    });
  }
}

TEST(TunnelTest, CloseIsWith1000) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    HalfTunnel ends(executor);
    absl::Status closed = co_await ends.tunnel->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(closed);
    EXPECT_EQ(ends.peer->peer_close()->code, net::websocket::kCloseNormal);
    co_return absl::OkStatus();
  });
}

Task<absl::Status> WriteAndFin(Stream& stream, absl::string_view bytes) {
  absl::Status status = co_await net::WriteAll(stream, bytes);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await stream.CloseWrite();
  co_return status;
}

Task<absl::Status> ExpectAll(Stream& stream, absl::string_view bytes) {
  absl::StatusOr<std::string> got = co_await net::ReadAll(stream);
  EXPECT_THAT(got, IsOk());
  EXPECT_TRUE(got.ok() && *got == bytes);
  co_return got.status();
}

TEST(TunnelTest, CarriesASpdySessionBothWays) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<StreamPair> transport = co_await MakeTunnelOverPipe();
    if (!transport.ok()) co_return transport.status();
    spdy::Pair pair(executor, std::move(transport->a), std::move(transport->b),
                    spdy::SessionOptions());
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await spdy::Open(pair);
    if (!near.ok()) co_return near.status();
    Stream& far = *pair.accepted.at(0);
    const std::string to_far = net::SomeBytes(10 << 20, 1);
    const std::string to_near = net::SomeBytes(10 << 20, 2);
    TaskGroup group(executor);
    group.Spawn([&]() { return WriteAndFin(**near, to_far); });
    group.Spawn([&]() { return WriteAndFin(far, to_near); });
    group.Spawn([&]() { return ExpectAll(**near, to_near); });
    group.Spawn([&]() { return ExpectAll(far, to_far); });
    absl::Status status = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.client->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.server->WaitClosed();
    co_return status;
  });
}

}  // namespace
}  // namespace fairway::httpstream::wsstream

namespace fairway::net {
namespace {

using httpstream::wsstream::MakeTunnelOverPipe;
using httpstream::wsstream::MakeTunnelOverTls;

INSTANTIATE_TEST_SUITE_P(TunnelOverPipe, ByteStreamSuite,
                         BothWays({"TunnelOverPipe", MakeTunnelOverPipe,
                                   ResetKind::kSeen, HalfClose::kNo}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(TunnelOverTls, ByteStreamSuite,
                         BothWays({"TunnelOverTls", MakeTunnelOverTls,
                                   ResetKind::kSeen, HalfClose::kNo}),
                         TransportName);

}  // namespace
}  // namespace fairway::net
