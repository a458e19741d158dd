// SPDX-License-Identifier: Apache-2.0
// SPDY/3.1's bytes: what a peer sends to frames, and frames to bytes. No I/O.
#ifndef HTTPSTREAM_SPDY_FRAMER_H_
#define HTTPSTREAM_SPDY_FRAMER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "httpstream/spdy/frames.h"
#include "httpstream/spdy/header_block.h"

namespace fairway::httpstream::spdy {

// Parses one direction of a connection, whatever pieces it arrives in. DATA is
// handed on where it lies and never waited for; a control frame is collected
// until it is whole. Control frames of unknown types are skipped.
class FrameParser {
 public:
  // Takes bytes off the front of `input` until a frame, or a piece of DATA, is
  // complete; std::monostate when `input` ran out before.
  // Errors: kInvalidArgument for what is no SPDY/3.1; kResourceExhausted beyond
  // the limits of frames.h. The connection cannot go on then.
  absl::StatusOr<Frame> Next(absl::string_view* input);

 private:
  // What a frame's first eight bytes say.
  struct Head {
    FrameType type;
    uint8_t flags;
    uint32_t length;
  };

  // Moves up to `wanted - collected_.size()` bytes from `input`; whether all
  // are there.
  bool Collect(size_t wanted, absl::string_view* input);
  absl::Status ReadHead();
  absl::StatusOr<Frame> ReadControl();
  DataPiece TakeData(absl::string_view* input);

  absl::StatusOr<Frame> ParseSynStream(absl::string_view body);
  // SYN_REPLY and HEADERS: a stream, whether it ends, and headers.
  template <typename HeadersFrameType>
  absl::StatusOr<Frame> ParseStreamHeaders(absl::string_view name,
                                           absl::string_view body);
  absl::StatusOr<Frame> ParseSettings(absl::string_view body);

  enum class State { kHead, kControl, kSkip, kData };
  State state_ = State::kHead;
  std::string collected_;  // a head, or a control frame's body
  Head head_ = {};
  uint32_t data_stream_id_ = 0;
  uint32_t left_bytes_ = 0;  // of DATA, or of a frame to skip
  HeaderDecompressor decompressor_;
};

// Appends control frames to a buffer. What has headers must be sent in the
// order in which it was appended.
class FrameWriter {
 public:
  // Errors: as HeaderCompressor::Append; nothing is appended then.
  absl::Status AppendSynStream(const SynStreamFrame& frame, std::string* out);
  absl::Status AppendSynReply(const SynReplyFrame& frame, std::string* out);
  absl::Status AppendHeaders(const HeadersFrame& frame, std::string* out);

 private:
  absl::Status AppendWithHeaders(FrameType type, uint8_t flags,
                                 absl::string_view fixed,
                                 const net::http::Headers& headers,
                                 std::string* out);

  HeaderCompressor compressor_;
};

void AppendRstStream(const RstStreamFrame& frame, std::string* out);
void AppendSettings(const SettingsFrame& frame, std::string* out);
void AppendPing(const PingFrame& frame, std::string* out);
void AppendGoAway(const GoAwayFrame& frame, std::string* out);
void AppendWindowUpdate(const WindowUpdateFrame& frame, std::string* out);

enum class Fin { kNo, kYes };

// What goes in front of `payload_bytes` (at most kMaxDataBytes) of DATA.
std::array<char, kFrameHeadBytes> DataHead(uint32_t stream_id,
                                           size_t payload_bytes, Fin fin);

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_FRAMER_H_
