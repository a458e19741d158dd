// SPDX-License-Identifier: Apache-2.0
// The frames of RFC 6455, and how they are written. No I/O; decoder.h reads
// them.
#ifndef NET_WEBSOCKET_FRAME_H_
#define NET_WEBSOCKET_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fairway::net::websocket {

// Whose end of the connection this is: a client masks its frames, a server does
// not, and each insists on it of the other (section 5.1).
enum class Role { kClient, kServer };

enum class Opcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

// Section 7.4.1. A peer may send others: any of 3000 to 4999.
inline constexpr uint16_t kCloseNormal = 1000;
inline constexpr uint16_t kCloseGoingAway = 1001;
inline constexpr uint16_t kCloseProtocolError = 1002;
inline constexpr uint16_t kCloseUnsupportedData = 1003;
inline constexpr uint16_t kCloseNoStatus = 1005;  // never on the wire
inline constexpr uint16_t kCloseAbnormal = 1006;  // never on the wire
inline constexpr uint16_t kCloseInvalidPayload = 1007;
inline constexpr uint16_t kClosePolicyViolation = 1008;
inline constexpr uint16_t kCloseMessageTooBig = 1009;
inline constexpr uint16_t kCloseMandatoryExtension = 1010;
inline constexpr uint16_t kCloseInternalError = 1011;

// Why an end closes. `reason` is UTF-8, at most kMaxCloseReasonBytes.
struct CloseStatus {
  uint16_t code = kCloseNormal;
  std::string reason;
};

// Whether `code` may stand in a Close frame.
bool IsValidCloseCode(uint16_t code);

// "websocket: close 1011 (internal server error): why", as gorilla/websocket
// words it.
std::string CloseErrorText(const CloseStatus& status);

inline constexpr size_t kMaxHeadBytes = 14;
inline constexpr size_t kMaxControlBytes = 125;
inline constexpr size_t kMaxCloseReasonBytes = kMaxControlBytes - 2;

using MaskKey = std::array<char, 4>;

// A key that the peer of the peer cannot guess (section 10.3).
MaskKey RandomMaskKey();

struct FrameHead {
  Opcode opcode = Opcode::kBinary;
  bool fin = true;
  uint64_t payload_bytes = 0;
  std::optional<MaskKey> mask;  // set by clients, and only by them
};

// Appends the head, its length in the shortest form. What follows is the
// payload, masked if the head has a key.
void AppendFrameHead(const FrameHead& head, std::string* out);

// Writes `bytes` to `out`, masked (or unmasked) by `key`. `out` may be the same
// place, or overlap it from before. `offset`: how many bytes of the payload
// come before.
void Mask(const MaskKey& key, uint64_t offset, absl::string_view bytes,
          char* out);

// A whole frame of at most kMaxControlBytes; masked for Role::kClient.
void AppendControlFrame(Role role, Opcode opcode, absl::string_view payload,
                        std::string* out);

// A Close frame. kCloseNoStatus sends none; a longer reason is cut at a
// character's end.
void AppendCloseFrame(Role role, const CloseStatus& status, std::string* out);

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_FRAME_H_
