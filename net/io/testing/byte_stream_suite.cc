// SPDX-License-Identifier: Apache-2.0
#include "net/io/testing/byte_stream_suite.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"

namespace fairway::net {

using absl::StatusCode;
using ::testing::AnyOf;

void ByteStreamSuite::RunTest(
    std::function<Task<absl::Status>(StreamPair&)> body) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    absl::StatusOr<StreamPair> pair = co_await GetParam().make();
    if (!pair.ok()) co_return pair.status();
    absl::Status ended = co_await WithDeadline(absl::Seconds(8), "the test",
                                               [&]() { return body(*pair); });
    co_return ended;
  });
  EXPECT_THAT(status, IsOk());
}

namespace {

// Writes `bytes` in pieces and calls of random size.
Task<absl::Status> WriteInSplits(ByteStream& stream, const std::string& bytes,
                                 unsigned seed) {
  std::minstd_rand random(seed + 7);
  absl::string_view rest = bytes;
  while (!rest.empty()) {
    std::vector<absl::string_view> pieces;
    for (int count = random() % 5; count >= 0; --count) {
      const size_t size =
          random() % 3 == 0 ? random() % 100'000 : random() % 1'000;
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(pieces.back().size());
    }
    absl::Status written = co_await stream.Write(pieces);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::string>> ReadInSplits(ByteStream& stream,
                                               unsigned seed) {
  std::minstd_rand random(seed + 13);
  std::string all;
  std::vector<char> buf(200'000);
  while (true) {
    const size_t size =
        random() % 2 == 0 ? 1 + random() % 50 : 1 + random() % buf.size();
    absl::StatusOr<size_t> n =
        co_await stream.Read(absl::MakeSpan(buf.data(), size));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return all;
    EXPECT_LE(*n, size);
    all.append(buf.data(), *n);
  }
}

Task<absl::Status> ExpectRead(ByteStream& stream, std::string want) {
  std::string got(want.size(), '\0');
  absl::Status status =
      co_await ReadFull(stream, absl::MakeSpan(got.data(), got.size()));
  EXPECT_TRUE(got == want) << want.size() << " bytes: " << got.substr(0, 100);
  co_return status;
}

Task<absl::Status> ExpectFin(ByteStream& stream) {
  char byte;
  absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(&byte, 1));
  if (!n.ok()) co_return n.status();
  EXPECT_EQ(*n, 0u);
  co_return absl::OkStatus();
}

// Writes for ever, to a peer that does not read.
Task<absl::Status> WriteUntilError(ByteStream& stream) {
  const std::string bytes(100'000, 'x');
  while (true) {
    absl::Status written = co_await WriteAll(stream, bytes);
    if (!written.ok()) co_return written;
  }
}

Task<absl::Status> ReadOneByte(ByteStream& stream) {
  char byte;
  absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(&byte, 1));
  co_return n.status();
}

// Lets everything else run until it waits.
Task<absl::Status> Settle() {
  absl::Status slept = co_await Sleep(absl::Milliseconds(20));
  co_return slept;
}

// Returns once what was sent has been read, however slow the machine is.
Task<absl::Status> NoBufferInUse() {
  while (PooledBuffersInUse() != 0) {
    absl::Status slept = co_await Sleep(absl::Milliseconds(1));
    if (!slept.ok()) co_return slept;
  }
  co_return absl::OkStatus();
}

}  // namespace

TEST_P(ByteStreamSuite, BytesArriveExactlyInAnySplit) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    RunTest([seed](StreamPair& pair) -> Task<absl::Status> {
      const std::string bytes = SomeBytes(1'500'000, seed);
      Executor executor = co_await kThisExecutor;
      TaskGroup group(executor);
      group.SpawnOrCancelAll([&]() -> Task<absl::Status> {
        absl::Status written = co_await WriteInSplits(*pair.a, bytes, seed);
        FAIRWAY_CO_RETURN_IF_ERROR(written);
        written = co_await pair.a->CloseWrite();
        co_return written;
      });
      group.SpawnOrCancelAll([&]() -> Task<absl::Status> {
        absl::StatusOr<std::string> got = co_await ReadInSplits(*pair.b, seed);
        if (!got.ok()) co_return got.status();
        EXPECT_TRUE(*got == bytes) << got->size() << " of " << bytes.size();
        co_return absl::OkStatus();
      });
      absl::Status joined = co_await group.Join();
      co_return joined;
    });
  }
}

TEST_P(ByteStreamSuite, ReadsAndWritesOverlapOnBothEnds) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    const std::string to_b = SomeBytes(2'000'000, 21);
    const std::string to_a = SomeBytes(2'000'000, 22);
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.SpawnOrCancelAll([&]() { return WriteInSplits(*pair.a, to_b, 1); });
    group.SpawnOrCancelAll([&]() { return WriteInSplits(*pair.b, to_a, 2); });
    group.SpawnOrCancelAll([&]() { return ExpectRead(*pair.a, to_a); });
    group.SpawnOrCancelAll([&]() { return ExpectRead(*pair.b, to_b); });
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

TEST_P(ByteStreamSuite, GathersMoreAndEmptierPiecesThanOneCallTakes) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    std::vector<std::string> owned;
    std::string want;
    for (int i = 0; i < 300; ++i) {
      owned.push_back(i % 3 == 0 ? "" : std::to_string(i) + ",");
      want += owned.back();
    }
    std::vector<absl::string_view> pieces(owned.begin(), owned.end());
    absl::Status written = co_await pair.a->Write(pieces);
    if (!written.ok()) co_return written;
    absl::Status nothing = co_await pair.a->Write({});
    if (!nothing.ok()) co_return nothing;
    absl::Status read = co_await ExpectRead(*pair.b, want);
    co_return read;
  });
}

TEST_P(ByteStreamSuite, FinEndsOneDirectionAndTheOtherLivesOn) {
  if (!has_half_close()) GTEST_SKIP() << "no half-close on this transport";
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    absl::Status status = co_await WriteAll(*pair.a, "request");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectRead(*pair.b, "request");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    for (int i = 0; i < 2; ++i) {
      status = co_await ExpectFin(*pair.b);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    for (int i = 0; i < 3; ++i) {
      status = co_await WriteAll(*pair.b, "answer");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ExpectRead(*pair.a, "answer");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    status = co_await pair.b->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectFin(*pair.a);
    co_return status;
  });
}

TEST_P(ByteStreamSuite, NothingCanBeWrittenBehindFin) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    absl::Status status = co_await pair.a->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await WriteAll(*pair.a, "late");
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
    status = co_await ExpectFin(*pair.b);
    co_return status;
  });
}

TEST_P(ByteStreamSuite, CancelledCallsReturnCancelled) {
  using Call = std::function<Task<absl::Status>(ByteStream&)>;
  const std::vector<Call> calls = {
      [](ByteStream& stream) { return ReadOneByte(stream); },
      [](ByteStream& stream) { return stream.WaitReadable(); },
      [](ByteStream& stream) { return WriteUntilError(stream); },
  };
  for (const Call& call : calls) {
    RunTest([&call](StreamPair& pair) -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      TaskGroup group(executor);
      absl::Status result = absl::UnknownError("still waiting");
      group.Spawn([&]() -> Task<absl::Status> {
        result = co_await call(*pair.a);
        co_return result;
      });
      co_await Settle();
      EXPECT_THAT(result, StatusIs(StatusCode::kUnknown));
      group.Cancel();
      absl::Status joined = co_await group.Join();
      EXPECT_THAT(result, StatusIs(StatusCode::kCancelled));
      pair.a->Abort();
      co_return absl::OkStatus();
    });
  }
}

TEST_P(ByteStreamSuite, AbortEndsPendingAndLaterCalls) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    absl::Status read;
    absl::Status written;
    group.Spawn([&]() -> Task<absl::Status> {
      read = co_await ReadOneByte(*pair.a);
      co_return read;
    });
    group.Spawn([&]() -> Task<absl::Status> {
      written = co_await WriteUntilError(*pair.a);
      co_return written;
    });
    co_await Settle();
    pair.a->Abort();
    pair.a->Abort();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(read, StatusIs(StatusCode::kCancelled));
    EXPECT_THAT(written, StatusIs(StatusCode::kCancelled));
    read = co_await ReadOneByte(*pair.a);
    EXPECT_THAT(read, StatusIs(StatusCode::kCancelled));
    read = co_await pair.a->WaitReadable();
    EXPECT_THAT(read, StatusIs(StatusCode::kCancelled));
    written = co_await WriteAll(*pair.a, "late");
    EXPECT_THAT(written, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, AbortIsAResetAtThePeer) {
  if (!reset_is_seen()) GTEST_SKIP() << "no reset on this transport";
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    pair.a->Abort();
    co_await Settle();
    // The reset is told of again, also to another call.
    absl::Status status = co_await ReadOneByte(*pair.b);
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    status = co_await ReadOneByte(*pair.b);
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    status = co_await WriteUntilError(*pair.b);
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, ResetThatAWriteMetIsNoFinForTheReader) {
  if (!reset_is_seen()) GTEST_SKIP() << "no reset on this transport";
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    pair.a->Abort();
    co_await Settle();
    absl::Status status = co_await WriteUntilError(*pair.b);
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    status = co_await ReadOneByte(*pair.b);
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, ResetEndsAWaitingReader) {
  if (!reset_is_seen()) GTEST_SKIP() << "no reset on this transport";
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([&]() { return ReadOneByte(*pair.b); });
    co_await Settle();
    pair.a = nullptr;  // unclosed: as Abort()
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, ResetIsToldToThoseWhoDoNotRead) {
  if (!reset_is_seen()) GTEST_SKIP() << "no reset on this transport";
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::Status broken = absl::UnknownError("waiting");
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await pair.a->WaitBroken();
      broken = status;
      co_return absl::OkStatus();
    });
    // Bytes that nobody reads are nothing that broke.
    absl::Status written = co_await WriteAll(*pair.b, "unread");
    FAIRWAY_CO_RETURN_IF_ERROR(written);
    co_await Settle();
    EXPECT_THAT(broken, StatusIs(StatusCode::kUnknown));
    pair.b->Abort();
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    EXPECT_THAT(broken, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, CancelEndsAWaitForBreakage) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([&]() { return pair.a->WaitBroken(); });
    co_await Settle();
    EXPECT_EQ(group.running(), 1u);
    group.Cancel();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, CloseDeliversWhatWasWritten) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    const std::string bytes = SomeBytes(40'000, 5);
    absl::Status status = co_await WriteAll(*pair.a, bytes);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    pair.a = nullptr;
    status = co_await ExpectRead(*pair.b, bytes);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectFin(*pair.b);
    co_return status;
  });
}

TEST_P(ByteStreamSuite, CloseDeliversAlsoWithUnreadInput) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    absl::Status status = co_await WriteAll(*pair.b, SomeBytes(20'000, 6));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    co_await Settle();
    const std::string bytes = SomeBytes(40'000, 7);
    status = co_await WriteAll(*pair.a, bytes);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    pair.a = nullptr;
    // More than the closer will ever look at; not all transports take it.
    status = co_await WriteAll(*pair.b, SomeBytes(20'000, 8));
    co_await Settle();
    status = co_await ExpectRead(*pair.b, bytes);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectFin(*pair.b);
    co_return status;
  });
}

TEST_P(ByteStreamSuite, CloseEndsAPendingReadAndLaterCalls) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([&]() { return ReadOneByte(*pair.a); });
    co_await Settle();
    absl::Status status = co_await pair.a->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    status = co_await ReadOneByte(*pair.a);
    EXPECT_THAT(status, StatusIs(StatusCode::kCancelled));
    status = co_await ExpectFin(*pair.b);
    co_return status;
  });
}

TEST_P(ByteStreamSuite, WaitReadableTakesNothingAway) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    bool readable = false;
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await pair.b->WaitReadable();
      readable = true;
      co_return status;
    });
    co_await Settle();
    EXPECT_FALSE(readable);
    absl::Status status = co_await WriteAll(*pair.a, "bytes");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.b->WaitReadable();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectRead(*pair.b, "by");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.b->WaitReadable();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectRead(*pair.b, "tes");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    for (int i = 0; i < 2; ++i) {
      status = co_await pair.b->WaitReadable();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await ExpectFin(*pair.b);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    co_return absl::OkStatus();
  });
}

TEST_P(ByteStreamSuite, StreamThatBothEndsFinishedDiesInPeace) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    absl::Status status = co_await WriteAll(*pair.a, "last words");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.a->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await pair.b->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectFin(*pair.a);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    pair.a = nullptr;
    co_await Settle();
    status = co_await ExpectRead(*pair.b, "last words");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectFin(*pair.b);
    co_return status;
  });
}

TEST_P(ByteStreamSuite, NoBufferIsHeldWhileNothingComes) {
  RunTest([](StreamPair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    for (ByteStream* stream : {pair.a.get(), pair.b.get()}) {
      group.Spawn([stream]() -> Task<absl::Status> {
        std::vector<char> buf(100'000);
        while (true) {
          absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(buf));
          if (!n.ok()) co_return n.status();
        }
      });
    }
    // Exactly one, and more than one, of what is read at once.
    for (size_t size : {1, 64 * 1024, 300'000}) {
      const std::string bytes = SomeBytes(size, 9);
      absl::Status status = co_await WriteAll(*pair.a, bytes);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await WriteAll(*pair.b, bytes);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      co_await Settle();
      absl::Status released =
          co_await WithDeadline(absl::Seconds(5), "buffers", NoBufferInUse);
      EXPECT_THAT(released, IsOk()) << PooledBuffersInUse() << " in use";
    }
    group.Cancel();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
}

}  // namespace fairway::net
