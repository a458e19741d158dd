// SPDX-License-Identifier: Apache-2.0
// The frames of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, and spdy-protocol
// draft 3.1 for the session's window) as values, and the limits that a peer's
// frames are held to.
#ifndef HTTPSTREAM_SPDY_FRAMES_H_
#define HTTPSTREAM_SPDY_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "net/http/headers.h"

namespace fairway::httpstream::spdy {

inline constexpr uint16_t kVersion = 3;
inline constexpr size_t kFrameHeadBytes = 8;
inline constexpr uint32_t kMaxStreamId = 0x7fffffff;
inline constexpr uint32_t kMaxDataBytes = 0xffffff;
// Every window, a stream's and the session's, before anything is said of it.
inline constexpr int64_t kInitialWindowBytes = 64 * 1024;
inline constexpr int64_t kMaxWindowBytes = 0x7fffffff;

// What is refused, before memory is taken for it.
inline constexpr size_t kMaxControlFrameBytes = 64 * 1024;
inline constexpr size_t kMaxHeaderBlockBytes = 256 * 1024;  // inflated
inline constexpr size_t kMaxHeaderCount = 1000;
inline constexpr size_t kMaxHeaderNameBytes = 4 * 1024;
inline constexpr size_t kMaxHeaderValueBytes = 64 * 1024;
inline constexpr size_t kMaxSettings = 1000;

enum class FrameType : uint16_t {
  kSynStream = 1,
  kSynReply = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kHeaders = 8,
  kWindowUpdate = 9,
};

// Why a stream was reset; a peer may send other numbers.
enum class RstStatus : uint32_t {
  kProtocolError = 1,
  kInvalidStream = 2,
  kRefusedStream = 3,
  kUnsupportedVersion = 4,
  kCancel = 5,
  kInternalError = 6,
  kFlowControlError = 7,
  kStreamInUse = 8,
  kStreamAlreadyClosed = 9,
  kFrameTooLarge = 11,
};

enum class GoAwayStatus : uint32_t {
  kOk = 0,
  kProtocolError = 1,
  kInternalError = 2,
};

inline constexpr uint32_t kSettingInitialWindowSize = 7;

struct SynStreamFrame {
  uint32_t stream_id = 0;
  uint32_t associated_stream_id = 0;
  uint8_t priority = 0;  // 0 (first) to 7
  uint8_t slot = 0;
  bool fin = false;
  bool unidirectional = false;
  net::http::Headers headers;
};

struct SynReplyFrame {
  uint32_t stream_id = 0;
  bool fin = false;
  net::http::Headers headers;
};

struct HeadersFrame {
  uint32_t stream_id = 0;
  bool fin = false;
  net::http::Headers headers;
};

struct RstStreamFrame {
  uint32_t stream_id = 0;
  RstStatus status = RstStatus::kCancel;
};

struct Setting {
  uint8_t flags = 0;
  uint32_t id = 0;  // 24 bits
  uint32_t value = 0;
};

struct SettingsFrame {
  bool clear_persisted = false;
  std::vector<Setting> settings;
};

struct PingFrame {
  uint32_t id = 0;
};

struct GoAwayFrame {
  uint32_t last_good_stream_id = 0;
  GoAwayStatus status = GoAwayStatus::kOk;
};

struct WindowUpdateFrame {
  uint32_t stream_id = 0;  // 0: the session's
  uint32_t delta_bytes = 0;
};

// A part of a DATA frame, as far as it has arrived.
struct DataPiece {
  uint32_t stream_id = 0;
  absl::string_view payload;  // inside the input that was parsed
  bool fin = false;           // only on a frame's last piece
};

// std::monostate: the input holds no whole frame, nor a piece of DATA.
using Frame =
    std::variant<std::monostate, SynStreamFrame, SynReplyFrame, RstStreamFrame,
                 SettingsFrame, PingFrame, GoAwayFrame, HeadersFrame,
                 WindowUpdateFrame, DataPiece>;

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_FRAMES_H_
