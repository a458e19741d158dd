// SPDX-License-Identifier: Apache-2.0
#include "net/relay/relay.h"

#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"

namespace fairway::net {
namespace {

// Copies what one Read gives; the bytes copied, 0 at FIN. `size` is what to
// take for it, and gets what to take for the next.
Task<absl::StatusOr<size_t>> CopyOnce(ByteStream& from, ByteStream& to,
                                      BufferSize& size) {
  PooledBuffer buffer(size);
  absl::StatusOr<size_t> n = co_await from.Read(buffer.span());
  if (!n.ok()) co_return n;
  if (*n == 0) co_return 0;
  // A full buffer says that bytes come faster than we fetch them.
  size = *n == buffer.size() ? BufferSize::kLarge : BufferSize::kSmall;
  absl::Status written =
      co_await WriteAll(to, absl::string_view(buffer.data(), *n));
  if (!written.ok()) co_return written;
  co_return *n;
}

}  // namespace

Task<absl::Status> CopyUntilFin(ByteStream& from, ByteStream& to,
                                uint64_t* bytes) {
  BufferSize size = BufferSize::kSmall;
  while (true) {
    // No buffer while nothing comes. A stream that has more returns at once.
    absl::Status ready = co_await from.WaitReadable();
    if (!ready.ok()) co_return ready;
    absl::StatusOr<size_t> copied = co_await CopyOnce(from, to, size);
    if (!copied.ok()) co_return copied.status();
    if (*copied == 0) break;
    if (bytes != nullptr) *bytes += *copied;
  }
  absl::Status closed = co_await to.CloseWrite();
  co_return closed;
}

Task<absl::Status> Relay(ByteStream& a, ByteStream& b, RelayCounts* counts) {
  RelayCounts ignored;
  RelayCounts& c = counts == nullptr ? ignored : *counts;
  Executor executor = co_await kThisExecutor;
  TaskGroup directions(executor);
  directions.SpawnOrCancelAll(
      [&]() { return CopyUntilFin(a, b, &c.a_to_b_bytes); });
  directions.SpawnOrCancelAll(
      [&]() { return CopyUntilFin(b, a, &c.b_to_a_bytes); });
  absl::Status status = co_await directions.Join();
  if (!status.ok()) {
    a.Abort();
    b.Abort();
  }
  co_return status;
}

}  // namespace fairway::net
