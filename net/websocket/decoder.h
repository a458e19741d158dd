// SPDX-License-Identifier: Apache-2.0
// Frames as they arrive, in pieces of any size. No I/O.
#ifndef NET_WEBSOCKET_DECODER_H_
#define NET_WEBSOCKET_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "net/websocket/frame.h"

namespace fairway::net::websocket {

// A payload is handed on as it comes, so nothing is allocated by what a head
// announces; these only say what is no honest peer's.
struct Limits {
  uint64_t max_frame_bytes = 16 << 20;
  uint64_t max_message_bytes = 16 << 20;
};

// What a peer sent. Views are valid until the next call of the Decoder.
struct Event {
  enum class Type { kData, kPing, kPong, kClose };
  Type type = Type::kData;

  // kData: a piece of a message; a message has at least one, perhaps empty.
  Opcode opcode = Opcode::kBinary;  // kText or kBinary, in each piece
  bool end_of_message = false;

  // kData, kPing, kPong: unmasked. kClose: the reason.
  absl::string_view payload;
  // kClose: kCloseNoStatus if the frame had none.
  uint16_t close_code = kCloseNoStatus;
};

// Threads:  not thread-safe; no coroutines.
// Memory:   5 KiB, whatever the peer sends.
class Decoder {
 public:
  // `role`: of the end that decodes.
  explicit Decoder(Role role, Limits limits = {});
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Takes bytes from the front of `*input` up to the end of the next event;
  // nullopt when all were taken and there is none. May have taken more than the
  // event: call it until it returns nullopt, also with an empty input, before
  // new bytes are waited for. After a Close or an error all input is dropped.
  // Errors: kInvalidArgument for what RFC 6455 forbids (no extension is agreed
  // on, ever), kOutOfRange beyond a limit; again at each later call.
  absl::StatusOr<std::optional<Event>> Next(absl::string_view* input);

  // What to close with after an error: 1002, 1007 or 1009.
  uint16_t close_code() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether text is UTF-8 (RFC 3629), fed in pieces of any size.
class Utf8Validator {
 public:
  // False as soon as the bytes so far cannot begin a valid text.
  bool Feed(absl::string_view bytes);
  // Whether the text may end here; begins the next one.
  bool End();

 private:
  int missing_ = 0;     // bytes of the character under way
  uint8_t low_ = 0x80;  // what the next of them must be within
  uint8_t high_ = 0xbf;
};

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_DECODER_H_
