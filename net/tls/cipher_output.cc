// SPDX-License-Identifier: Apache-2.0
#include "net/tls/cipher_output.h"

#include <algorithm>
#include <cstring>

namespace fairway::net {

WriteCursor::WriteCursor(absl::Span<const absl::string_view> pieces)
    : pieces_(pieces) {
  for (absl::string_view piece : pieces) left_ += piece.size();
}

absl::string_view WriteCursor::Take(size_t most) {
  if (done() || most == 0) return {};
  while (offset_ == pieces_.front().size()) {
    pieces_.remove_prefix(1);
    offset_ = 0;
  }
  const absl::string_view taken = pieces_.front().substr(offset_, most);
  offset_ += taken.size();
  left_ -= taken.size();
  return taken;
}

absl::Span<char> CipherOutput::Space(size_t size, size_t expected) {
  if (chunks_.empty() ||
      chunks_.back().buffer.size() - chunks_.back().used < size) {
    const BufferSize kind =
        std::max(size, expected) > static_cast<size_t>(BufferSize::kSmall)
            ? BufferSize::kLarge
            : BufferSize::kSmall;
    chunks_.push_back({PooledBuffer(kind), 0});
  }
  Chunk& chunk = chunks_.back();
  return chunk.buffer.span().subspan(chunk.used);
}

void CipherOutput::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const absl::Span<char> space = Space(1, bytes.size());
    const size_t n = std::min(bytes.size(), space.size());
    std::memcpy(space.data(), bytes.data(), n);
    Commit(n);
    bytes.remove_prefix(n);
  }
}

CipherOutput::Pieces CipherOutput::pieces() const {
  Pieces pieces;
  for (const Chunk& chunk : chunks_) {
    pieces.emplace_back(chunk.buffer.data(), chunk.used);
  }
  return pieces;
}

}  // namespace fairway::net
