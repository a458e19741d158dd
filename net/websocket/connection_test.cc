// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/io/pipe.h"
#include "net/io/testing/transport.h"
#include "net/websocket/decoder.h"

namespace fairway::net::websocket {
namespace {

using absl::StatusCode;
using ::testing::EndsWith;
using ::testing::StartsWith;

ConnectionOptions OptionsOf(Role role) {
  ConnectionOptions options;
  options.role = role;
  options.close_timeout = absl::Milliseconds(200);
  return options;
}

// A peer that is played by hand: it writes frames, and logs those that come,
// "T:text." "B:3 bytes." "ping(x)" "close(1000,why)", then "fin" or "[CODE]".
class Peer {
 public:
  // `role`: the peer's own.
  Peer(Role role, std::unique_ptr<ByteStream> stream)
      : role_(role), stream_(std::move(stream)), decoder_(role) {}

  Task<absl::Status> Send(Opcode opcode, std::string payload, bool fin = true) {
    FrameHead head;
    head.opcode = opcode;
    head.fin = fin;
    head.payload_bytes = payload.size();
    if (role_ == Role::kClient) head.mask = RandomMaskKey();
    std::string frame;
    AppendFrameHead(head, &frame);
    const size_t start = frame.size();
    frame += payload;
    if (head.mask) Mask(*head.mask, 0, payload, frame.data() + start);
    absl::Status written = co_await WriteAll(*stream_, frame);
    co_return written;
  }

  Task<absl::Status> SendClose(uint16_t code, std::string reason) {
    std::string frame;
    AppendCloseFrame(role_, {code, reason}, &frame);
    absl::Status written = co_await WriteAll(*stream_, frame);
    co_return written;
  }

  // Reads until the log ends with `end`, or nothing more comes.
  Task<std::string> ReadUntil(std::string end) {
    std::vector<char> buf(10'000);
    while (!absl::EndsWith(log_, end)) {
      absl::StatusOr<size_t> n = co_await stream_->Read(absl::MakeSpan(buf));
      if (!n.ok()) {
        co_return absl::StrCat(
            log_, "[", absl::StatusCodeToString(n.status().code()), "]");
      }
      if (*n == 0) co_return log_ + "fin";
      Log(absl::MakeSpan(buf).first(*n));
    }
    co_return std::exchange(log_, "");
  }

  ByteStream& stream() { return *stream_; }

 private:
  void Log(absl::Span<char> bytes) {
    while (true) {
      absl::StatusOr<std::optional<Event>> event = decoder_.Next(&bytes);
      if (!event.ok()) log_ += "error";
      if (!event.ok() || !event->has_value()) return;
      const std::string payload((*event)->payload);
      switch ((*event)->type) {
        case Event::Type::kData:
          message_ += payload;
          if (!(*event)->end_of_message) break;
          absl::StrAppend(&log_,
                          (*event)->opcode == Opcode::kText
                              ? absl::StrCat("T:", message_)
                              : absl::StrCat("B:", message_.size(), " bytes"),
                          ".");
          message_.clear();
          break;
        case Event::Type::kPing:
          absl::StrAppend(&log_, "ping(", payload, ")");
          break;
        case Event::Type::kPong:
          absl::StrAppend(&log_, "pong(", payload, ")");
          break;
        case Event::Type::kClose:
          absl::StrAppend(&log_, "close(", (*event)->close_code, ",", payload,
                          ")");
          break;
      }
    }
  }

  const Role role_;
  const std::unique_ptr<ByteStream> stream_;
  Decoder decoder_;
  std::string message_;
  std::string log_;
};

struct Ends {
  std::unique_ptr<Connection> ours;
  std::unique_ptr<Peer> peer;
};

Ends MakeEnds(Executor executor, ConnectionOptions options,
              size_t pipe_bytes = kDefaultPipeBytes) {
  auto [a, b] = MakePipe(executor, pipe_bytes);
  Ends ends;
  ends.ours = std::make_unique<Connection>(executor, std::move(a), options);
  ends.peer = std::make_unique<Peer>(
      options.role == Role::kClient ? Role::kServer : Role::kClient,
      std::move(b));
  return ends;
}

Task<absl::Status> Write(Connection& connection, Opcode opcode,
                         std::string payload) {
  const absl::string_view piece = payload;
  absl::Status written =
      co_await connection.Write(opcode, absl::MakeSpan(&piece, 1));
  co_return written;
}

// One message, "T:text" or "B:bytes"; "close", or an error's text.
Task<std::string> ReadMessage(Connection& connection, size_t buf_bytes = 1000) {
  std::string message;
  std::vector<char> buf(buf_bytes);
  while (true) {
    absl::StatusOr<Connection::Piece> piece =
        co_await connection.Read(absl::MakeSpan(buf));
    if (!piece.ok()) co_return message + piece.status().ToString();
    if (piece->opcode == Opcode::kClose) co_return message + "close";
    if (message.empty()) {
      message = piece->opcode == Opcode::kText ? "T:" : "B:";
    }
    message.append(buf.data(), piece->bytes);
    if (piece->end_of_message) co_return message;
  }
}

// Both roles, for what is the same in both.
void ForBothRoles(
    std::function<Task<absl::Status>(Executor, ConnectionOptions)> body) {
  for (Role role : {Role::kClient, Role::kServer}) {
    SCOPED_TRACE(role == Role::kClient ? "client" : "server");
    RunTest([&](Executor executor) { return body(executor, OptionsOf(role)); });
  }
}

TEST(ConnectionTest, AMessageIsOneFrameOfItsPieces) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        Ends ends = MakeEnds(executor, options);
        const std::vector<absl::string_view> pieces = {"ga", "", "ther", "ed"};
        absl::Status status = co_await ends.ours->Write(Opcode::kText, pieces);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await ends.ours->Write(Opcode::kBinary, {});
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string got = co_await ends.peer->ReadUntil("0 bytes.");
        EXPECT_EQ(got, "T:gathered.B:0 bytes.");
        co_return absl::OkStatus();
      });
}

TEST(ConnectionTest, MessagesAreReadInPiecesOfAnySize) {
  ForBothRoles([](Executor executor,
                  ConnectionOptions options) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, options);
    for (size_t buf_bytes : {1, 2, 5, 100}) {
      absl::Status status =
          co_await ends.peer->Send(Opcode::kText, "first", false);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kPing, "between");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kContinuation, " half", true);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kBinary, "");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      std::string got = co_await ReadMessage(*ends.ours, buf_bytes);
      EXPECT_EQ(got, "T:first half");
      got = co_await ReadMessage(*ends.ours, buf_bytes);
      EXPECT_EQ(got, "B:");
      got = co_await ends.peer->ReadUntil(")");
      EXPECT_EQ(got, "pong(between)");
    }
    co_return absl::OkStatus();
  });
}

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

// A transport that lets others run between the pieces of a Write.
class Piecemeal final : public ByteStream {
 public:
  explicit Piecemeal(std::unique_ptr<ByteStream> stream)
      : stream_(std::move(stream)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return stream_->Read(buf);
  }
  Task<absl::Status> WaitReadable() override { return stream_->WaitReadable(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    for (absl::string_view piece : pieces) {
      absl::Status slept = co_await Sleep(absl::ZeroDuration());
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
      absl::Status written = co_await WriteAll(*stream_, piece);
      FAIRWAY_CO_RETURN_IF_ERROR(written);
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> CloseWrite() override { return stream_->CloseWrite(); }
  Task<absl::Status> Close() override { return stream_->Close(); }
  void Abort() override { stream_->Abort(); }

 private:
  const std::unique_ptr<ByteStream> stream_;
};

TEST(ConnectionTest, WritersTakeTurnsMessageByMessage) {
  ForBothRoles([](Executor executor,
                  ConnectionOptions options) -> Task<absl::Status> {
    auto [a, b] = MakePipe(executor, 100);
    Connection ours(executor, std::make_unique<Piecemeal>(std::move(a)),
                    options);
    Peer peer(options.role == Role::kClient ? Role::kServer : Role::kClient,
              std::move(b));
    TaskGroup group(executor);
    for (char c : {'a', 'b', 'c'}) {
      group.Spawn([&ours, c]() -> Task<absl::Status> {
        for (int i = 0; i < 20; ++i) {
          absl::Status written =
              co_await Write(ours, Opcode::kText, std::string(150, c) + "!");
          FAIRWAY_CO_RETURN_IF_ERROR(written);
        }
        co_return absl::OkStatus();
      });
    }
    std::string all;
    while (all.size() < 60u * 154) {
      std::string got = co_await peer.ReadUntil("!.");
      EXPECT_THAT(got, EndsWith("!."));
      if (!absl::EndsWith(got, "!.")) break;
      all += got;
    }
    EXPECT_EQ(all.size(), 60u * 154);
    for (size_t i = 0; i + 154 <= all.size(); i += 154) {
      EXPECT_EQ(all.substr(i, 152), "T:" + std::string(150, all[i + 2]));
    }
    absl::Status joined = co_await group.Join();
    co_return joined;
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

Task<absl::Status> SendRandom(Connection& connection, unsigned seed,
                              std::vector<std::string>* sent) {
  std::minstd_rand random(seed);
  for (int i = 0; i < 12; ++i) {
    const bool text = random() % 2 == 0;
    const size_t size = random() % 4 == 0 ? random() % 300'000 : random() % 300;
    const std::string bytes =
        text ? std::string(size, 't') : SomeBytes(size, seed + i);
    const absl::string_view all = bytes;
    const size_t cut = size == 0 ? 0 : random() % size;
    const std::vector<absl::string_view> pieces = {all.substr(0, cut),
                                                   all.substr(cut)};
    sent->push_back(absl::StrCat(text ? "T:" : "B:", bytes));
    absl::Status written = co_await connection.Write(
        text ? Opcode::kText : Opcode::kBinary, pieces);
    FAIRWAY_CO_RETURN_IF_ERROR(written);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> ReceiveRandom(Connection& connection, unsigned seed,
                                 std::vector<std::string>* received) {
  std::minstd_rand random(seed);
  for (int i = 0; i < 12; ++i) {
    std::string message = co_await ReadMessage(
        connection, 1 + random() % (random() % 2 == 0 ? 50 : 100'000));
    received->push_back(std::move(message));
  }
  co_return absl::OkStatus();
}

TEST(ConnectionTest, MessagesArriveExactlyBothWaysInAnySplit) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    RunTest([seed](Executor executor) -> Task<absl::Status> {
      std::minstd_rand random(seed + 99);
      const size_t pipe_bytes = 1 + random() % 70'000;
      auto [a, b] = MakePipe(executor, pipe_bytes);
      ConnectionOptions options = OptionsOf(Role::kClient);
      options.ping_period = absl::Milliseconds(1);
      Connection client(executor, std::move(a), options);
      options.role = Role::kServer;
      Connection server(executor, std::move(b), options);
      std::vector<std::string> sent_a, sent_b, got_a, got_b;
      TaskGroup group(executor);
      group.Spawn([&]() { return SendRandom(client, seed, &sent_a); });
      group.Spawn([&]() { return SendRandom(server, seed + 1, &sent_b); });
      group.Spawn([&]() { return ReceiveRandom(client, seed + 2, &got_a); });
      group.Spawn([&]() { return ReceiveRandom(server, seed + 3, &got_b); });
      absl::Status joined = co_await group.Join();
      EXPECT_TRUE(sent_a == got_b);
      EXPECT_TRUE(sent_b == got_a);
      co_return joined;
    });
  }
}

}  // namespace
}  // namespace fairway::net::websocket
