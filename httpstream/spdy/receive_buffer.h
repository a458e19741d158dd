// SPDX-License-Identifier: Apache-2.0
#ifndef HTTPSTREAM_SPDY_RECEIVE_BUFFER_H_
#define HTTPSTREAM_SPDY_RECEIVE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "httpstream/spdy/receive_budget.h"

namespace fairway::httpstream::spdy {

// Bytes that a stream has received and nobody has read yet. They are lent
// first: whoever reads them at once copies them from where they came in, and
// only the rest is copied here. Holds no memory while it is empty, and never
// moves what it holds.
class ReceiveBuffer {
 public:
  // What it holds counts for `budget`, which must outlive it.
  explicit ReceiveBuffer(ReceiveBudget* budget) : budget_(budget) {}
  ~ReceiveBuffer() { Clear(); }
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;

  // Adds `bytes`, which must stay where they are until Keep().
  void Lend(absl::string_view bytes);
  // Copies what was lent and not read.
  void Keep();

  // Moves the first min(size(), buf.size()) bytes to `buf`; how many.
  size_t Read(absl::Span<char> buf);

  // Forgets all of it; how many bytes that were.
  size_t Clear();

  size_t size() const { return size_bytes_; }
  bool empty() const { return size_bytes_ == 0; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::unique_ptr<Block> next;
    uint32_t capacity = 0;
    uint32_t start = 0;  // bytes before it were read
    uint32_t end = 0;
  };

  ReceiveBudget* const budget_;
  std::unique_ptr<Block> first_;
  Block* last_ = nullptr;
  absl::string_view lent_;  // behind the blocks
  size_t size_bytes_ = 0;   // of both
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_RECEIVE_BUFFER_H_
