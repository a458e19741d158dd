// SPDX-License-Identifier: Apache-2.0
// Header blocks: name/value lists, compressed by zlib with one context for all
// blocks of a direction (draft-mbelshe-httpbis-spdy-00, section 2.6.10).
#ifndef HTTPSTREAM_SPDY_HEADER_BLOCK_H_
#define HTTPSTREAM_SPDY_HEADER_BLOCK_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "net/http/headers.h"

namespace fairway::httpstream::spdy {

// Compresses the blocks of one direction. Each block depends on all before it,
// so what it gives has to be sent, and in the order of the calls. Takes about
// 12 KiB at the first block.
class HeaderCompressor {
 public:
  HeaderCompressor();
  ~HeaderCompressor();
  HeaderCompressor(const HeaderCompressor&) = delete;
  HeaderCompressor& operator=(const HeaderCompressor&) = delete;

  // Appends the block of `headers` to `out`: names in lower case, the values of
  // fields that share a name joined by NUL at the place of the first.
  // Errors: kInvalidArgument for headers beyond the limits of frames.h, an
  // empty name, or a value with NUL in it; nothing is appended then.
  absl::Status Append(const net::http::Headers& headers, std::string* out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The inverse. Takes about 40 KiB at the first block of a peer that uses zlib's
// widest window, as Go does.
class HeaderDecompressor {
 public:
  HeaderDecompressor();
  ~HeaderDecompressor();
  HeaderDecompressor(const HeaderDecompressor&) = delete;
  HeaderDecompressor& operator=(const HeaderDecompressor&) = delete;

  // One whole block. After an error the context is lost, and with it the
  // connection.
  // Errors: kInvalidArgument for what zlib or the format refuses: another
  // dictionary, lengths that do not fit, bytes left over, a name that is empty,
  // not in lower case or there twice; kResourceExhausted beyond the limits of
  // frames.h.
  absl::StatusOr<net::http::Headers> Parse(absl::string_view block);

 private:
  absl::Status Inflate(absl::string_view block, std::string* out);

  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_HEADER_BLOCK_H_
