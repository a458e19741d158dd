// SPDX-License-Identifier: Apache-2.0
#include "net/relay/relay.h"

#include <utility>

#include "absl/time/time.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"

namespace fairway::net {
namespace {

// A read that gives so much says that more is coming faster than we fetch it.
constexpr size_t kMuchAtOnce = 32 * 1024;
// How often somebody looks whether a write still is the same.
constexpr absl::Duration kLookAgain = absl::Milliseconds(250);

// One direction.
struct Copy {
  Copy(Executor executor, ByteStream& f, ByteStream& t, uint64_t* b,
       std::function<void()> g)
      : from(f), to(t), bytes(b), on_given_up(std::move(g)), watch(executor) {}

  ByteStream& from;
  ByteStream& to;
  uint64_t* const bytes;
  const std::function<void()> on_given_up;
  uint64_t writes = 0;
  bool writing = false;
  bool watched = false;
  absl::Status broken;  // not OK: `from` broke while it was not read
  TaskGroup watch;
};

// Ends a direction whose source breaks while the other side takes nothing. A
// source that is read says so itself, behind the bytes that came before. Runs
// while bytes move, and a moment longer: who is idle has no watch.
Task<absl::Status> WatchSource(Copy& copy) {
  std::function<Task<absl::Status>()> wait_broken = [&copy]() {
    return copy.from.WaitBroken();
  };
  absl::Status broken;
  while (true) {
    uint64_t writes = copy.writes;
    absl::Status slept = co_await Sleep(kLookAgain);
    if (!slept.ok()) co_return slept;
    if (!copy.writing) {
      copy.watched = false;
      co_return absl::OkStatus();
    }
    if (copy.writes != writes) continue;
    if (broken.ok()) {
      absl::Status waited =
          co_await WithDeadline(kLookAgain, "watch", wait_broken);
      if (absl::IsCancelled(waited)) co_return waited;
      if (absl::IsDeadlineExceeded(waited)) continue;
      broken = waited;
    }
    writes = copy.writes;
    slept = co_await Sleep(kPatienceWithBrokenSource);
    if (!slept.ok()) co_return slept;
    if (copy.writing && copy.writes == writes) break;
  }
  copy.broken = broken;
  // At once: the write may hold on to its bytes until they have gone.
  copy.from.Abort();
  if (copy.on_given_up) copy.on_given_up();
  copy.to.Abort();
  co_return broken;
}

// Copies what one Read gives; the bytes copied, 0 at FIN. `size` is what to
// take for it, and gets what to take for the next.
Task<absl::StatusOr<size_t>> CopyOnce(Copy& copy, BufferSize& size) {
  PooledBuffer buffer(size);
  absl::StatusOr<size_t> n = co_await copy.from.Read(buffer.span());
  if (!n.ok()) co_return n;
  if (*n == 0) co_return 0;
  size = *n >= kMuchAtOnce ? BufferSize::kLarge : BufferSize::kSmall;
  ++copy.writes;
  copy.writing = true;
  if (!std::exchange(copy.watched, true)) {
    copy.watch.Spawn([&copy]() { return WatchSource(copy); });
  }
  absl::Status written =
      co_await WriteAll(copy.to, absl::string_view(buffer.data(), *n));
  copy.writing = false;
  if (!written.ok()) co_return written;
  co_return *n;
}

Task<absl::Status> CopyAll(Copy& copy) {
  BufferSize size = BufferSize::kSmall;
  while (true) {
    // No buffer while nothing comes. A stream that has more returns at once.
    absl::Status ready = co_await copy.from.WaitReadable();
    if (!ready.ok()) co_return ready;
    absl::StatusOr<size_t> copied = co_await CopyOnce(copy, size);
    if (!copied.ok()) co_return copied.status();
    if (*copied == 0) break;
    if (copy.bytes != nullptr) *copy.bytes += *copied;
  }
  absl::Status closed = co_await copy.to.CloseWrite();
  co_return closed;
}

}  // namespace

Task<absl::Status> CopyUntilFin(ByteStream& from, ByteStream& to,
                                uint64_t* bytes,
                                std::function<void()> on_given_up) {
  Executor executor = co_await kThisExecutor;
  Copy copy(executor, from, to, bytes, std::move(on_given_up));
  absl::Status copied = co_await CopyAll(copy);
  copy.watch.Cancel();
  co_await copy.watch.Join();
  co_return copy.broken.ok() ? copied : copy.broken;
}

Task<absl::Status> Relay(ByteStream& a, ByteStream& b, RelayCounts* counts) {
  RelayCounts ignored;
  RelayCounts& c = counts == nullptr ? ignored : *counts;
  Executor executor = co_await kThisExecutor;
  TaskGroup other(executor);
  absl::Status failure;  // the first that was not kCancelled
  const auto end = [&](const absl::Status& copied) {
    if (copied.ok()) return;
    if (failure.ok() || absl::IsCancelled(failure)) failure = copied;
    a.Abort();
    b.Abort();
  };
  other.Spawn([&]() -> Task<absl::Status> {
    absl::Status copied = co_await CopyUntilFin(b, a, &c.b_to_a_bytes);
    end(copied);
    co_return copied;
  });
  absl::Status copied = co_await CopyUntilFin(a, b, &c.a_to_b_bytes);
  end(copied);
  absl::Status joined = co_await other.Join();
  co_return failure.ok() ? joined : failure;
}

}  // namespace fairway::net
