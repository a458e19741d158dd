// SPDX-License-Identifier: Apache-2.0
// Several header blocks in one compression context. An input's first byte says
// what the rest is: blocks as a peer may send them, blocks before they are
// compressed, or headers of ours.
#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "httpstream/spdy/frames.h"
#include "httpstream/spdy/header_block.h"
#include "httpstream/spdy/header_dictionary.h"

namespace fairway::httpstream::spdy {
namespace {

using fuzz::Require;

// Two bytes of length, and the block.
absl::string_view TakeBlock(absl::string_view& bytes) {
  const size_t high = fuzz::TakeByte(bytes);
  return fuzz::Take(bytes, high << 8 | fuzz::TakeByte(bytes));
}

void CheckLimits(const net::http::Headers& headers) {
  Require(headers.size() <= kMaxHeaderCount, "the headers' number is bounded");
  size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    Require(!name.empty() && name.size() <= kMaxHeaderNameBytes,
            "a name is bounded");
    Require(name == absl::AsciiStrToLower(name), "a name is in lower case");
    Require(value.size() <= kMaxHeaderValueBytes, "a value is bounded");
    Require(value.find('\0') == std::string::npos, "values are taken apart");
    bytes += value.size();
  }
  Require(bytes <= kMaxHeaderBlockBytes, "a block is bounded");
}

// The fields in the order in which a block carries them: what shares a name is
// together, at the place of the first.
std::string Canonical(const net::http::Headers& headers) {
  std::string out;
  std::vector<std::string> done;
  for (const auto& [name, ignored] : headers) {
    const std::string lower = absl::AsciiStrToLower(name);
    if (std::find(done.begin(), done.end(), lower) != done.end()) continue;
    done.push_back(lower);
    for (absl::string_view value : headers.Values(name)) {
      absl::StrAppend(&out, lower, "=", value, "\n");
    }
  }
  return out;
}

// Both ends of a direction.
class Direction {
 public:
  // Whether `headers` are within our limits; then they arrive unchanged.
  bool Carry(const net::http::Headers& headers) {
    std::string block = "before";
    if (!compressor_.Append(headers, &block).ok()) {
      Require(block == "before", "nothing is appended with an error");
      return false;
    }
    Require(block.size() <= kMaxControlFrameBytes, "our blocks fit a frame");
    absl::StatusOr<net::http::Headers> parsed =
        decompressor_.Parse(absl::string_view(block).substr(6));
    // Fewer headers than values are possible, and a peer refuses the values.
    if (!parsed.ok() && headers.size() > kMaxHeaderCount) return false;
    Require(parsed.ok(), "what was compressed is understood");
    Require(Canonical(*parsed) == Canonical(headers), "headers arrive whole");
    return true;
  }

 private:
  HeaderCompressor compressor_;
  HeaderDecompressor decompressor_;
};

void CheckBlocks(absl::string_view bytes) {
  HeaderDecompressor decompressor;
  Direction direction;
  bool carries = true;
  while (!bytes.empty()) {
    absl::StatusOr<net::http::Headers> headers =
        decompressor.Parse(TakeBlock(bytes));
    if (!headers.ok()) return;
    CheckLimits(*headers);
    if (carries) carries = direction.Carry(*headers);
  }
}

// What a peer may compress, also what is no block: behind zlib's back.
void CheckPlainBlocks(absl::string_view bytes) {
  z_stream stream = {};
  Require(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15, 8,
                       Z_DEFAULT_STRATEGY) == Z_OK,
          "zlib starts");
  deflateSetDictionary(&stream,
                       reinterpret_cast<const Bytef*>(kHeaderDictionary),
                       kHeaderDictionaryBytes);
  std::string blocks;
  while (!bytes.empty()) {
    const absl::string_view plain = TakeBlock(bytes);
    char compressed[kMaxControlFrameBytes];
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed);
    stream.avail_out = sizeof(compressed);
    deflate(&stream, Z_SYNC_FLUSH);
    const size_t size = sizeof(compressed) - stream.avail_out;
    blocks += static_cast<char>(size >> 8);
    blocks += static_cast<char>(size);
    blocks.append(compressed, size);
  }
  deflateEnd(&stream);
  CheckBlocks(blocks);
}

// Lines of names and values; an empty line ends a block.
void CheckHeaders(absl::string_view bytes) {
  Direction direction;
  net::http::Headers headers;
  while (!bytes.empty()) {
    absl::string_view line = fuzz::TakeUntil(bytes, '\n');
    if (!line.empty()) {
      const absl::string_view name = fuzz::TakeUntil(line, '=');
      headers.Add(name, line);
      continue;
    }
    if (!direction.Carry(headers)) return;
    headers = {};
  }
  direction.Carry(headers);
}

void Check(absl::string_view bytes) {
  switch (fuzz::TakeByte(bytes) % 3) {
    case 0:
      return CheckBlocks(bytes);
    case 1:
      return CheckPlainBlocks(bytes);
    default:
      return CheckHeaders(bytes);
  }
}

}  // namespace
}  // namespace fairway::httpstream::spdy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::httpstream::spdy::Check(fairway::fuzz::View(data, size));
  return 0;
}
