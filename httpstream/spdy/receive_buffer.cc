// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/receive_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairway::httpstream::spdy {
namespace {

// Small enough that the allocator keeps freed blocks at hand, and that a stream
// of single bytes costs little.
constexpr size_t kMinBlockBytes = 1024;
constexpr size_t kMaxBlockBytes = 32 * 1024;

}  // namespace

void ReceiveBuffer::Lend(absl::string_view bytes) {
  Keep();
  budget_->Add(bytes.size());
  size_bytes_ += bytes.size();
  lent_ = bytes;
}

void ReceiveBuffer::Keep() {
  size_t kept_bytes = size_bytes_ - lent_.size();
  while (!lent_.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) {
      // Grows with what is there already: half of it is never wasted.
      const size_t capacity = std::clamp(std::max(lent_.size(), kept_bytes),
                                         kMinBlockBytes, kMaxBlockBytes);
      auto block = std::make_unique<Block>();
      block->bytes.reset(new char[capacity]);
      block->capacity = static_cast<uint32_t>(capacity);
      Block* added = block.get();
      (last_ == nullptr ? first_ : last_->next) = std::move(block);
      last_ = added;
    }
    const size_t n =
        std::min<size_t>(lent_.size(), last_->capacity - last_->end);
    std::memcpy(last_->bytes.get() + last_->end, lent_.data(), n);
    last_->end += static_cast<uint32_t>(n);
    kept_bytes += n;
    lent_.remove_prefix(n);
  }
}

size_t ReceiveBuffer::Read(absl::Span<char> buf) {
  size_t filled = 0;
  while (filled < buf.size() && first_ != nullptr) {
    Block& first = *first_;
    const size_t n =
        std::min<size_t>(buf.size() - filled, first.end - first.start);
    std::memcpy(buf.data() + filled, first.bytes.get() + first.start, n);
    filled += n;
    first.start += static_cast<uint32_t>(n);
    if (first.start < first.end) break;
    first_ = std::move(first.next);
    if (first_ == nullptr) last_ = nullptr;
  }
  const size_t n = std::min(buf.size() - filled, lent_.size());
  if (n > 0) std::memcpy(buf.data() + filled, lent_.data(), n);
  lent_.remove_prefix(n);
  filled += n;
  size_bytes_ -= filled;
  budget_->Remove(filled);
  return filled;
}

size_t ReceiveBuffer::Clear() {
  const size_t cleared = size_bytes_;
  budget_->Remove(cleared);
  // One by one: a chain that destroyed itself would do so by recursion.
  while (first_ != nullptr) first_ = std::move(first_->next);
  last_ = nullptr;
  lent_ = {};
  size_bytes_ = 0;
  return cleared;
}

}  // namespace fairway::httpstream::spdy
