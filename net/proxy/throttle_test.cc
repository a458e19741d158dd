// SPDX-License-Identifier: Apache-2.0
#include "net/proxy/throttle.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/pipe.h"

namespace fairway::net::proxy {
namespace {

using absl::StatusCode;

enum class Direction { kRead, kWrite };

class ThrottleTest : public ::testing::TestWithParam<Direction> {};

// Moves `bytes` through one end of a pipe; the time that it took.
absl::Duration Move(Direction direction, size_t bytes, int64_t bytes_per_sec) {
  const auto begun = std::chrono::steady_clock::now();
  absl::Status status = RunLoop([=]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto ends = MakePipe(executor, 1 << 20);
    std::unique_ptr<ByteStream> plain = std::move(ends.first);
    std::unique_ptr<ByteStream> slow =
        Throttle(std::move(ends.second), bytes_per_sec);
    ByteStream& from = direction == Direction::kRead ? *plain : *slow;
    ByteStream& to = direction == Direction::kRead ? *slow : *plain;
    TaskGroup group(executor);
    const std::string sent(bytes, 'x');
    group.Spawn([&from, &sent]() -> Task<absl::Status> {
      absl::Status written = co_await WriteAll(from, sent);
      if (!written.ok()) co_return written;
      absl::Status closed = co_await from.CloseWrite();
      co_return closed;
    });
    std::string got(bytes, '\0');
    absl::Status read =
        co_await ReadFull(to, absl::MakeSpan(&got[0], got.size()));
    if (!read.ok()) co_return read;
    EXPECT_EQ(got, sent);
    char more;
    absl::StatusOr<size_t> end = co_await to.Read(absl::MakeSpan(&more, 1));
    EXPECT_TRUE(end.ok() && *end == 0);
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(status, IsOk());
  return absl::FromChrono(std::chrono::steady_clock::now() - begun);
}

TEST_P(ThrottleTest, KeepsToTheRate) {
  // The first tenth is free: 0.4 s for the rest.
  const absl::Duration taken = Move(GetParam(), 50000, 100000);
  EXPECT_GE(taken, absl::Milliseconds(390));
  EXPECT_LT(taken, absl::Seconds(3));
}

TEST_P(ThrottleTest, PassesBytesEvenAtTheLowestRate) {
  EXPECT_GE(Move(GetParam(), 3, 5), absl::Milliseconds(390));
}

TEST_P(ThrottleTest, NoLimitIsNoWait) {
  EXPECT_LT(Move(GetParam(), 500000, 0), absl::Seconds(2));
}

INSTANTIATE_TEST_SUITE_P(Both, ThrottleTest,
                         ::testing::Values(Direction::kRead, Direction::kWrite),
                         [](const auto& info) {
                           return info.param == Direction::kRead ? "Read"
                                                                 : "Write";
                         });

TEST(ThrottledStreamTest, AWaitForItsTurnCanBeCancelled) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto ends = MakePipe(executor);
    std::unique_ptr<ByteStream> slow = Throttle(std::move(ends.second), 1);
    ByteStream* stream = slow.get();
    absl::Status timed = co_await WithDeadline(
        absl::Milliseconds(10), "write", [stream]() -> Task<absl::Status> {
          absl::Status written = co_await WriteAll(*stream, "abc");
          co_return written;
        });
    co_return timed;
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace fairway::net::proxy
