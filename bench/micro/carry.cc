// SPDX-License-Identifier: Apache-2.0
#include "bench/micro/carry.h"

#include <cstdint>
#include <string>

#include "base/task/condition.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "bench/micro/allocations.h"
#include "net/io/buffer_pool.h"

namespace fairway::bench::micro {
namespace {

struct Received {
  explicit Received(Executor executor) : changed(executor) {}

  uint64_t bytes = 0;
  bool ended = false;
  Condition changed;
};

// As those read who keep no buffer while nothing comes.
Task<absl::Status> ReadOn(net::ByteStream& from, Received& received) {
  absl::Status status;
  while (status.ok()) {
    status = co_await from.WaitReadable();
    if (!status.ok()) break;
    net::PooledBuffer buffer(net::BufferSize::kLarge);
    absl::StatusOr<size_t> n = co_await from.Read(buffer.span());
    if (!n.ok()) status = n.status();
    if (!n.ok() || *n == 0) break;
    received.bytes += *n;
    received.changed.NotifyAll();
  }
  received.ended = true;
  received.changed.NotifyAll();
  co_return status;
}

Task<absl::Status> CarryOnce(net::ByteStream& from, absl::string_view bytes,
                             Received& received) {
  const uint64_t wanted = received.bytes + bytes.size();
  absl::Status written = co_await net::WriteAll(from, bytes);
  if (!written.ok()) co_return written;
  while (received.bytes < wanted) {
    if (received.ended) co_return absl::UnavailableError("stream ended");
    absl::Status waited = co_await received.changed.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

}  // namespace

Task<absl::Status> Carry(benchmark::State& state, net::ByteStream& from,
                         net::ByteStream& to, size_t bytes) {
  Executor executor = co_await kThisExecutor;
  Received received(executor);
  TaskGroup reader(executor);
  reader.Spawn([&to, &received]() { return ReadOn(to, received); });
  const std::string sent(bytes, 'x');
  absl::Status status;
  {
    const AllocationCount allocations(state);
    while (status.ok() && state.KeepRunning()) {
      status = co_await CarryOnce(from, sent, received);
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(received.bytes));
  from.Abort();
  to.Abort();
  absl::Status ignored = co_await reader.Join();
  co_return status;
}

void Run(benchmark::State& state, std::function<Task<absl::Status>()> body) {
  const absl::Status status = RunLoop(std::move(body));
  if (!status.ok()) state.SkipWithError(status.ToString().c_str());
}

}  // namespace fairway::bench::micro
