// SPDX-License-Identifier: Apache-2.0
// Between a Write of plaintext and the transport.
#ifndef NET_TLS_CIPHER_OUTPUT_H_
#define NET_TLS_CIPHER_OUTPUT_H_

#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "net/io/buffer_pool.h"

namespace fairway::net {

// A position in the pieces that a Write was given.
class WriteCursor {
 public:
  explicit WriteCursor(absl::Span<const absl::string_view> pieces);

  bool done() const { return left_ == 0; }
  size_t left() const { return left_; }
  // The next bytes that lie together, at most `most`; moves on. Not empty
  // unless done() or `most` is 0.
  absl::string_view Take(size_t most);

 private:
  absl::Span<const absl::string_view> pieces_;
  size_t offset_ = 0;  // in pieces_.front()
  size_t left_ = 0;
};

// Bytes on their way to the transport, in buffers of the pool.
class CipherOutput {
 public:
  using Pieces = absl::InlinedVector<absl::string_view, 2>;

  bool empty() const { return chunks_.empty(); }
  // Room for `size` bytes, all together, at most those of a large buffer. Where
  // a new buffer is needed it fits `expected` bytes, if any can.
  absl::Span<char> Space(size_t size, size_t expected);
  // The first `size` bytes of what Space() gave have been written.
  void Commit(size_t size) { chunks_.back().used += size; }
  void Append(absl::string_view bytes);
  Pieces pieces() const;

 private:
  struct Chunk {
    PooledBuffer buffer;
    size_t used = 0;
  };
  absl::InlinedVector<Chunk, 2> chunks_;
};

}  // namespace fairway::net

#endif  // NET_TLS_CIPHER_OUTPUT_H_
