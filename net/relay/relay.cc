// SPDX-License-Identifier: Apache-2.0
#include "net/relay/relay.h"

#include <cstring>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"

namespace fairway::net {
namespace {

// A read that gives so much says that more is coming faster than we fetch it.
constexpr size_t kMuchAtOnce = 32 * 1024;
// A write that takes longer has stalled; noticed within twice that.
constexpr absl::Duration kLookAgain = absl::Milliseconds(250);

// Both directions of a Relay.
struct Both {
  void NoteEnd(const absl::Status& status) {
    if (status.ok()) return;
    if (failure.ok() || absl::IsCancelled(failure)) failure = status;
    a.Abort();
    b.Abort();
  }

  ByteStream& a;
  ByteStream& b;
  RelayCounts* counts;
  absl::Status failure;  // the first that was not kCancelled
};

// What runs beside a direction while bytes move, and a moment longer.
struct Watch {
  explicit Watch(Executor executor) : task(executor) {}

  TaskGroup task;
  bool waits = false;   // for the source to break, or the write to end
  absl::Status broken;  // why the direction was given up
};

// One direction. There are two for each idle connection: bytes count.
struct Copy {
  ByteStream& from;
  ByteStream& to;
  uint64_t* bytes;
  const std::function<void()>* on_given_up = nullptr;
  Both* both = nullptr;
  std::unique_ptr<Watch> watch;
  uint32_t writes = 0;
  bool writing = false;
  bool much = false;  // what the last Read gave
  bool ended = false;
};

// Ends a direction whose source breaks while the other side takes nothing. A
// source that is read says so itself, behind the bytes that came before.
Task<absl::Status> WatchSource(Copy& copy) {
  uint32_t writes;
  do {
    writes = copy.writes;
    absl::Status slept = co_await Sleep(kLookAgain);
    if (!slept.ok()) co_return slept;
    if (!copy.writing) {
      // It holds this very task. Who is idle has none.
      copy.watch.reset();
      co_return absl::OkStatus();
    }
  } while (copy.writes != writes);
  copy.watch->waits = true;
  absl::Status broken = co_await copy.from.WaitBroken();
  if (absl::IsCancelled(broken)) co_return broken;
  absl::Status slept = co_await Sleep(kPatienceWithBrokenSource);
  if (!slept.ok()) co_return slept;
  copy.watch->broken = broken;
  // At once: the write may hold on to its bytes until they have gone.
  copy.from.Abort();
  if (copy.on_given_up != nullptr) (*copy.on_given_up)();
  copy.to.Abort();
  co_return broken;
}

// Why the watch gave the direction up; OK if it did not.
Task<absl::Status> EndWatch(Copy& copy) {
  const std::unique_ptr<Watch> watch = std::move(copy.watch);
  if (watch == nullptr) co_return absl::OkStatus();
  watch->task.Cancel();
  absl::Status joined = co_await watch->task.Join();
  joined.IgnoreError();
  co_return watch->broken;
}

Task<absl::Status> Write(Copy& copy, absl::string_view piece) {
  ++copy.writes;
  copy.writing = true;
  if (copy.watch == nullptr) {
    Executor executor = co_await kThisExecutor;
    copy.watch = std::make_unique<Watch>(executor);
    copy.watch->task.Spawn([&copy]() { return WatchSource(copy); });
  }
  absl::Status written = co_await copy.to.Write(absl::MakeSpan(&piece, 1));
  copy.writing = false;
  if (copy.watch == nullptr || !copy.watch->waits) co_return written;
  absl::Status given_up = co_await EndWatch(copy);
  co_return given_up.ok() ? written : given_up;
}

// The last words of a direction in which nothing more comes, for `why`: OK for
// the peer's FIN.
Task<absl::Status> Finish(Copy& copy, const absl::Status& why) {
  copy.ended = true;
  absl::Status ended = why;
  if (ended.ok()) ended = co_await copy.to.CloseWrite();
  absl::Status stopped = co_await EndWatch(copy);
  stopped.IgnoreError();
  if (copy.both != nullptr) copy.both->NoteEnd(ended);
  co_return ended;
}

// Copies what one Read gives.
Task<absl::Status> CopyOnce(Copy& copy) {
  PooledBuffer buffer(copy.much ? BufferSize::kLarge : BufferSize::kSmall);
  absl::StatusOr<size_t> n = co_await copy.from.Read(buffer.span());
  absl::Status status = n.status();
  if (status.ok() && *n > 0) {
    const bool much = *n >= kMuchAtOnce;
    if (copy.much && !much) {
      // Little must not hold so much while it waits for the other side.
      PooledBuffer small(BufferSize::kSmall);
      std::memcpy(small.data(), buffer.data(), *n);
      buffer = std::move(small);
    }
    copy.much = much;
    status = co_await Write(copy, absl::string_view(buffer.data(), *n));
    if (status.ok()) {
      if (copy.bytes != nullptr) *copy.bytes += *n;
      co_return status;
    }
  }
  buffer.Release();
  status = co_await Finish(copy, status);
  co_return status;
}

// What follows a wait for bytes. No coroutine: that would be one more.
Task<absl::Status> GoOn(Copy& copy, const absl::Status& ready) {
  return ready.ok() ? CopyOnce(copy) : Finish(copy, ready);
}

// All that an idle direction holds, so what comes behind a wait is elsewhere.
Task<absl::Status> Run(Copy copy) {
  while (true) {
    // No buffer while nothing comes. A stream that has more returns at once.
    absl::Status ready = co_await copy.from.WaitReadable();
    absl::Status status = co_await GoOn(copy, ready);
    if (copy.ended) co_return status;
  }
}

Task<absl::Status> RunOneOf(Both& both, ByteStream& from, ByteStream& to) {
  RelayCounts* const counts = both.counts;
  uint64_t* bytes = nullptr;
  if (counts != nullptr) {
    bytes = &from == &both.a ? &counts->a_to_b_bytes : &counts->b_to_a_bytes;
  }
  return Run(Copy{from, to, bytes, nullptr, &both});
}

Task<absl::Status> RunBoth(Both both) {
  Executor executor = co_await kThisExecutor;
  TaskGroup other(executor);
  other.Spawn([&both]() { return RunOneOf(both, both.b, both.a); });
  absl::Status copied = co_await RunOneOf(both, both.a, both.b);
  absl::Status joined = co_await other.Join();
  co_return both.failure.ok() ? joined : both.failure;
}

}  // namespace

Task<absl::Status> CopyUntilFin(ByteStream& from, ByteStream& to,
                                uint64_t* bytes) {
  return Run(Copy{from, to, bytes});
}

Task<absl::Status> CopyUntilFin(ByteStream& from, ByteStream& to,
                                uint64_t* bytes,
                                const std::function<void()>& on_given_up) {
  return Run(Copy{from, to, bytes, &on_given_up});
}

Task<absl::Status> Relay(ByteStream& a, ByteStream& b, RelayCounts* counts) {
  return RunBoth(Both{a, b, counts});
}

}  // namespace fairway::net
