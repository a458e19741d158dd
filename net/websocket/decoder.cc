// SPDX-License-Identifier: Apache-2.0
// wslay takes the frames apart and unmasks them; the rules about what may
// follow what, limits and UTF-8 are ours. (Frames are written without it: its
// sender would copy each payload through a small buffer and mask it byte by
// byte.)
#include "net/websocket/decoder.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairway::net::websocket {
namespace {

bool IsControl(uint8_t opcode) { return (opcode & 0x8) != 0; }

bool IsKnown(uint8_t opcode) { return (opcode & 0x7) <= 2; }

// wslay's own functions for sending are never called.
ssize_t NoSend(const uint8_t*, size_t, int, void*) { return -1; }
int NoMask(uint8_t*, size_t, void*) { return -1; }

}  // namespace

class Decoder::Impl {
 public:
  Impl(Role role, Limits limits) : role_(role), limits_(limits) {
    const wslay_frame_callbacks callbacks = {NoSend, &Impl::Receive, NoMask};
    if (wslay_frame_context_init(&wslay_, &callbacks, this) != 0) {
      throw std::bad_alloc();
    }
  }
  ~Impl() { wslay_frame_context_free(wslay_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::StatusOr<std::optional<Event>> Next(absl::string_view* input);

  uint16_t close_code() const { return close_code_; }

 private:
  static ssize_t Receive(uint8_t* buf, size_t len, int flags, void* user_data);

  absl::Status Fail(uint16_t close_code, absl::Status error);
  absl::Status CheckHead(const wslay_frame_iocb& frame);
  absl::Status CheckPlaceInMessage(const wslay_frame_iocb& frame);
  // What the bytes that came of a frame are; nullopt: nothing yet.
  absl::StatusOr<std::optional<Event>> OnFrame(const wslay_frame_iocb& frame);
  absl::StatusOr<std::optional<Event>> OnData(const wslay_frame_iocb& frame);
  absl::StatusOr<std::optional<Event>> OnControl(const wslay_frame_iocb& frame);
  absl::StatusOr<std::optional<Event>> OnClose();

  const Role role_;
  const Limits limits_;
  wslay_frame_context_ptr wslay_ = nullptr;
  absl::string_view* input_ = nullptr;

  bool in_frame_ = false;
  uint64_t frame_left_bytes_ = 0;

  bool in_message_ = false;
  Opcode message_opcode_ = Opcode::kBinary;
  uint64_t message_bytes_ = 0;
  Utf8Validator utf8_;

  std::array<char, kMaxControlBytes> control_;
  size_t control_bytes_ = 0;

  bool closed_ = false;
  absl::Status error_;
  uint16_t close_code_ = kCloseProtocolError;
};

ssize_t Decoder::Impl::Receive(uint8_t* buf, size_t len, int /*flags*/,
                               void* user_data) {
  absl::string_view* input = static_cast<Impl*>(user_data)->input_;
  const size_t n = std::min(len, input->size());
  if (n == 0) return -1;  // wslay then asks for more
  std::memcpy(buf, input->data(), n);
  input->remove_prefix(n);
  return static_cast<ssize_t>(n);
}

absl::StatusOr<std::optional<Event>> Decoder::Impl::Next(
    absl::string_view* input) {
  input_ = input;
  while (error_.ok() && !closed_) {
    wslay_frame_iocb frame;
    std::memset(&frame, 0, sizeof(frame));
    const ssize_t n = wslay_frame_recv(wslay_, &frame);
    if (n == WSLAY_ERR_WANT_READ) {
      if (input->empty()) return std::nullopt;
      continue;
    }
    if (n < 0) {
      return Fail(kCloseProtocolError,
                  absl::InvalidArgumentError("frame: bad length"));
    }
    absl::StatusOr<std::optional<Event>> event = OnFrame(frame);
    if (!event.ok() || event->has_value()) return event;
  }
  *input = absl::string_view();
  if (!error_.ok()) return error_;
  return std::nullopt;
}

absl::Status Decoder::Impl::Fail(uint16_t close_code, absl::Status error) {
  close_code_ = close_code;
  error_ = error;
  *input_ = absl::string_view();
  return error;
}

absl::Status Decoder::Impl::CheckHead(const wslay_frame_iocb& frame) {
  if (frame.rsv != WSLAY_RSV_NONE) {
    return Fail(kCloseProtocolError,
                absl::InvalidArgumentError("frame: reserved bits are set"));
  }
  if (!IsKnown(frame.opcode)) {
    return Fail(kCloseProtocolError, absl::InvalidArgumentError(absl::StrCat(
                                         "frame: opcode ", frame.opcode)));
  }
  if ((frame.mask != 0) != (role_ == Role::kServer)) {
    return Fail(kCloseProtocolError,
                absl::InvalidArgumentError(
                    frame.mask != 0 ? "frame: masked by a server"
                                    : "frame: not masked by a client"));
  }
  if (IsControl(frame.opcode)) {
    if (!frame.fin || frame.payload_length > kMaxControlBytes) {
      return Fail(kCloseProtocolError,
                  absl::InvalidArgumentError(
                      "frame: control frame of more than one piece"));
    }
    return absl::OkStatus();
  }
  return CheckPlaceInMessage(frame);
}

absl::Status Decoder::Impl::CheckPlaceInMessage(const wslay_frame_iocb& frame) {
  const bool continues = frame.opcode == WSLAY_CONTINUATION_FRAME;
  if (continues != in_message_) {
    return Fail(kCloseProtocolError,
                absl::InvalidArgumentError(
                    continues ? "frame: continues no message"
                              : "frame: begins a message within another"));
  }
  if (!continues) {
    in_message_ = true;
    message_opcode_ = static_cast<Opcode>(frame.opcode);
    message_bytes_ = 0;
  }
  if (frame.payload_length > limits_.max_frame_bytes) {
    return Fail(kCloseMessageTooBig,
                absl::OutOfRangeError(absl::StrCat(
                    "frame: more than ", limits_.max_frame_bytes, " bytes")));
  }
  if (frame.payload_length > limits_.max_message_bytes - message_bytes_) {
    return Fail(kCloseMessageTooBig, absl::OutOfRangeError(absl::StrCat(
                                         "message: more than ",
                                         limits_.max_message_bytes, " bytes")));
  }
  message_bytes_ += frame.payload_length;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Event>> Decoder::Impl::OnFrame(
    const wslay_frame_iocb& frame) {
  if (!in_frame_) {
    absl::Status allowed = CheckHead(frame);
    if (!allowed.ok()) return allowed;
    in_frame_ = true;
    frame_left_bytes_ = frame.payload_length;
    if (IsControl(frame.opcode)) control_bytes_ = 0;
  }
  frame_left_bytes_ -= frame.data_length;
  if (frame_left_bytes_ == 0) in_frame_ = false;
  return IsControl(frame.opcode) ? OnControl(frame) : OnData(frame);
}

absl::StatusOr<std::optional<Event>> Decoder::Impl::OnData(
    const wslay_frame_iocb& frame) {
  Event event;
  event.opcode = message_opcode_;
  event.payload = absl::string_view(reinterpret_cast<const char*>(frame.data),
                                    frame.data_length);
  event.end_of_message = frame.fin && !in_frame_;
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

absl::StatusOr<std::optional<Event>> Decoder::Impl::OnControl(
    const wslay_frame_iocb& frame) {
  std::copy_n(frame.data, frame.data_length,
              control_.begin() + static_cast<ptrdiff_t>(control_bytes_));
  control_bytes_ += frame.data_length;
  if (in_frame_) return std::nullopt;
  if (frame.opcode == WSLAY_CONNECTION_CLOSE) return OnClose();
  Event event;
  event.type =
      frame.opcode == WSLAY_PING ? Event::Type::kPing : Event::Type::kPong;
  event.payload = absl::string_view(control_.data(), control_bytes_);
  return event;
}

absl::StatusOr<std::optional<Event>> Decoder::Impl::OnClose() {
  Event event;
  event.type = Event::Type::kClose;
  if (control_bytes_ > 0) {
    // A single byte is no code, and zero is none that may be sent.
    const auto high = static_cast<uint8_t>(control_[0]);
    const auto low = static_cast<uint8_t>(control_[1]);
    event.close_code =
        control_bytes_ < 2 ? 0 : static_cast<uint16_t>(high << 8 | low);
    if (!IsValidCloseCode(event.close_code)) {
      return Fail(kCloseProtocolError,
                  absl::InvalidArgumentError("close: bad code"));
    }
    event.payload = absl::string_view(control_.data() + 2, control_bytes_ - 2);
    Utf8Validator utf8;
    if (!utf8.Feed(event.payload) || !utf8.End()) {
      return Fail(kCloseInvalidPayload,
                  absl::InvalidArgumentError("close: reason is not UTF-8"));
    }
  }
  closed_ = true;
  *input_ = absl::string_view();
  return event;
}

Decoder::Decoder(Role role, Limits limits)
    : impl_(std::make_unique<Impl>(role, limits)) {}

Decoder::~Decoder() = default;

absl::StatusOr<std::optional<Event>> Decoder::Next(absl::string_view* input) {
  return impl_->Next(input);
}

uint16_t Decoder::close_code() const { return impl_->close_code(); }

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
