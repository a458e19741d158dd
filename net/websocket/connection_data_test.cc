// SPDX-License-Identifier: Apache-2.0
// What a connection carries, whole and in pieces.
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
#include "net/io/pipe.h"
#include "net/io/testing/transport.h"
#include "net/websocket/connection.h"
#include "net/websocket/testing/peer.h"

namespace fairway::net::websocket {
namespace {

using ::testing::EndsWith;

TEST(ConnectionDataTest, AMessageIsOneFrameOfItsPieces) {
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

TEST(ConnectionDataTest, MessagesAreReadInPiecesOfAnySize) {
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

// All bytes up to the peer's Close, or an error behind them.
Task<std::string> ReadAllBytes(Connection& connection, size_t buf_bytes) {
  std::string all;
  std::vector<char> buf(buf_bytes);
  while (true) {
    absl::StatusOr<size_t> n =
        co_await connection.ReadBytes(absl::MakeSpan(buf));
    if (!n.ok()) co_return absl::StrCat(all, "|", n.status().ToString());
    if (*n == 0) co_return all + "|close";
    all.append(buf.data(), *n);
  }
}

TEST(ConnectionDataTest, BytesOfBinaryMessagesAreReadAsOneStream) {
  ForBothRoles([](Executor executor,
                  ConnectionOptions options) -> Task<absl::Status> {
    for (size_t buf_bytes : {1, 3, 100}) {
      Ends ends = MakeEnds(executor, options);
      absl::Status status = co_await ends.peer->Send(Opcode::kBinary, "one");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kBinary, "");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kBinary, "tw", false);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kPing, "between");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->Send(Opcode::kContinuation, "o", true);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ends.peer->SendClose(1000, "");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      std::string got = co_await ReadAllBytes(*ends.ours, buf_bytes);
      EXPECT_EQ(got, "onetwo|close");
      got = co_await ends.peer->ReadUntil("close(1000,)");
      EXPECT_EQ(got, "pong(between)close(1000,)");
    }
    co_return absl::OkStatus();
  });
}

TEST(ConnectionDataTest, TextAmongBytesIsRefusedBehindThem) {
  for (absl::string_view text : {"text", ""}) {
    ForBothRoles([text](Executor executor,
                        ConnectionOptions options) -> Task<absl::Status> {
      Ends ends = MakeEnds(executor, options);
      absl::Status status = co_await ends.peer->Send(Opcode::kBinary, "bytes");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      std::string message(text);
      status = co_await ends.peer->Send(Opcode::kText, std::move(message));
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      std::string got = co_await ReadAllBytes(*ends.ours, 100);
      EXPECT_EQ(got, "bytes|INVALID_ARGUMENT: invalid message type received");
      got = co_await ends.peer->ReadUntil(")");
      EXPECT_EQ(got, "close(1003,)");
      co_return absl::OkStatus();
    });
  }
}

// Half a frame is no reason to hold back the half that came.
TEST(ConnectionDataTest, WhatCameOfAFrameIsReadAtOnce) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, OptionsOf(Role::kClient));
    absl::Status status = co_await WriteAll(ends.peer->stream(), "\x82\x05Hel");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    char buf[100];
    absl::StatusOr<size_t> n =
        co_await ends.ours->ReadBytes(absl::MakeSpan(buf));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(absl::string_view(buf, *n), "Hel");
    status = co_await WriteAll(ends.peer->stream(), "lo");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    absl::StatusOr<Connection::Piece> piece =
        co_await ends.ours->Read(absl::MakeSpan(buf));
    EXPECT_THAT(piece, IsOk());
    EXPECT_EQ(absl::string_view(buf, piece->bytes), "lo");
    EXPECT_TRUE(piece->end_of_message);
    co_return absl::OkStatus();
  });
}

// Neither a head nor a ping makes a Read possible.
TEST(ConnectionDataTest, WaitsForDataThatARealReadWouldGet) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Ends ends = MakeEnds(executor, OptionsOf(Role::kClient));
    TaskGroup group(executor);
    group.Spawn([&ends]() { return ends.ours->WaitReadable(); });
    absl::Status status = co_await ends.peer->Send(Opcode::kPing, "1");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got = co_await ends.peer->ReadUntil(")");
    EXPECT_EQ(got, "pong(1)");
    status = co_await WriteAll(ends.peer->stream(), "\x82\x01");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Sleep(absl::Milliseconds(5));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(group.running(), 1u);
    EXPECT_FALSE(ends.ours->readable());
    status = co_await WriteAll(ends.peer->stream(), "x");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await group.Join();
    EXPECT_TRUE(ends.ours->readable());
    co_return status;
  });
}

// Notes what each Write is made of.
class NotingWrites final : public ByteStream {
 public:
  NotingWrites(std::unique_ptr<ByteStream> stream, std::vector<size_t>* sizes)
      : stream_(std::move(stream)), sizes_(sizes) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return stream_->Read(buf);
  }
  Task<absl::Status> WaitReadable() override { return stream_->WaitReadable(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    size_t size = 0;
    for (absl::string_view piece : pieces) size += piece.size();
    sizes_->push_back(size);
    return stream_->Write(pieces);
  }
  Task<absl::Status> CloseWrite() override { return stream_->CloseWrite(); }
  Task<absl::Status> Close() override { return stream_->Close(); }
  void Abort() override { stream_->Abort(); }

 private:
  const std::unique_ptr<ByteStream> stream_;
  std::vector<size_t>* const sizes_;
};

TEST(ConnectionDataTest, AMessageIsOneWriteOfTheTransport) {
  ForBothRoles(
      [](Executor executor, ConnectionOptions options) -> Task<absl::Status> {
        auto [a, b] = MakePipe(executor, 2 << 20);
        std::vector<size_t> sizes;
        Connection ours(executor,
                        std::make_unique<NotingWrites>(std::move(a), &sizes),
                        options);
        std::vector<size_t> want;
        for (size_t size : {0, 64, 65'536, 262'144, 500'000}) {
          absl::Status status =
              co_await Write(ours, Opcode::kBinary, std::string(size, 'x'));
          FAIRWAY_CO_RETURN_IF_ERROR(status);
          want.push_back(size +
                         (size > 65'535 ? 10
                          : size > 125  ? 4
                                        : 2) +
                         (options.role == Role::kClient ? 4 : 0));
        }
        EXPECT_EQ(sizes, want);
        co_return absl::OkStatus();
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

TEST(ConnectionDataTest, WritersTakeTurnsMessageByMessage) {
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

TEST(ConnectionDataTest, MessagesArriveExactlyBothWaysInAnySplit) {
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
