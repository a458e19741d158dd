// SPDX-License-Identifier: Apache-2.0
// What windows are worth on a link that takes time. Latency is what these tests
// are about, so they have some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/receive_budget.h"
#include "httpstream/spdy/testing/link.h"
#include "httpstream/spdy/testing/session_pair.h"

namespace fairway::httpstream::spdy {
namespace {

using Clock = std::chrono::steady_clock;

// 6 MB/s and 60 ms there and back: 360 kB are under way when it is full.
constexpr int64_t kLinkBytesPerSecond = 6000000;
constexpr absl::Duration kDelay = absl::Milliseconds(30);

SessionOptions SmallWindows(int64_t max_stream_window_bytes) {
  SessionOptions options;
  options.stream_window_bytes = 64 * 1024;
  options.session_window_bytes = 64 * 1024;
  options.max_stream_window_bytes = max_stream_window_bytes;
  return options;
}

void OverLink(SessionOptions options,
              std::function<Task<absl::Status>(Pair&)> body) {
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup carriers(executor);
    auto [a, b] = MakeLink(carriers, kLinkBytesPerSecond, kDelay);
    Pair pair(executor, std::move(a), std::move(b), options);
    absl::Status status = co_await WithDeadline(
        absl::Seconds(5), "test",
        [&]() -> Task<absl::Status> { return body(pair); });
    pair.client->Abort();
    pair.server->Abort();
    pair.accepted.clear();
    carriers.Cancel();
    absl::Status carried = co_await carriers.Join();
    EXPECT_THAT(carried.code(), ::testing::AnyOf(absl::StatusCode::kOk,
                                                 absl::StatusCode::kCancelled));
    co_return status;
  });
  EXPECT_THAT(result, IsOk());
}

Task<absl::Status> Fill(Stream& stream) {
  const std::string bytes(64 * 1024, 'x');
  while (true) {
    absl::Status written = co_await net::WriteAll(stream, bytes);
    if (!written.ok()) co_return written;
  }
}

Task<absl::Status> Drink(Stream& stream, int64_t bytes) {
  std::string buf(64 * 1024, '\0');
  while (bytes > 0) {
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    bytes -= static_cast<int64_t>(*n);
  }
  co_return absl::OkStatus();
}

// Reads from `streams` streams: as much as it takes for windows to grow, and
// then what is measured; sets the share of the link that was used.
Task<absl::Status> Measure(Pair& pair, int streams, int64_t warm_up_bytes,
                           int64_t bytes, double* share) {
  Executor executor = co_await kThisExecutor;
  std::vector<std::unique_ptr<Stream>> near;
  TaskGroup writers(executor);
  for (int i = 0; i < streams; ++i) {
    absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
    if (!stream.ok()) co_return stream.status();
    near.push_back(*std::move(stream));
    Stream* far = pair.accepted.back().get();
    writers.Spawn([far] { return Fill(*far); });
  }
  Clock::time_point start;
  for (int64_t part : {warm_up_bytes, bytes}) {
    start = Clock::now();
    TaskGroup readers(executor);
    for (const auto& stream : near) {
      Stream* reader = stream.get();
      const int64_t its_part = part / streams;
      readers.Spawn([reader, its_part] { return Drink(*reader, its_part); });
    }
    absl::Status read = co_await readers.Join();
    if (!read.ok()) co_return read;
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  *share = static_cast<double>(bytes) / took.count() / kLinkBytesPerSecond;
  near.clear();
  absl::Status written = co_await writers.Join();
  EXPECT_THAT(written, StatusIs(absl::StatusCode::kAborted));
  co_return absl::OkStatus();
}

double ShareOfLink(int64_t max_stream_window_bytes, int streams,
                   int64_t warm_up_bytes, int64_t bytes) {
  double share = 0;
  OverLink(SmallWindows(max_stream_window_bytes),
           [&](Pair& pair) -> Task<absl::Status> {
             absl::Status measured =
                 co_await Measure(pair, streams, warm_up_bytes, bytes, &share);
             co_return measured;
           });
  return share;
}

// A busy machine makes the link look longer, for all of them alike; so they are
// compared with one another: 64 KiB in 60 ms are 18 % of the link.
TEST(SessionWindowsTest, GrowUntilTheLinkIsFullOrToTheCap) {
  const double fixed = ShareOfLink(64 * 1024, 1, 128 << 10, 256 << 10);
  EXPECT_GT(fixed, 0);
  EXPECT_LT(fixed, 0.23);
  const double capped = ShareOfLink(128 * 1024, 1, 512 << 10, 512 << 10);
  EXPECT_LT(capped, 0.45);
  const double grown = ShareOfLink(4 << 20, 1, 1200 << 10, 1200 << 10);
  EXPECT_GT(grown, 2.5 * fixed);
  EXPECT_LT(grown, 1.1);
  // Each of these could do with the window that it has; the session could not.
  const double together = ShareOfLink(4 << 20, 16, 1200 << 10, 1200 << 10);
  EXPECT_GT(together, 2.5 * fixed);
}

TEST(SessionWindowsTest, StreamThatNobodyReadsKeepsItsFirstWindow) {
  OverLink(SmallWindows(4 << 20), [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Stream>> unread = co_await Open(pair);
    if (!unread.ok()) co_return unread.status();
    TaskGroup writers(executor);
    Stream* far = pair.accepted.back().get();
    writers.Spawn([far] { return Fill(*far); });
    double share = 0;
    absl::Status measured =
        co_await Measure(pair, 1, 512 << 10, 256 << 10, &share);
    EXPECT_THAT(measured, IsOk());
    EXPECT_EQ(ReceiveBudget::process_bytes(), 64u * 1024);
    (*unread)->Reset();
    absl::Status written = co_await writers.Join();
    EXPECT_THAT(written, StatusIs(absl::StatusCode::kAborted));
    co_return measured;
  });
}

TEST(SessionWindowsTest, RoundTripIsKnownOnceAPingWasAnswered) {
  OverLink(SessionOptions(), [](Pair& pair) -> Task<absl::Status> {
    EXPECT_FALSE(pair.client->RoundTripTime().has_value());
    absl::StatusOr<bool> apart = co_await pair.client->KeepsStreamsApart();
    if (!apart.ok()) co_return apart.status();
    absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
    if (!stream.ok()) co_return stream.status();
    EXPECT_GE(pair.client->RoundTripTime().value_or(absl::ZeroDuration()),
              2 * kDelay);
    // The server has sent none.
    EXPECT_FALSE(pair.server->RoundTripTime().has_value());
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
