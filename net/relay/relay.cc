// SPDX-License-Identifier: Apache-2.0
#include "net/relay/relay.h"

#include <cstring>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"
#include "net/relay/stall_watch.h"

namespace fairway::net {
namespace {

// A read that gives so much says that more is coming faster than we fetch it.
constexpr size_t kMuchAtOnce = 32 * 1024;

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

// One direction. There are two for each idle connection: bytes count.
struct Copy {
  ByteStream& from;
  ByteStream& to;
  uint64_t* bytes;
  const std::function<void()>* on_given_up = nullptr;
  Both* both = nullptr;
  bool much = false;  // what the last Read gave
  bool ended = false;
};

// Ends a direction whose source breaks while the other side takes nothing. A
// source that is read says so itself, behind the bytes that came before.
class Guard final : public StallWatch {
 public:
  explicit Guard(Copy& copy) : copy_(copy) {}

  bool is_needed() const { return task_.has_value(); }

  // Why it gave the direction up; OK if it did not.
  Task<absl::Status> Stop() {
    task_->Cancel();
    absl::Status joined = co_await task_->Join();
    joined.IgnoreError();
    co_return broken_;
  }

 private:
  void OnStalled(Executor executor) override {
    task_.emplace(executor);
    task_->Spawn([this]() { return WaitBroken(); });
  }

  Task<absl::Status> WaitBroken() {
    absl::Status broken = co_await copy_.from.WaitBroken();
    if (absl::IsCancelled(broken)) co_return broken;
    absl::Status slept = co_await Sleep(kPatienceWithBrokenSource);
    if (!slept.ok()) co_return slept;
    broken_ = broken;
    // At once: the write may hold on to its bytes until they have gone.
    copy_.from.Abort();
    if (copy_.on_given_up != nullptr) (*copy_.on_given_up)();
    copy_.to.Abort();
    co_return broken;
  }

  Copy& copy_;
  std::optional<TaskGroup> task_;
  absl::Status broken_;
};

Task<absl::Status> Write(Copy& copy, absl::string_view piece) {
  Executor executor = co_await kThisExecutor;
  Guard guard(copy);
  guard.Begin(executor);
  absl::Status written = co_await copy.to.Write(absl::MakeSpan(&piece, 1));
  guard.End();
  if (!guard.is_needed()) co_return written;
  absl::Status given_up = co_await guard.Stop();
  co_return given_up.ok() ? written : given_up;
}

// The last words of a direction in which nothing more comes, for `why`: OK for
// the peer's FIN.
Task<absl::Status> Finish(Copy& copy, const absl::Status& why) {
  copy.ended = true;
  absl::Status ended = why;
  if (ended.ok()) ended = co_await copy.to.CloseWrite();
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
