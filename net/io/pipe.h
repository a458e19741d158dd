// SPDX-License-Identifier: Apache-2.0
// A connected pair of streams in memory; for tests, and wherever both ends of a
// connection are in one process.
#ifndef NET_IO_PIPE_H_
#define NET_IO_PIPE_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::net {

inline constexpr size_t kDefaultPipeBytes = 64 * 1024;

// Each direction holds at most `capacity_bytes` that were written and not yet
// read; a Write beyond that waits. Abort() of one end is kAborted at the other.
// Both ends live on `executor`.
std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> MakePipe(
    Executor executor, size_t capacity_bytes = kDefaultPipeBytes);

}  // namespace fairway::net

#endif  // NET_IO_PIPE_H_
