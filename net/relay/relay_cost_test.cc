// SPDX-License-Identifier: Apache-2.0
// What a direction of a relay holds and does while nothing comes, and while the
// other side takes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"
#include "net/io/testing/transport.h"
#include "net/io/testing/transports.h"
#include "net/relay/relay.h"

namespace fairway::net {
namespace {

// Sanitizers have a malloc of their own, which counts nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMallocCounts = false;
#else
constexpr bool kMallocCounts = true;
#endif

size_t BytesInUse() { return mallinfo2().uordblks; }

// A source that gives what the test says, and a sink that takes nothing until
// the test says so.
class FakeStream final : public ByteStream {
 public:
  explicit FakeStream(Executor executor) : changed_(executor) {}

  void Give(size_t bytes) {
    given_ = bytes;
    changed_.NotifyAll();
  }
  void Take() {
    taken_ = true;
    changed_.NotifyAll();
  }
  const char* read_into() const { return read_into_; }
  const char* written_from() const { return written_from_; }
  int writes() const { return writes_; }
  int waits_for_break() const { return waits_for_break_; }
  int asked_for_break() const { return asked_for_break_; }

  // Returns once `done` says so.
  Task<absl::Status> WaitUntil(std::function<bool()> done) {
    while (!done()) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    read_into_ = buf.data();
    const size_t n = std::min(std::exchange(given_, 0), buf.size());
    co_return n;
  }
  Task<absl::Status> WaitReadable() override {
    absl::Status waited = co_await WaitUntil([this] { return given_ > 0; });
    co_return waited;
  }
  Task<absl::Status> WaitBroken() override {
    ++asked_for_break_;
    ++waits_for_break_;
    absl::Status waited = co_await WaitUntil([] { return false; });
    --waits_for_break_;
    changed_.NotifyAll();
    co_return waited;
  }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    written_from_ = pieces.front().data();
    ++writes_;
    changed_.NotifyAll();
    absl::Status waited = co_await WaitUntil([this] { return taken_; });
    taken_ = false;
    co_return waited;
  }
  Task<absl::Status> CloseWrite() override { co_return absl::OkStatus(); }
  Task<absl::Status> Close() override { co_return absl::OkStatus(); }
  void Abort() override {}

 private:
  Condition changed_;
  size_t given_ = 0;
  bool taken_ = false;
  const char* read_into_ = nullptr;
  const char* written_from_ = nullptr;
  int writes_ = 0;
  int waits_for_break_ = 0;  // now
  int asked_for_break_ = 0;  // ever
};

// Runs `body` beside a direction between two of them.
void RunCopy(
    std::function<Task<absl::Status>(FakeStream& from, FakeStream& to)> body) {
  absl::Status status = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    FakeStream from(executor);
    FakeStream to(executor);
    TaskGroup copy(executor);
    copy.Spawn([&from, &to]() { return CopyUntilFin(from, to); });
    absl::Status ended =
        co_await WithDeadline(absl::Seconds(8), "the test",
                              [&body, &from, &to]() { return body(from, to); });
    copy.Cancel();
    absl::Status joined = co_await copy.Join();
    EXPECT_THAT(joined, StatusIs(absl::StatusCode::kCancelled));
    co_return ended;
  });
  EXPECT_THAT(status, IsOk());
}

// It was woken twice in each half of a second.
TEST(RelayCostTest, StalledDirectionIsWokenByNobodyUntilItsWriteEnds) {
  RunCopy([](FakeStream& from, FakeStream& to) -> Task<absl::Status> {
    from.Give(1);
    absl::Status slept = co_await Sleep(absl::Milliseconds(1200));
    EXPECT_THAT(slept, IsOk());
    EXPECT_EQ(from.waits_for_break(), 1);
    EXPECT_EQ(from.asked_for_break(), 1);
    to.Take();
    std::function<bool()> unwatched = [&from] {
      return from.waits_for_break() == 0;
    };
    absl::Status ended = co_await from.WaitUntil(std::move(unwatched));
    co_return ended;
  });
}

TEST(RelayCostTest, LittleBehindMuchHoldsNoLargeBufferWhileItsWriteStalls) {
  RunCopy([](FakeStream& from, FakeStream& to) -> Task<absl::Status> {
    int writes = 1;
    std::function<bool()> written = [&to, &writes] {
      return to.writes() == writes;
    };
    from.Give(static_cast<size_t>(BufferSize::kSmall));
    absl::Status began = co_await to.WaitUntil(written);
    if (!began.ok()) co_return began;
    ++writes;
    from.Give(1);
    to.Take();
    began = co_await to.WaitUntil(written);
    if (!began.ok()) co_return began;
    EXPECT_NE(to.written_from(), from.read_into());
    // It is back in the reserve.
    const PooledBuffer large(BufferSize::kLarge);
    EXPECT_EQ(large.data(), from.read_into());
    co_return absl::OkStatus();
  });
}

// A relay between two connections, of which the test has the outer ends.
struct Relayed {
  StreamPair left;
  StreamPair right;
};

Task<absl::Status> SendAByte(ByteStream& from, ByteStream& to) {
  absl::Status written = co_await WriteAll(from, "x");
  if (!written.ok()) co_return written;
  char byte;
  absl::StatusOr<size_t> n = co_await to.Read(absl::MakeSpan(&byte, 1));
  co_return n.status();
}

// Waits until `count` relays, each of which bytes have gone through both ways,
// hold at most `limit` bytes each.
Task<absl::Status> WaitUntilIdleRelaysHold(size_t count, size_t limit) {
  Executor executor = co_await kThisExecutor;
  std::vector<Relayed> relayed;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<StreamPair> left = co_await MakePipePair();
    if (!left.ok()) co_return left.status();
    absl::StatusOr<StreamPair> right = co_await MakePipePair();
    if (!right.ok()) co_return right.status();
    relayed.push_back({*std::move(left), *std::move(right)});
  }
  // The reserve of buffers is no relay's.
  PooledBuffer(BufferSize::kSmall).Release();
  TaskGroup relays(executor);
  const size_t before = BytesInUse();
  for (Relayed& each : relayed) {
    relays.Spawn([&each]() { return Relay(*each.left.b, *each.right.a); });
    absl::Status sent = co_await SendAByte(*each.left.a, *each.right.b);
    if (sent.ok()) sent = co_await SendAByte(*each.right.b, *each.left.a);
    if (!sent.ok()) co_return sent;
  }
  size_t held = 0;
  absl::Status slept;
  do {
    slept = co_await Sleep(absl::Milliseconds(50));
    held = (BytesInUse() - before) / count;
  } while (slept.ok() && held > limit);
  EXPECT_LE(held, limit);
  relays.Cancel();
  absl::Status joined = co_await relays.Join();
  joined.IgnoreError();
  co_return slept;
}

TEST(RelayCostTest, IdleRelayHoldsLittle) {
  if (!kMallocCounts) GTEST_SKIP() << "malloc is the sanitizer's";
  // 200 bytes a direction and 200 for both; the rest are the tasks that they
  // run in and the waits of the streams.
  constexpr size_t kLimit = 3300;
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::Status held = co_await WithDeadline(
        absl::Seconds(3), "hold little",
        []() { return WaitUntilIdleRelaysHold(100, kLimit); });
    co_return held;
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace
}  // namespace fairway::net
