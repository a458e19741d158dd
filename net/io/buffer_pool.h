// SPDX-License-Identifier: Apache-2.0
// Buffers for bytes on their way through: taken when bytes are there, given
// back before the next wait, so that an idle connection holds none.
#ifndef NET_IO_BUFFER_POOL_H_
#define NET_IO_BUFFER_POOL_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/types/span.h"

namespace fairway::net {

enum class BufferSize : size_t {
  kSmall = 64 * 1024,
  kLarge = 256 * 1024,
};

// Memory from the reserve of the calling thread, or fresh when that is empty.
// What it holds at first is undefined.
//
// Threads:  not thread-safe; goes back to the reserve of the thread that
//           releases it, which keeps less than 1 MiB.
class PooledBuffer {
 public:
  PooledBuffer() = default;  // no memory
  explicit PooledBuffer(BufferSize size);
  ~PooledBuffer() { Release(); }
  PooledBuffer(PooledBuffer&& other) noexcept { *this = std::move(other); }
  PooledBuffer& operator=(PooledBuffer&& other) noexcept;

  // Gives the memory back; empty() afterwards.
  void Release();

  bool empty() const { return bytes_ == nullptr; }
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  absl::Span<char> span() { return absl::MakeSpan(bytes_.get(), size_); }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

// How many buffers the calling thread has taken and not given back; lets a test
// show that an idle connection holds none.
size_t PooledBuffersInUse();

}  // namespace fairway::net

#endif  // NET_IO_BUFFER_POOL_H_
