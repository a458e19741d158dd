// SPDX-License-Identifier: Apache-2.0
// Frames as they arrive, in pieces of any size (RFC 6455, section 5.2). No I/O.
#ifndef NET_WEBSOCKET_DECODER_H_
#define NET_WEBSOCKET_DECODER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "net/websocket/frame.h"

namespace fairway::net::websocket {

// A payload is handed on as it comes, so nothing is allocated by what a head
// announces; these only say what is no honest peer's.
struct Limits {
  uint64_t max_frame_bytes = 16 << 20;
  uint64_t max_message_bytes = 16 << 20;
};

// What a peer sent.
struct Event {
  enum class Type { kData, kPing, kPong, kClose };
  Type type = Type::kData;

  // kData: a piece of a message; a message has at least one, perhaps empty.
  Opcode opcode = Opcode::kBinary;  // kText or kBinary, in each piece
  bool end_of_message = false;

  // Unmasked. kData: in the caller's memory. kPing, kPong, and the reason of
  // kClose: in the Decoder's, until its next call.
  absl::string_view payload;
  // kClose: kCloseNoStatus if the frame had none.
  uint16_t close_code = kCloseNoStatus;
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

// Threads:  not thread-safe; no coroutines.
// Memory:   its own size (0.3 KiB), whatever the peer sends.
class Decoder {
 public:
  // `role`: of the end that decodes.
  explicit Decoder(Role role, Limits limits = {})
      : role_(role), limits_(limits) {}
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Takes bytes from the front of `*input` up to the end of the next event;
  // nullopt when all were taken and there is none. After a Close or an error
  // all input is dropped.
  // The payload of data is unmasked where it lies, or, with `out`, on its way
  // there: not behind its place in the input, which it may overlap.
  // Errors: kInvalidArgument for what RFC 6455 forbids (no extension is agreed
  // on, ever), kOutOfRange beyond a limit; again at each later call.
  absl::StatusOr<std::optional<Event>> Next(absl::Span<char>* input,
                                            char* out = nullptr);

  // How many bytes of the payload of data come next; 0: a head comes, or a
  // control frame.
  uint64_t due_data_bytes() const {
    return place_ == Place::kData ? left_bytes_ : 0;
  }
  // How many bytes are certainly missing to the end of the head or control
  // frame that comes next: whoever reads no more than these has read no data.
  // 0 where data comes, or nothing more counts.
  size_t missing_bytes() const;

  // What to close with after an error: 1002, 1007 or 1009.
  uint16_t close_code() const { return close_code_; }

 private:
  // What the next byte belongs to.
  enum class Place { kHead, kData, kControl, kNothing };

  absl::StatusOr<std::optional<Event>> Decode(absl::Span<char>* input,
                                              char* out);
  absl::Status Fail(uint16_t close_code, absl::Status error);
  absl::Status FailProtocol(absl::string_view what);

  // Of the head under way, as far as is known from what has come of it.
  size_t head_size() const;
  size_t length_bytes() const;
  uint8_t short_length() const { return head_[1] & 0x7f; }
  bool fin() const { return (head_[0] & 0x80) != 0; }
  Opcode opcode() const { return static_cast<Opcode>(head_[0] & 0x0f); }

  // Takes what came of the head; behind it, `place_` is another.
  absl::Status TakeHead(absl::Span<char>* input);
  void CopyHead(size_t end, absl::Span<char>* input);
  absl::Status CheckBeginning();
  absl::Status CheckLength();
  // Takes what came of the payload, unmasked, to `out`.
  absl::string_view TakePayload(absl::Span<char>* input, char* out);
  absl::StatusOr<std::optional<Event>> TakeData(absl::Span<char>* input,
                                                char* out);
  absl::StatusOr<std::optional<Event>> TakeControl(absl::Span<char>* input);
  absl::StatusOr<std::optional<Event>> EndClose();

  const Role role_;
  const Limits limits_;

  Place place_ = Place::kHead;
  std::array<char, kMaxHeadBytes> head_;  // of the frame under way
  size_t head_bytes_ = 0;  // of the head under way, that have come
  MaskKey mask_;
  uint64_t payload_bytes_ = 0;
  uint64_t left_bytes_ = 0;  // of the payload

  bool in_message_ = false;
  Opcode message_opcode_ = Opcode::kBinary;
  uint64_t message_bytes_ = 0;
  Utf8Validator utf8_;

  std::array<char, kMaxControlBytes> control_;

  absl::Status error_;
  uint16_t close_code_ = kCloseProtocolError;
};

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_DECODER_H_
