// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/receive_buffer.h"

#include <algorithm>
#include <cstring>

namespace fairway::httpstream::spdy {
namespace {

// Small enough that the allocator keeps freed blocks at hand, and that a stream
// of single bytes costs little.
constexpr size_t kMinBlockBytes = 1024;
constexpr size_t kMaxBlockBytes = 32 * 1024;

}  // namespace

void ReceiveBuffer::Append(absl::string_view bytes) {
  budget_->Add(bytes.size());
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().end == blocks_.back().capacity) {
      // Grows with what is there already: half of it is never wasted.
      const size_t capacity = std::clamp(std::max(bytes.size(), size_bytes_),
                                         kMinBlockBytes, kMaxBlockBytes);
      Block block;
      block.bytes.reset(new char[capacity]);
      block.capacity = capacity;
      blocks_.push_back(std::move(block));
    }
    Block& last = blocks_.back();
    const size_t n = std::min(bytes.size(), last.capacity - last.end);
    std::memcpy(last.bytes.get() + last.end, bytes.data(), n);
    last.end += n;
    size_bytes_ += n;
    bytes.remove_prefix(n);
  }
}

size_t ReceiveBuffer::Read(absl::Span<char> buf) {
  size_t filled = 0;
  while (filled < buf.size() && !blocks_.empty()) {
    Block& first = blocks_.front();
    const size_t n = std::min(buf.size() - filled, first.end - first.start);
    std::memcpy(buf.data() + filled, first.bytes.get() + first.start, n);
    filled += n;
    first.start += n;
    size_bytes_ -= n;
    if (first.start == first.end) blocks_.pop_front();
  }
  budget_->Remove(filled);
  return filled;
}

size_t ReceiveBuffer::Clear() {
  const size_t cleared = size_bytes_;
  budget_->Remove(cleared);
  blocks_.clear();
  size_bytes_ = 0;
  return cleared;
}

}  // namespace fairway::httpstream::spdy
