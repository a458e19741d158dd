// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/header_block.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "httpstream/spdy/frames.h"
#include "httpstream/spdy/header_dictionary.h"
#include "httpstream/spdy/wire.h"

namespace fairway::httpstream::spdy {
namespace {

// Blocks are short and alike: a window that holds the dictionary and a few of
// them finds what there is to find.
constexpr int kWindowBits = 11;
constexpr int kMemLevel = 2;
// zlib: take the window's size from the peer's header.
constexpr int kPeersWindowBits = 0;
constexpr size_t kInflateStepBytes = 1024;

const Bytef* DictionaryBytes() {
  return reinterpret_cast<const Bytef*>(kHeaderDictionary);
}

absl::Status ZlibError(absl::string_view what, int code) {
  return absl::InvalidArgumentError(
      absl::StrCat("spdy header block: ", what, ": zlib error ", code));
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("spdy header block: ", what));
}

absl::Status TooMuch(absl::string_view what) {
  return absl::ResourceExhaustedError(
      absl::StrCat("spdy header block: ", what));
}

struct NameAndValue {
  std::string name;
  std::string value;
};

// The entries of a block, or an error for what a peer would refuse.
absl::StatusOr<std::vector<NameAndValue>> Entries(
    const net::http::Headers& headers) {
  std::vector<NameAndValue> entries;
  absl::flat_hash_map<std::string, size_t> index_of_name;
  size_t total_bytes = 4;
  for (const auto& [raw_name, value] : headers) {
    std::string name = absl::AsciiStrToLower(raw_name);
    if (name.empty() || value.find('\0') != std::string::npos) {
      return Malformed("an empty name, or NUL in a value");
    }
    auto [it, is_new] = index_of_name.try_emplace(name, entries.size());
    if (is_new) {
      entries.push_back({std::move(name), value});
      total_bytes += 8 + entries.back().name.size() + value.size();
    } else {
      absl::StrAppend(&entries[it->second].value, absl::string_view("\0", 1),
                      value);
      total_bytes += 1 + value.size();
    }
    const NameAndValue& entry = entries[it->second];
    if (entries.size() > kMaxHeaderCount ||
        entry.name.size() > kMaxHeaderNameBytes ||
        entry.value.size() > kMaxHeaderValueBytes ||
        total_bytes > kMaxControlFrameBytes / 2) {
      return Malformed("too many or too long headers");
    }
  }
  return entries;
}

// Reads the fields of an inflated block.
class BlockReader {
 public:
  explicit BlockReader(absl::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<net::http::Headers> ReadAll() {
    uint32_t count = 0;
    if (!ReadUint32(&count)) return Malformed("no count");
    if (count > kMaxHeaderCount) return TooMuch("too many headers");
    net::http::Headers headers;
    absl::flat_hash_set<absl::string_view> seen;
    for (uint32_t i = 0; i < count; ++i) {
      absl::string_view name, value;
      FAIRWAY_RETURN_IF_ERROR(ReadString(kMaxHeaderNameBytes, &name));
      FAIRWAY_RETURN_IF_ERROR(ReadString(kMaxHeaderValueBytes, &value));
      FAIRWAY_RETURN_IF_ERROR(CheckName(name));
      if (!seen.insert(name).second) return Malformed("a name comes twice");
      AddValues(name, value, &headers);
      if (headers.size() > kMaxHeaderCount) return TooMuch("too many values");
    }
    if (!bytes_.empty()) return Malformed("bytes behind the last header");
    return headers;
  }

 private:
  bool ReadUint32(uint32_t* value) {
    if (bytes_.size() < 4) return false;
    *value = LoadUint32(bytes_.data());
    bytes_.remove_prefix(4);
    return true;
  }

  absl::Status ReadString(size_t max_bytes, absl::string_view* text) {
    uint32_t length = 0;
    if (!ReadUint32(&length)) return Malformed("no length");
    if (length > max_bytes) return TooMuch("a name or value is too long");
    if (length > bytes_.size()) return Malformed("a length beyond the end");
    *text = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return absl::OkStatus();
  }

  static absl::Status CheckName(absl::string_view name) {
    if (name.empty()) return Malformed("an empty name");
    if (std::any_of(name.begin(), name.end(), absl::ascii_isupper)) {
      return Malformed("a name in upper case");
    }
    return absl::OkStatus();
  }

  static void AddValues(absl::string_view name, absl::string_view value,
                        net::http::Headers* headers) {
    while (true) {
      const size_t nul = value.find('\0');
      headers->Add(name, value.substr(0, nul));
      if (nul == absl::string_view::npos) return;
      // One more than kMaxHeaderCount is enough to be refused.
      if (headers->size() > kMaxHeaderCount) return;
      value.remove_prefix(nul + 1);
    }
  }

  absl::string_view bytes_;
};

}  // namespace

struct HeaderCompressor::Context {
  ~Context() { deflateEnd(&stream); }
  z_stream stream = {};
};

HeaderCompressor::HeaderCompressor() = default;
HeaderCompressor::~HeaderCompressor() = default;

absl::Status HeaderCompressor::Append(const net::http::Headers& headers,
                                      std::string* out) {
  absl::StatusOr<std::vector<NameAndValue>> entries = Entries(headers);
  if (!entries.ok()) return entries.status();
  std::string plain;
  AppendUint32(static_cast<uint32_t>(entries->size()), &plain);
  for (const NameAndValue& entry : *entries) {
    AppendUint32(static_cast<uint32_t>(entry.name.size()), &plain);
    plain += entry.name;
    AppendUint32(static_cast<uint32_t>(entry.value.size()), &plain);
    plain += entry.value;
  }

  if (context_ == nullptr) {
    auto context = std::make_unique<Context>();
    int code = deflateInit2(&context->stream, Z_BEST_COMPRESSION, Z_DEFLATED,
                            kWindowBits, kMemLevel, Z_DEFAULT_STRATEGY);
    if (code == Z_OK) {
      code = deflateSetDictionary(&context->stream, DictionaryBytes(),
                                  kHeaderDictionaryBytes);
    }
    if (code != Z_OK) return ZlibError("start", code);
    context_ = std::move(context);
  }
  z_stream& stream = context_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  do {
    Bytef piece[512];
    stream.next_out = piece;
    stream.avail_out = sizeof(piece);
    const int code = deflate(&stream, Z_SYNC_FLUSH);
    if (code != Z_OK && code != Z_BUF_ERROR) return ZlibError("deflate", code);
    out->append(reinterpret_cast<char*>(piece),
                sizeof(piece) - stream.avail_out);
  } while (stream.avail_out == 0);
  return absl::OkStatus();
}

struct HeaderDecompressor::Context {
  ~Context() { inflateEnd(&stream); }
  z_stream stream = {};
};

HeaderDecompressor::HeaderDecompressor() = default;
HeaderDecompressor::~HeaderDecompressor() = default;

absl::Status HeaderDecompressor::Inflate(absl::string_view block,
                                         std::string* out) {
  if (context_ == nullptr) {
    auto context = std::make_unique<Context>();
    const int code = inflateInit2(&context->stream, kPeersWindowBits);
    if (code != Z_OK) return ZlibError("start", code);
    context_ = std::move(context);
  }
  z_stream& stream = context_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
  stream.avail_in = static_cast<uInt>(block.size());
  while (true) {
    Bytef piece[kInflateStepBytes];
    stream.next_out = piece;
    stream.avail_out = sizeof(piece);
    int code = inflate(&stream, Z_SYNC_FLUSH);
    if (code == Z_NEED_DICT) {
      code = inflateSetDictionary(&stream, DictionaryBytes(),
                                  kHeaderDictionaryBytes);
      if (code != Z_OK) return ZlibError("another dictionary", code);
      continue;
    }
    // Z_BUF_ERROR: nothing is left to do.
    if (code != Z_OK && code != Z_BUF_ERROR) return ZlibError("inflate", code);
    out->append(reinterpret_cast<char*>(piece),
                sizeof(piece) - stream.avail_out);
    if (out->size() > kMaxHeaderBlockBytes) {
      return TooMuch("inflates to too much");
    }
    if (stream.avail_out > 0) return absl::OkStatus();
  }
}

absl::StatusOr<net::http::Headers> HeaderDecompressor::Parse(
    absl::string_view block) {
  std::string plain;
  FAIRWAY_RETURN_IF_ERROR(Inflate(block, &plain));
  return BlockReader(plain).ReadAll();
}

}  // namespace fairway::httpstream::spdy
