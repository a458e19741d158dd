// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/framer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "httpstream/spdy/wire.h"

namespace fairway::httpstream::spdy {
namespace {

constexpr uint8_t kFlagFin = 0x01;
constexpr uint8_t kFlagUnidirectional = 0x02;
constexpr uint8_t kFlagClearSettings = 0x01;
constexpr uint32_t kControlBit = 0x80000000;
constexpr uint32_t kControlWord = kControlBit | uint32_t{kVersion} << 16;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("spdy frame: ", what));
}

// A field of 31 bits; the first is reserved.
uint32_t Load31(const char* bytes) { return LoadUint32(bytes) & kMaxStreamId; }

// A whole word that must not be zero in its lower 31 bits.
absl::Status LoadStreamId(const char* bytes, uint32_t* id) {
  *id = Load31(bytes);
  if (*id == 0) return Malformed("stream id 0");
  return absl::OkStatus();
}

void AppendHead(FrameType type, uint8_t flags, size_t length,
                std::string* out) {
  AppendUint32(kControlWord | static_cast<uint16_t>(type), out);
  AppendUint32(uint32_t{flags} << 24 | static_cast<uint32_t>(length), out);
}

// A control frame of two words without flags.
void AppendPair(FrameType type, uint32_t first, uint32_t second,
                std::string* out) {
  AppendHead(type, 0, 8, out);
  AppendUint32(first, out);
  AppendUint32(second, out);
}

absl::StatusOr<Frame> ParseRstStream(absl::string_view body) {
  if (body.size() != 8) return Malformed("RST_STREAM of a wrong length");
  RstStreamFrame frame;
  FAIRWAY_RETURN_IF_ERROR(LoadStreamId(body.data(), &frame.stream_id));
  frame.status = static_cast<RstStatus>(LoadUint32(body.data() + 4));
  return frame;
}

absl::StatusOr<Frame> ParsePing(absl::string_view body) {
  if (body.size() != 4) return Malformed("PING of a wrong length");
  return PingFrame{LoadUint32(body.data())};
}

absl::StatusOr<Frame> ParseGoAway(absl::string_view body) {
  if (body.size() != 8) return Malformed("GOAWAY of a wrong length");
  return GoAwayFrame{Load31(body.data()),
                     static_cast<GoAwayStatus>(LoadUint32(body.data() + 4))};
}

absl::StatusOr<Frame> ParseWindowUpdate(absl::string_view body) {
  if (body.size() != 8) return Malformed("WINDOW_UPDATE of a wrong length");
  return WindowUpdateFrame{Load31(body.data()), Load31(body.data() + 4)};
}

}  // namespace

absl::StatusOr<Frame> FrameParser::Next(absl::string_view* input) {
  while (true) {
    switch (state_) {
      case State::kHead: {
        if (!Collect(kFrameHeadBytes, input)) return Frame();
        FAIRWAY_RETURN_IF_ERROR(ReadHead());
        collected_.clear();
        // Only DATA may have nothing behind its head and mean something.
        if (state_ == State::kData && left_bytes_ == 0) return TakeData(input);
        break;
      }
      case State::kControl: {
        if (!Collect(head_.length, input)) return Frame();
        state_ = State::kHead;
        absl::StatusOr<Frame> frame = ReadControl();
        // No memory is kept between frames beyond what small ones need.
        collected_.clear();
        if (collected_.capacity() > kFrameHeadBytes) collected_.shrink_to_fit();
        return frame;
      }
      case State::kSkip: {
        const size_t n = std::min<size_t>(left_bytes_, input->size());
        input->remove_prefix(n);
        left_bytes_ -= static_cast<uint32_t>(n);
        if (left_bytes_ > 0) return Frame();
        state_ = State::kHead;
        break;
      }
      case State::kData:
        if (input->empty()) return Frame();
        return TakeData(input);
    }
  }
}

bool FrameParser::Collect(size_t wanted, absl::string_view* input) {
  const size_t n = std::min(wanted - collected_.size(), input->size());
  collected_.append(input->data(), n);
  input->remove_prefix(n);
  return collected_.size() == wanted;
}

absl::Status FrameParser::ReadHead() {
  const uint32_t first = LoadUint32(collected_.data());
  head_.flags = static_cast<uint8_t>(collected_[4]);
  head_.length = LoadUint24(collected_.data() + 5);
  left_bytes_ = head_.length;
  if ((first & kControlBit) == 0) {
    if (first == 0) return Malformed("DATA of stream id 0");
    data_stream_id_ = first;
    state_ = State::kData;
    return absl::OkStatus();
  }
  const uint32_t version = (first & ~kControlBit) >> 16;
  if (version != kVersion) {
    return Malformed(absl::StrCat("version ", version));
  }
  head_.type = static_cast<FrameType>(first & 0xffff);
  if (head_.length > kMaxControlFrameBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("spdy frame: control frame of ", head_.length, " bytes"));
  }
  switch (head_.type) {
    case FrameType::kSynStream:
    case FrameType::kSynReply:
    case FrameType::kRstStream:
    case FrameType::kSettings:
    case FrameType::kPing:
    case FrameType::kGoAway:
    case FrameType::kHeaders:
    case FrameType::kWindowUpdate:
      state_ = State::kControl;
      break;
    default:
      state_ = State::kSkip;
  }
  return absl::OkStatus();
}

DataPiece FrameParser::TakeData(absl::string_view* input) {
  DataPiece piece;
  piece.stream_id = data_stream_id_;
  piece.payload = input->substr(0, left_bytes_);
  input->remove_prefix(piece.payload.size());
  left_bytes_ -= static_cast<uint32_t>(piece.payload.size());
  if (left_bytes_ == 0) {
    piece.fin = (head_.flags & kFlagFin) != 0;
    state_ = State::kHead;
  }
  return piece;
}

absl::StatusOr<Frame> FrameParser::ReadControl() {
  const absl::string_view body = collected_;
  switch (head_.type) {
    case FrameType::kSynStream:
      return ParseSynStream(body);
    case FrameType::kSynReply:
      return ParseStreamHeaders<SynReplyFrame>("SYN_REPLY", body);
    case FrameType::kHeaders:
      return ParseStreamHeaders<HeadersFrame>("HEADERS", body);
    case FrameType::kRstStream:
      return ParseRstStream(body);
    case FrameType::kSettings:
      return ParseSettings(body);
    case FrameType::kPing:
      return ParsePing(body);
    case FrameType::kGoAway:
      return ParseGoAway(body);
    case FrameType::kWindowUpdate:
      return ParseWindowUpdate(body);
  }
  return Malformed("unknown type");
}

absl::StatusOr<Frame> FrameParser::ParseSynStream(absl::string_view body) {
  constexpr size_t kFixedBytes = 10;
  if (body.size() < kFixedBytes) return Malformed("SYN_STREAM is too short");
  SynStreamFrame frame;
  FAIRWAY_RETURN_IF_ERROR(LoadStreamId(body.data(), &frame.stream_id));
  frame.associated_stream_id = Load31(body.data() + 4);
  frame.priority = static_cast<uint8_t>(body[8]) >> 5;
  frame.slot = static_cast<uint8_t>(body[9]);
  frame.fin = (head_.flags & kFlagFin) != 0;
  frame.unidirectional = (head_.flags & kFlagUnidirectional) != 0;
  absl::StatusOr<net::http::Headers> headers =
      decompressor_.Parse(body.substr(kFixedBytes));
  if (!headers.ok()) return headers.status();
  frame.headers = *std::move(headers);
  return frame;
}

template <typename HeadersFrameType>
absl::StatusOr<Frame> FrameParser::ParseStreamHeaders(absl::string_view name,
                                                      absl::string_view body) {
  constexpr size_t kFixedBytes = 4;
  if (body.size() < kFixedBytes) {
    return Malformed(absl::StrCat(name, " is too short"));
  }
  HeadersFrameType frame;
  FAIRWAY_RETURN_IF_ERROR(LoadStreamId(body.data(), &frame.stream_id));
  frame.fin = (head_.flags & kFlagFin) != 0;
  absl::StatusOr<net::http::Headers> headers =
      decompressor_.Parse(body.substr(kFixedBytes));
  if (!headers.ok()) return headers.status();
  frame.headers = *std::move(headers);
  return frame;
}

absl::StatusOr<Frame> FrameParser::ParseSettings(absl::string_view body) {
  constexpr size_t kEntryBytes = 8;
  if (body.size() < 4) return Malformed("SETTINGS is too short");
  const uint32_t count = LoadUint32(body.data());
  if (count > kMaxSettings) {
    return absl::ResourceExhaustedError(
        absl::StrCat("spdy frame: SETTINGS with ", count, " entries"));
  }
  body.remove_prefix(4);
  if (body.size() != count * kEntryBytes) {
    return Malformed("SETTINGS of a wrong length");
  }
  SettingsFrame frame;
  frame.clear_persisted = (head_.flags & kFlagClearSettings) != 0;
  frame.settings.reserve(count);
  for (; !body.empty(); body.remove_prefix(kEntryBytes)) {
    frame.settings.push_back({static_cast<uint8_t>(body[0]),
                              LoadUint24(body.data() + 1),
                              LoadUint32(body.data() + 4)});
  }
  return frame;
}

absl::Status FrameWriter::AppendWithHeaders(FrameType type, uint8_t flags,
                                            absl::string_view fixed,
                                            const net::http::Headers& headers,
                                            std::string* out) {
  const size_t start = out->size();
  AppendHead(type, flags, 0, out);
  out->append(fixed.data(), fixed.size());
  absl::Status appended = compressor_.Append(headers, out);
  if (!appended.ok()) {
    out->resize(start);
    return appended;
  }
  const size_t length = out->size() - start - kFrameHeadBytes;
  StoreUint32(uint32_t{flags} << 24 | static_cast<uint32_t>(length),
              out->data() + start + 4);
  return absl::OkStatus();
}

absl::Status FrameWriter::AppendSynStream(const SynStreamFrame& frame,
                                          std::string* out) {
  std::string fixed;
  AppendUint32(frame.stream_id, &fixed);
  AppendUint32(frame.associated_stream_id, &fixed);
  fixed += static_cast<char>(frame.priority << 5);
  fixed += static_cast<char>(frame.slot);
  const uint8_t flags = (frame.fin ? kFlagFin : 0) |
                        (frame.unidirectional ? kFlagUnidirectional : 0);
  return AppendWithHeaders(FrameType::kSynStream, flags, fixed, frame.headers,
                           out);
}

absl::Status FrameWriter::AppendSynReply(const SynReplyFrame& frame,
                                         std::string* out) {
  std::string fixed;
  AppendUint32(frame.stream_id, &fixed);
  return AppendWithHeaders(FrameType::kSynReply, frame.fin ? kFlagFin : 0,
                           fixed, frame.headers, out);
}

absl::Status FrameWriter::AppendHeaders(const HeadersFrame& frame,
                                        std::string* out) {
  std::string fixed;
  AppendUint32(frame.stream_id, &fixed);
  return AppendWithHeaders(FrameType::kHeaders, frame.fin ? kFlagFin : 0, fixed,
                           frame.headers, out);
}

void AppendRstStream(const RstStreamFrame& frame, std::string* out) {
  AppendPair(FrameType::kRstStream, frame.stream_id,
             static_cast<uint32_t>(frame.status), out);
}

void AppendSettings(const SettingsFrame& frame, std::string* out) {
  // Exactly 4 + 8n: Go's framer trusts the count and not the length.
  AppendHead(FrameType::kSettings,
             frame.clear_persisted ? kFlagClearSettings : 0,
             4 + 8 * frame.settings.size(), out);
  AppendUint32(static_cast<uint32_t>(frame.settings.size()), out);
  for (const Setting& setting : frame.settings) {
    AppendUint32(uint32_t{setting.flags} << 24 | setting.id, out);
    AppendUint32(setting.value, out);
  }
}

void AppendPing(const PingFrame& frame, std::string* out) {
  AppendHead(FrameType::kPing, 0, 4, out);
  AppendUint32(frame.id, out);
}

void AppendGoAway(const GoAwayFrame& frame, std::string* out) {
  AppendPair(FrameType::kGoAway, frame.last_good_stream_id,
             static_cast<uint32_t>(frame.status), out);
}

void AppendWindowUpdate(const WindowUpdateFrame& frame, std::string* out) {
  AppendPair(FrameType::kWindowUpdate, frame.stream_id, frame.delta_bytes, out);
}

std::array<char, kFrameHeadBytes> DataHead(uint32_t stream_id,
                                           size_t payload_bytes, Fin fin) {
  std::array<char, kFrameHeadBytes> head;
  StoreUint32(stream_id, head.data());
  const uint8_t flags = fin == Fin::kYes ? kFlagFin : 0;
  StoreUint32(uint32_t{flags} << 24 | static_cast<uint32_t>(payload_bytes),
              head.data() + 4);
  return head;
}

}  // namespace fairway::httpstream::spdy
