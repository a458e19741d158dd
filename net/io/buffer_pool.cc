// SPDX-License-Identifier: Apache-2.0
#include "net/io/buffer_pool.h"

#include <array>
#include <utility>

namespace fairway::net {
namespace {

constexpr size_t kMaxFreeSmall = 6;
constexpr size_t kMaxFreeLarge = 2;

template <size_t kMax>
struct FreeList {
  std::array<std::unique_ptr<char[]>, kMax> buffers;
  size_t count = 0;

  std::unique_ptr<char[]> Take() {
    if (count == 0) return nullptr;
    return std::move(buffers[--count]);
  }
  void Give(std::unique_ptr<char[]> bytes) {
    if (count < kMax) buffers[count++] = std::move(bytes);
  }
};

// Buffers may be released while their thread ends, after its reserve is gone.
thread_local bool reserve_gone = false;
thread_local size_t in_use = 0;

struct Reserve {
  ~Reserve() { reserve_gone = true; }
  FreeList<kMaxFreeSmall> small;
  FreeList<kMaxFreeLarge> large;
};

Reserve* ThisThreadsReserve() {
  if (reserve_gone) return nullptr;
  thread_local Reserve reserve;
  return &reserve;
}

}  // namespace

PooledBuffer::PooledBuffer(BufferSize size) : size_(static_cast<size_t>(size)) {
  if (Reserve* reserve = ThisThreadsReserve()) {
    bytes_ = size == BufferSize::kSmall ? reserve->small.Take()
                                        : reserve->large.Take();
  }
  // Not make_unique, which would clear it.
  if (bytes_ == nullptr) bytes_.reset(new char[size_]);
  ++in_use;
}

PooledBuffer& PooledBuffer::operator=(PooledBuffer&& other) noexcept {
  if (this == &other) return *this;
  Release();
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void PooledBuffer::Release() {
  if (bytes_ == nullptr) return;
  --in_use;
  if (Reserve* reserve = ThisThreadsReserve()) {
    if (size_ == static_cast<size_t>(BufferSize::kSmall)) {
      reserve->small.Give(std::move(bytes_));
    } else {
      reserve->large.Give(std::move(bytes_));
    }
  }
  bytes_ = nullptr;
  size_ = 0;
}

size_t PooledBuffersInUse() { return in_use; }

}  // namespace fairway::net
