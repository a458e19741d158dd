// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/wsstream/conn.go (v0.20.2)
// The channel protocols' messages: the channel's number, then bytes. No I/O.
#ifndef HTTPSTREAM_WSSTREAM_CHANNEL_CODEC_H_
#define HTTPSTREAM_WSSTREAM_CHANNEL_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "net/websocket/frame.h"

namespace fairway::httpstream::wsstream {

enum class ChannelCodec {
  kBinary,  // a byte 0, 1, ... and the bytes, in binary messages
  kBase64,  // '0' + number and base64 (RFC 4648, padded), in text messages
};

// What follows the messages of one direction, in pieces of any size.
//
// Threads:  not thread-safe; no coroutines.
class ChannelDecoder {
 public:
  explicit ChannelDecoder(ChannelCodec codec) : codec_(codec) {}

  struct Piece {
    bool has_channel = false;  // false: the message has no byte yet
    uint8_t channel = 0;       // may be one that does not exist
    absl::string_view bytes;   // within the input, or within `scratch`
  };

  // The next piece of a message; `bytes` is valid as long as both arguments
  // are left alone. As upstream has it, both codecs take text and
  // binary messages, an empty message means nothing, and line breaks within
  // base64 are skipped.
  // Errors: kInvalidArgument for what is no base64. (Differs: upstream drops
  // that message and goes on, with a hole in the stream.)
  absl::StatusOr<Piece> Feed(absl::string_view payload, bool end_of_message,
                             std::string* scratch);

 private:
  absl::Status DecodeBase64(absl::string_view text, std::string* out);

  const ChannelCodec codec_;
  bool in_message_ = false;  // the channel's byte has come
  uint8_t channel_ = 0;
  // Base64: what came of a group of four characters.
  uint32_t group_ = 0;
  int group_chars_ = 0;
  int padding_chars_ = 0;  // once there is one, nothing may follow the group
};

// What a message of `codec` is in.
net::websocket::Opcode OpcodeOf(ChannelCodec codec);

// Appends a whole message: the channel and `pieces`, encoded.
void AppendChannelMessage(ChannelCodec codec, uint8_t channel,
                          absl::Span<const absl::string_view> pieces,
                          std::string* out);

}  // namespace fairway::httpstream::wsstream

#endif  // HTTPSTREAM_WSSTREAM_CHANNEL_CODEC_H_
