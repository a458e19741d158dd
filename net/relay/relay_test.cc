// SPDX-License-Identifier: Apache-2.0
#include "net/relay/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"
#include "net/io/testing/transport.h"
#include "net/io/testing/transports.h"

namespace fairway::net {
namespace {

using absl::StatusCode;

// A relay between two connections; the tests hold their outer ends.
struct Relayed {
  StreamPair left;   // left.a is outside
  StreamPair right;  // right.b is outside
  RelayCounts counts;
  absl::Status result = absl::UnknownError("running");

  ByteStream& a() { return *left.a; }
  ByteStream& b() { return *right.b; }
};

class RelayTest : public ::testing::TestWithParam<Transport> {
 protected:
  // `body` ends the relay, or `group` does for it.
  void RunTest(std::function<Task<absl::Status>(Relayed&, TaskGroup&)> body) {
    absl::Status status = RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      absl::StatusOr<StreamPair> left = co_await GetParam().make();
      if (!left.ok()) co_return left.status();
      absl::StatusOr<StreamPair> right = co_await GetParam().make();
      if (!right.ok()) co_return right.status();
      Relayed relayed{*std::move(left), *std::move(right)};
      TaskGroup group(executor);
      group.Spawn([&relayed]() -> Task<absl::Status> {
        relayed.result =
            co_await Relay(*relayed.left.b, *relayed.right.a, &relayed.counts);
        co_return absl::OkStatus();
      });
      absl::Status ended = co_await WithDeadline(
          absl::Seconds(8), "the test", [&]() { return body(relayed, group); });
      group.Cancel();
      absl::Status joined = co_await group.Join();
      co_return ended;
    });
    EXPECT_THAT(status, IsOk());
  }
};

Task<absl::Status> Send(ByteStream& stream, const std::string& bytes) {
  absl::Status status = co_await WriteAll(stream, bytes);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await stream.CloseWrite();
  co_return status;
}

Task<absl::Status> ExpectAll(ByteStream& stream, const std::string& want) {
  absl::StatusOr<std::string> got = co_await ReadAll(stream);
  if (!got.ok()) co_return got.status();
  EXPECT_TRUE(*got == want) << got->size() << " of " << want.size();
  co_return absl::OkStatus();
}

TEST_P(RelayTest, BothDirectionsArriveAndAreCounted) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    const std::string to_b = SomeBytes(3'000'000, 1);
    const std::string to_a = SomeBytes(1'000'000, 2);
    group.Spawn([&]() { return Send(relayed.a(), to_b); });
    group.Spawn([&]() { return Send(relayed.b(), to_a); });
    group.Spawn([&]() { return ExpectAll(relayed.a(), to_a); });
    group.Spawn([&]() { return ExpectAll(relayed.b(), to_b); });
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(relayed.result, IsOk());
    EXPECT_EQ(relayed.counts.a_to_b_bytes, to_b.size());
    EXPECT_EQ(relayed.counts.b_to_a_bytes, to_a.size());
    co_return joined;
  });
}

TEST_P(RelayTest, FinIsPassedOnAndTheOtherDirectionLivesOn) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    absl::Status status = co_await Send(relayed.a(), "request");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectAll(relayed.b(), "request");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(relayed.result, StatusIs(StatusCode::kUnknown, "running"));
    status = co_await Send(relayed.b(), "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectAll(relayed.a(), "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(relayed.result, IsOk());
    EXPECT_EQ(relayed.counts.a_to_b_bytes, 7u);
    EXPECT_EQ(relayed.counts.b_to_a_bytes, 6u);
    co_return joined;
  });
}

TEST_P(RelayTest, ResetOfOneEndIsAResetAtTheOther) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    relayed.a().Abort();
    absl::StatusOr<std::string> got = co_await ReadAll(relayed.b());
    EXPECT_THAT(got, StatusIs(StatusCode::kAborted));
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(relayed.result, StatusIs(StatusCode::kAborted));
    co_return joined;
  });
}

TEST_P(RelayTest, CancelEndsBothWithAReset) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    group.Cancel();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(relayed.result, StatusIs(StatusCode::kCancelled));
    for (ByteStream* stream : {&relayed.a(), &relayed.b()}) {
      absl::StatusOr<std::string> got = co_await ReadAll(*stream);
      EXPECT_THAT(got, StatusIs(StatusCode::kAborted));
    }
    co_return joined;
  });
}

TEST_P(RelayTest, NoBufferIsHeldWhileNothingComes) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    for (size_t size : {1, 64 * 1024, 256 * 1024}) {
      const std::string bytes = SomeBytes(size, 3);
      group.Spawn([&relayed, bytes]() -> Task<absl::Status> {
        absl::Status status = co_await WriteAll(relayed.a(), bytes);
        co_return status;
      });
      std::string got(size, '\0');
      absl::Status read = co_await ReadFull(
          relayed.b(), absl::MakeSpan(got.data(), got.size()));
      FAIRWAY_CO_RETURN_IF_ERROR(read);
      EXPECT_TRUE(got == bytes);
      co_await Sleep(absl::Milliseconds(10));
      EXPECT_EQ(PooledBuffersInUse(), 0u);
    }
    co_return absl::OkStatus();
  });
}

TEST_P(RelayTest, SlowReaderHoldsUpItsWriterOnly) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    // Nobody reads at b, for now.
    const std::string flood = SomeBytes(16'000'000, 4);
    bool flooded = false;
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await WriteAll(relayed.a(), flood);
      flooded = true;
      co_return status;
    });
    absl::Status status = co_await Send(relayed.b(), "unhindered");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ExpectAll(relayed.a(), "unhindered");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_FALSE(flooded);
    std::string got(flood.size(), '\0');
    status =
        co_await ReadFull(relayed.b(), absl::MakeSpan(got.data(), got.size()));
    EXPECT_TRUE(got == flood);
    co_return status;
  });
}

// Waits until the relay has moved what it can and stands still.
Task<absl::Status> WaitUntilPaused(Relayed& relayed) {
  uint64_t before = 0;
  do {
    before = relayed.counts.a_to_b_bytes;
    absl::Status slept = co_await Sleep(absl::Milliseconds(100));
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
  } while (before == 0 || before != relayed.counts.a_to_b_bytes);
  co_return absl::OkStatus();
}

// An upload into a pod that has stopped reading, whose application gives up:
// the pod's socket stayed open for ever.
TEST_P(RelayTest, ResetOfASourceThatIsNotReadArrives) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    const std::string flood = SomeBytes(16'000'000, 5);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await WriteAll(relayed.a(), flood);
      EXPECT_THAT(status, StatusIs(StatusCode::kCancelled));
      co_return absl::OkStatus();
    });
    absl::Status paused = co_await WaitUntilPaused(relayed);
    FAIRWAY_CO_RETURN_IF_ERROR(paused);
    relayed.a().Abort();
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    EXPECT_THAT(relayed.result, StatusIs(StatusCode::kAborted));
    absl::StatusOr<std::string> got = co_await ReadAll(relayed.b());
    EXPECT_THAT(got, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

// A long-lived upload that pauses: its watch had ended with the first pause.
class RelayAfterAPauseTest : public RelayTest {};

TEST_P(RelayAfterAPauseTest, ResetArrives) {
  RunTest([](Relayed& relayed, TaskGroup& group) -> Task<absl::Status> {
    absl::Status status = co_await WriteAll(relayed.a(), "hello");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Sleep(1.2 * kPatienceWithBrokenSource);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    const std::string flood = SomeBytes(16'000'000, 6);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status written = co_await WriteAll(relayed.a(), flood);
      EXPECT_THAT(written, StatusIs(StatusCode::kCancelled));
      co_return absl::OkStatus();
    });
    status = co_await WaitUntilPaused(relayed);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // Beyond the moment in which the watch looks whether anything moves.
    status = co_await Sleep(1.2 * kPatienceWithBrokenSource);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    relayed.a().Abort();
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    EXPECT_THAT(relayed.result, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

INSTANTIATE_TEST_SUITE_P(All, RelayTest,
                         ::testing::Values(Transport{"Pipe", MakePipePair},
                                           Transport{"Tcp", MakeTcpPair},
                                           Transport{"TlsOverTcp",
                                                     MakeTlsOverTcpPair}),
                         TransportName);

INSTANTIATE_TEST_SUITE_P(All, RelayAfterAPauseTest,
                         ::testing::Values(Transport{"Tcp", MakeTcpPair}),
                         TransportName);

}  // namespace
}  // namespace fairway::net
