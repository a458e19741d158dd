// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/websocket/testing/peer.h"

namespace fairway::net::websocket {
namespace {

using absl::StatusCode;
using ::testing::EndsWith;
using ::testing::StartsWith;

TEST(ConnectionTest, PingIsAnsweredThoughNobodyReads) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options);
        absl::Status status = co_await ends.peer->Send(Opcode::kPing, "Hello");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string got = co_await ends.peer->ReadUntil(")");
        EXPECT_EQ(got, "pong(Hello)");
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, PingIsAnsweredBehindTheMessageThatIsBeingWritten) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options, 1000);
        TaskGroup group(executor);
        group.Spawn([&ends]() {
          return Write(*ends.ours, Opcode::kBinary, std::string(600'000, 'x'));
        });
        for (const char* text : {"1", "2", "3"}) {
          absl::Status status = co_await ends.peer->Send(Opcode::kPing, text);
          FAIRWAY_CO_RETURN_IF_ERROR(status);
        }
        // Data behind the pings shows that they were read.
        absl::Status status = co_await ends.peer->Send(Opcode::kText, "data");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string got = co_await ReadMessage(*ends.ours);
        EXPECT_EQ(got, "T:data");
        EXPECT_EQ(group.running(), 1u);
        // Only the last need be answered.
        got = co_await ends.peer->ReadUntil("pong(3)");
        EXPECT_EQ(got, "B:600000 bytes.pong(3)");
        status = co_await group.Join();
        co_return status;
      });
}

TEST(ConnectionTest, PeersCloseIsAnsweredAndTold) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options);
        absl::Status status = co_await ends.peer->Send(Opcode::kText, "last");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.peer->SendClose(1011, "tired");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        EXPECT_FALSE(ends.ours->peer_close().has_value());
        std::string got = co_await ReadMessage(*ends.ours);
        EXPECT_EQ(got, "T:last");
        for (int i = 0; i < 2; ++i) {
          got = co_await ReadMessage(*ends.ours);
          EXPECT_EQ(got, "close");
        }
        EXPECT_EQ(ends.ours->peer_close()->code, 1011);
        EXPECT_EQ(ends.ours->peer_close()->reason, "tired");
        got = co_await ends.peer->ReadUntil(")");
        EXPECT_EQ(got, "close(1011,)");
        status = co_await Write(*ends.ours, Opcode::kText, "late");
        EXPECT_THAT(
            status,
            StatusIs(StatusCode::kUnavailable,
                     "websocket: close 1011 (internal server error): tired"));
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, CloseWithoutACodeIsAnsweredWithout) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, OptionsOf(Role::kServer));
    absl::Status status = co_await ends.peer->Send(Opcode::kClose, "");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.peer->ReadUntil("fin");
    EXPECT_EQ(got, "close(1005,)fin");
    EXPECT_EQ(ends.ours->peer_close()->code, kCloseNoStatus);
    co_return absl::OkStatus();
  });
}

TEST(ConnectionTest, AfterSendCloseReadingGoesOnUpToThePeersClose) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options);
        CloseStatus close = {kCloseGoingAway, "bye"};
        absl::Status status = co_await ends.ours->SendClose(close);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await Write(*ends.ours, Opcode::kText, "late");
        EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
        std::string got = co_await ends.peer->ReadUntil(")");
        EXPECT_EQ(got, "close(1001,bye)");
        status = co_await ends.peer->Send(Opcode::kText, "under way");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.peer->SendClose(1001, "");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        got = co_await ReadMessage(*ends.ours);
        EXPECT_EQ(got, "T:under way");
        got = co_await ReadMessage(*ends.ours);
        EXPECT_EQ(got, "close");
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, TheServerEndsTheTransportFirst) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ConnectionOptions options = OptionsOf(Role::kServer);
    options.close_timeout = absl::InfiniteDuration();
    Ends ends = MakeEnds(executor, options);
    absl::Status status = co_await ends.peer->SendClose(1000, "");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.peer->ReadUntil("fin");
    EXPECT_EQ(got, "close(1000,)fin");
    co_return absl::OkStatus();
  });
}

TEST(ConnectionTest, TheClientWaitsForTheServerToEndTheTransport) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ConnectionOptions options = OptionsOf(Role::kClient);
    options.close_timeout = absl::InfiniteDuration();
    Ends ends = MakeEnds(executor, options);
    TaskGroup group(executor);
    group.Spawn([&ends]() { return ends.ours->Close(CloseStatus()); });
    std::string got = co_await ends.peer->ReadUntil(")");
    EXPECT_EQ(got, "close(1000,)");
    absl::Status status = co_await ends.peer->SendClose(1000, "");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(group.running(), 1u);
    status = co_await ends.peer->stream().CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    got = co_await ends.peer->ReadUntil("fin");
    EXPECT_EQ(got, "fin");
    status = co_await group.Join();
    co_return status;
  });
}

TEST(ConnectionTest, CloseDoesNotWaitForeverForASilentPeer) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options);
        absl::Status status = co_await Write(*ends.ours, Opcode::kText, "last");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.ours->Close(CloseStatus());
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.ours->Close(CloseStatus());
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        ends.ours = nullptr;
        std::string got = co_await ends.peer->ReadUntil("fin");
        EXPECT_EQ(got, "T:last.close(1000,)fin");
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, CloseGivesUpAWriteThatThePeerDoesNotTake) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options, 1000);
        TaskGroup group(executor);
        group.Spawn([&ends]() {
          return Write(*ends.ours, Opcode::kBinary, std::string(50'000, 'x'));
        });
        absl::Status status = co_await ends.ours->Close(CloseStatus());
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await group.Join();
        EXPECT_THAT(status, StatusIs(StatusCode::kCancelled));
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, TransportThatEndsWithoutCloseIsLost) {
  ForBothRoles([](Executor executor,
                  ConnectionOptions options) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, options);
    absl::Status status =
        co_await ends.peer->Send(Opcode::kText, "half", false);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ends.peer->stream().CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ReadMessage(*ends.ours);
    EXPECT_EQ(got,
              "T:halfUNAVAILABLE: websocket: close 1006 (abnormal closure): "
              "unexpected EOF");
    absl::Status broken = co_await ends.ours->WaitBroken();
    EXPECT_THAT(broken, StatusIs(StatusCode::kUnavailable));
    co_return absl::OkStatus();
  });
}

struct Violation {
  Opcode opcode;
  std::string payload;
  StatusCode want_code;
  std::string want_close;
};

TEST(ConnectionTest, PeerThatBreaksARuleIsToldAndDropped) {
  const Violation violations[] = {
      {static_cast<Opcode>(0xb), "", StatusCode::kInvalidArgument,
       "close(1002,)fin"},
      {Opcode::kText, "\xff", StatusCode::kInvalidArgument, "close(1007,)fin"},
      {Opcode::kBinary, std::string(1001, 'x'), StatusCode::kOutOfRange,
       "close(1009,)fin"},
  };
  for (const Violation& violation : violations) {
    ForBothRoles([&violation](Executor executor,
                              ConnectionOptions options) -> Task<absl::Status> {
      options.limits.max_frame_bytes = 1000;
      Ends ends = MakeEnds(executor, options);
      absl::Status status =
          co_await ends.peer->Send(violation.opcode, violation.payload);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      char byte;
      for (int i = 0; i < 2; ++i) {
        absl::StatusOr<Connection::Piece> piece =
            co_await ends.ours->Read(absl::MakeSpan(&byte, 1));
        EXPECT_THAT(piece, StatusIs(violation.want_code));
      }
      status = co_await Write(*ends.ours, Opcode::kText, "late");
      EXPECT_THAT(status, StatusIs(violation.want_code));
      std::string got = co_await ends.peer->ReadUntil("fin");
      EXPECT_EQ(got, violation.want_close);
      co_return absl::OkStatus();
    });
  }
}

TEST(ConnectionTest, CancelledReadLeavesTheConnectionGood) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, OptionsOf(Role::kServer));
    TaskGroup group(executor);
    group.Spawn([&ends]() -> Task<absl::Status> {
      char byte;
      absl::StatusOr<Connection::Piece> piece =
          co_await ends.ours->Read(absl::MakeSpan(&byte, 1));
      co_return piece.status();
    });
    group.Cancel();
    absl::Status status = co_await group.Join();
    EXPECT_THAT(status, StatusIs(StatusCode::kCancelled));
    status = co_await ends.peer->Send(Opcode::kText, "still here");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ReadMessage(*ends.ours);
    EXPECT_EQ(got, "T:still here");
    co_return absl::OkStatus();
  });
}

TEST(ConnectionTest, SilentPeerIsGivenUp) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        options.ping_period = absl::Milliseconds(5);
        options.peer_timeout = absl::Milliseconds(100);
        Ends ends = MakeEnds(executor, options);
        std::string got = co_await ReadMessage(*ends.ours);
        EXPECT_EQ(got, "UNAVAILABLE: websocket: no answer to a ping for 100ms");
        absl::Status status = co_await Write(*ends.ours, Opcode::kText, "x");
        EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable));
        got = co_await ends.peer->ReadUntil("never");
        EXPECT_THAT(got, EndsWith("[ABORTED]"));
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, AnyByteShowsThatThePeerLives) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ConnectionOptions options = OptionsOf(Role::kServer);
    options.ping_period = absl::Milliseconds(5);
    options.peer_timeout = absl::Milliseconds(500);
    Ends ends = MakeEnds(executor, options);
    // Far longer than the timeout, by messages that answer no ping.
    for (int i = 0; i < 150; ++i) {
      std::string got = co_await ends.peer->ReadUntil("ping()");
      EXPECT_THAT(got, EndsWith("ping()"));
      absl::Status status = co_await ends.peer->Send(Opcode::kText, "busy");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      got = co_await ReadMessage(*ends.ours);
      EXPECT_EQ(got, "T:busy");
    }
    co_return absl::OkStatus();
  });
}

TEST(ConnectionTest, PeerIsNotGivenUpWhileNobodyReadsHere) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ConnectionOptions options = OptionsOf(Role::kServer);
    options.ping_period = absl::Milliseconds(5);
    options.peer_timeout = absl::Milliseconds(10);
    Ends ends = MakeEnds(executor, options);
    absl::Status status = co_await ends.peer->Send(Opcode::kText, "unread");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.peer->ReadUntil(
        "ping()ping()ping()ping()ping()ping()ping()ping()");
    EXPECT_THAT(got, EndsWith("ping()"));
    got = co_await ReadMessage(*ends.ours);
    EXPECT_EQ(got, "T:unread");
    co_return absl::OkStatus();
  });
}

// It was given up for a ping that it had got before what was read last.
TEST(ConnectionTest, PeerIsAskedAnewBehindWhatWasReadLate) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ConnectionOptions options = OptionsOf(Role::kServer);
    options.ping_period = absl::Milliseconds(400);
    options.peer_timeout = absl::Milliseconds(100);
    Ends ends = MakeEnds(executor, options);
    absl::Status status = co_await ends.peer->Send(Opcode::kText, "late");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.peer->ReadUntil("ping()");
    EXPECT_EQ(got, "ping()");
    got = co_await ReadMessage(*ends.ours);
    EXPECT_EQ(got, "T:late");
    got = co_await ends.peer->ReadUntil("ping()");
    EXPECT_EQ(got, "ping()");
    co_return absl::OkStatus();
  });
}

TEST(ConnectionTest, PeerThatStopsReadingIsNotGivenUpForThePingItDidNotGet) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ConnectionOptions options = OptionsOf(Role::kServer);
    options.ping_period = absl::Milliseconds(5);
    options.peer_timeout = absl::Milliseconds(10);
    Ends ends = MakeEnds(executor, options, 1000);
    TaskGroup group(executor);
    group.Spawn([&ends]() {
      return Write(*ends.ours, Opcode::kBinary, std::string(5000, 'x'));
    });
    absl::Status slept = co_await Sleep(absl::Milliseconds(60));
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
    absl::Status status = co_await ends.peer->Send(Opcode::kText, "alive");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ReadMessage(*ends.ours);
    EXPECT_EQ(got, "T:alive");
    got = co_await ends.peer->ReadUntil("ping()");
    EXPECT_THAT(got, StartsWith("B:5000 bytes.ping()"));
    status = co_await group.Join();
    co_return status;
  });
}

TEST(ConnectionTest, DestroyedAfterTheHandshakeItEndsInPeace) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options);
        absl::Status status = co_await ends.ours->SendClose(CloseStatus());
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.peer->SendClose(1000, "");
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string got = co_await ReadMessage(*ends.ours);
        EXPECT_EQ(got, "close");
        ends.ours = nullptr;
        got = co_await ends.peer->ReadUntil("fin");
        EXPECT_EQ(got, "close(1000,)fin");
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, DestroyedBeforeThePeersCloseItResets) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, OptionsOf(Role::kClient));
    absl::Status status = co_await ends.ours->SendClose(CloseStatus());
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    ends.ours = nullptr;
    std::string got = co_await ends.peer->ReadUntil("fin");
    EXPECT_THAT(got, EndsWith("[ABORTED]"));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::net::websocket
