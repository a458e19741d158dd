// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/channel_codec.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"

namespace fairway::httpstream::wsstream {
namespace {

constexpr int kGroupChars = 4;
constexpr int kBitsPerChar = 6;

absl::Status BadBase64() {
  return absl::InvalidArgumentError("channel: illegal base64 data");
}

// The six bits of a character of RFC 4648, section 4; -1 for another.
int ValueOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

absl::StatusOr<ChannelDecoder::Piece> ChannelDecoder::Feed(
    absl::string_view payload, bool end_of_message, std::string* scratch) {
  Piece piece;
  if (!in_message_ && !payload.empty()) {
    in_message_ = true;
    channel_ = static_cast<uint8_t>(payload.front());
    if (codec_ == ChannelCodec::kBase64) channel_ -= '0';
    payload.remove_prefix(1);
  }
  piece.has_channel = in_message_;
  piece.channel = channel_;
  piece.bytes = payload;
  if (codec_ == ChannelCodec::kBase64) {
    scratch->clear();
    absl::Status decoded = DecodeBase64(payload, scratch);
    if (!decoded.ok()) return decoded;
    piece.bytes = *scratch;
  }
  if (end_of_message) {
    if (group_chars_ != 0) return BadBase64();
    in_message_ = false;
    padding_chars_ = 0;
  }
  return piece;
}

absl::Status ChannelDecoder::DecodeBase64(absl::string_view text,
                                          std::string* out) {
  for (char c : text) {
    if (c == '\r' || c == '\n') continue;
    const bool after_end = padding_chars_ > 0 && group_chars_ == 0;
    const int value = ValueOf(c);
    if (after_end || (value < 0 && (c != '=' || group_chars_ < 2)) ||
        (value >= 0 && padding_chars_ > 0)) {
      return BadBase64();
    }
    if (value < 0) ++padding_chars_;
    group_ = group_ << kBitsPerChar | static_cast<uint32_t>(value & 0x3f);
    if (++group_chars_ < kGroupChars) continue;
    for (int i = 0; i < 3 - padding_chars_; ++i) {
      out->push_back(static_cast<char>(group_ >> (16 - 8 * i)));
    }
    group_ = 0;
    group_chars_ = 0;
  }
  return absl::OkStatus();
}

net::websocket::Opcode OpcodeOf(ChannelCodec codec) {
  return codec == ChannelCodec::kBinary ? net::websocket::Opcode::kBinary
                                        : net::websocket::Opcode::kText;
}

void AppendChannelMessage(ChannelCodec codec, uint8_t channel,
                          absl::Span<const absl::string_view> pieces,
                          std::string* out) {
  if (codec == ChannelCodec::kBinary) {
    out->push_back(static_cast<char>(channel));
    for (absl::string_view piece : pieces) {
      out->append(piece.data(), piece.size());
    }
    return;
  }
  const auto name = static_cast<uint8_t>('0' + channel);
  // Text is UTF-8, so Go writes a character from U+0080 on as two bytes.
  if (name < 0x80) {
    out->push_back(static_cast<char>(name));
  } else {
    out->push_back(static_cast<char>(0xc0 | name >> 6));
    out->push_back(static_cast<char>(0x80 | (name & 0x3f)));
  }
  out->append(absl::Base64Escape(absl::StrJoin(pieces, "")));
}

}  // namespace fairway::httpstream::wsstream
