// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/decoder.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace fairway::net::websocket {
namespace {

constexpr size_t kBeginningBytes = 2;  // of a head: what is in every one
constexpr uint8_t kReservedBits = 0x70;
constexpr uint8_t kMaskedBit = 0x80;
// In the place of a length: it follows in so many bytes.
constexpr uint8_t kLengthIn2Bytes = 126;
constexpr uint8_t kLengthIn8Bytes = 127;
constexpr size_t kMaskBytes = std::tuple_size<MaskKey>::value;

bool IsControl(Opcode opcode) {
  return (static_cast<uint8_t>(opcode) & 0x8) != 0;
}

bool IsKnown(Opcode opcode) {
  return (static_cast<uint8_t>(opcode) & 0x7) <= 2;
}

uint64_t BigEndian(const char* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

}  // namespace

size_t Decoder::head_size() const {
  const size_t mask_bytes = role_ == Role::kServer ? kMaskBytes : 0;
  if (head_bytes_ < kBeginningBytes) return kBeginningBytes + mask_bytes;
  return kBeginningBytes + length_bytes() + mask_bytes;
}

size_t Decoder::length_bytes() const {
  if (short_length() == kLengthIn8Bytes) return 8;
  return short_length() == kLengthIn2Bytes ? 2 : 0;
}

size_t Decoder::missing_bytes() const {
  if (place_ == Place::kHead) return head_size() - head_bytes_;
  return place_ == Place::kControl ? left_bytes_ : 0;
}

absl::StatusOr<std::optional<Event>> Decoder::Next(absl::Span<char>* input,
                                                   char* out) {
  absl::StatusOr<std::optional<Event>> event = Decode(input, out);
  if (place_ == Place::kNothing) *input = absl::Span<char>();
  return event;
}

absl::StatusOr<std::optional<Event>> Decoder::Decode(absl::Span<char>* input,
                                                     char* out) {
  while (place_ != Place::kNothing && !input->empty()) {
    if (place_ == Place::kHead) {
      absl::Status taken = TakeHead(input);
      if (!taken.ok()) return taken;
      // A frame without payload ends with its head.
      if (place_ == Place::kHead || left_bytes_ > 0) continue;
    }
    absl::StatusOr<std::optional<Event>> event =
        place_ == Place::kData ? TakeData(input, out) : TakeControl(input);
    if (!event.ok() || event->has_value()) return event;
  }
  if (!error_.ok()) return error_;
  return std::nullopt;
}

absl::Status Decoder::Fail(uint16_t close_code, absl::Status error) {
  close_code_ = close_code;
  error_ = error;
  place_ = Place::kNothing;
  return error;
}

absl::Status Decoder::FailProtocol(absl::string_view what) {
  return Fail(kCloseProtocolError, absl::InvalidArgumentError(what));
}

absl::Status Decoder::TakeHead(absl::Span<char>* input) {
  if (head_bytes_ < kBeginningBytes) {
    CopyHead(kBeginningBytes, input);
    if (head_bytes_ < kBeginningBytes) return absl::OkStatus();
    absl::Status allowed = CheckBeginning();
    if (!allowed.ok()) return allowed;
  }
  CopyHead(head_size(), input);
  if (head_bytes_ < head_size()) return absl::OkStatus();
  payload_bytes_ =
      length_bytes() == 0
          ? short_length()
          : BigEndian(head_.data() + kBeginningBytes, length_bytes());
  absl::Status allowed = CheckLength();
  if (!allowed.ok()) return allowed;
  if (role_ == Role::kServer) {
    std::memcpy(mask_.data(), head_.data() + head_size() - kMaskBytes,
                kMaskBytes);
  }
  left_bytes_ = payload_bytes_;
  place_ = IsControl(opcode()) ? Place::kControl : Place::kData;
  head_bytes_ = 0;
  return absl::OkStatus();
}

void Decoder::CopyHead(size_t end, absl::Span<char>* input) {
  const size_t n = std::min(end - head_bytes_, input->size());
  std::memcpy(head_.data() + head_bytes_, input->data(), n);
  head_bytes_ += n;
  input->remove_prefix(n);
}

absl::Status Decoder::CheckBeginning() {
  if ((head_[0] & kReservedBits) != 0) {
    return FailProtocol("frame: reserved bits are set");
  }
  if (!IsKnown(opcode())) {
    return FailProtocol(
        absl::StrCat("frame: opcode ", static_cast<int>(opcode())));
  }
  const bool masked = (head_[1] & kMaskedBit) != 0;
  if (masked != (role_ == Role::kServer)) {
    return FailProtocol(masked ? "frame: masked by a server"
                               : "frame: not masked by a client");
  }
  if (IsControl(opcode())) {
    if (!fin() || short_length() > kMaxControlBytes) {
      return FailProtocol("frame: control frame of more than one piece");
    }
    return absl::OkStatus();
  }
  const bool continues = opcode() == Opcode::kContinuation;
  if (continues != in_message_) {
    return FailProtocol(continues ? "frame: continues no message"
                                  : "frame: begins a message within another");
  }
  if (!continues) {
    in_message_ = true;
    message_opcode_ = opcode();
    message_bytes_ = 0;
  }
  return absl::OkStatus();
}

absl::Status Decoder::CheckLength() {
  if ((length_bytes() == 2 && payload_bytes_ < kLengthIn2Bytes) ||
      (length_bytes() == 8 && payload_bytes_ <= 0xffff) ||
      payload_bytes_ >> 63 != 0) {
    return FailProtocol("frame: bad length");
  }
  if (IsControl(opcode())) return absl::OkStatus();
  if (payload_bytes_ > limits_.max_frame_bytes) {
    return Fail(kCloseMessageTooBig,
                absl::OutOfRangeError(absl::StrCat(
                    "frame: more than ", limits_.max_frame_bytes, " bytes")));
  }
  if (payload_bytes_ > limits_.max_message_bytes - message_bytes_) {
    return Fail(kCloseMessageTooBig, absl::OutOfRangeError(absl::StrCat(
                                         "message: more than ",
                                         limits_.max_message_bytes, " bytes")));
  }
  message_bytes_ += payload_bytes_;
  return absl::OkStatus();
}

absl::string_view Decoder::TakePayload(absl::Span<char>* input, char* out) {
  const size_t n = std::min<uint64_t>(left_bytes_, input->size());
  const absl::string_view bytes(input->data(), n);
  if (role_ == Role::kServer) {
    Mask(mask_, payload_bytes_ - left_bytes_, bytes, out);
  } else if (n > 0 && out != bytes.data()) {
    std::memmove(out, bytes.data(), n);
  }
  left_bytes_ -= n;
  if (left_bytes_ == 0) place_ = Place::kHead;
  input->remove_prefix(n);
  return absl::string_view(out, n);
}

absl::StatusOr<std::optional<Event>> Decoder::TakeData(absl::Span<char>* input,
                                                       char* out) {
  Event event;
  event.opcode = message_opcode_;
  event.payload = TakePayload(input, out == nullptr ? input->data() : out);
  event.end_of_message = fin() && place_ == Place::kHead;
  if (event.end_of_message) in_message_ = false;
  if (message_opcode_ == Opcode::kText) {
    const bool fits = utf8_.Feed(event.payload);
    if (!fits || (event.end_of_message && !utf8_.End())) {
      return Fail(kCloseInvalidPayload,
                  absl::InvalidArgumentError("message: text is not UTF-8"));
    }
  }
  if (event.payload.empty() && !event.end_of_message) return std::nullopt;
  return event;
}

absl::StatusOr<std::optional<Event>> Decoder::TakeControl(
    absl::Span<char>* input) {
  TakePayload(input, control_.data() + (payload_bytes_ - left_bytes_));
  if (place_ == Place::kControl) return std::nullopt;
  if (opcode() == Opcode::kClose) return EndClose();
  Event event;
  event.type =
      opcode() == Opcode::kPing ? Event::Type::kPing : Event::Type::kPong;
  event.payload = absl::string_view(control_.data(), payload_bytes_);
  return event;
}

absl::StatusOr<std::optional<Event>> Decoder::EndClose() {
  Event event;
  event.type = Event::Type::kClose;
  if (payload_bytes_ > 0) {
    // A single byte is no code, and zero is none that may be sent.
    event.close_code = payload_bytes_ < 2 ? 0 : BigEndian(control_.data(), 2);
    if (!IsValidCloseCode(event.close_code)) {
      return FailProtocol("close: bad code");
    }
    event.payload =
        absl::string_view(control_.data(), payload_bytes_).substr(2);
    Utf8Validator utf8;
    if (!utf8.Feed(event.payload) || !utf8.End()) {
      return Fail(kCloseInvalidPayload,
                  absl::InvalidArgumentError("close: reason is not UTF-8"));
    }
  }
  place_ = Place::kNothing;
  return event;
}

bool Utf8Validator::Feed(absl::string_view bytes) {
  for (char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (missing_ > 0) {
      if (byte < low_ || byte > high_) return false;
      --missing_;
      low_ = 0x80;
      high_ = 0xbf;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false;
      missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      // No overlong forms, no surrogates, nothing above U+10FFFF.
      if (byte == 0xe0) low_ = 0xa0;
      if (byte == 0xed) high_ = 0x9f;
      if (byte == 0xf0) low_ = 0x90;
      if (byte == 0xf4) high_ = 0x8f;
    }
  }
  return true;
}

bool Utf8Validator::End() { return missing_ == 0; }

}  // namespace fairway::net::websocket
