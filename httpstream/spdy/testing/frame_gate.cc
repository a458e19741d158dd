// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/frame_gate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "httpstream/spdy/framer.h"
#include "httpstream/spdy/wire.h"

namespace fairway::httpstream::spdy {
namespace {

constexpr char kFlagFin = 1;

bool IsControl(const std::string& head) { return (head[0] & 0x80) != 0; }

FrameType TypeOf(const std::string& frame) {
  return static_cast<FrameType>(LoadUint24(frame.data() + 1) & 0xffff);
}

}  // namespace

void FrameGate::Pass(absl::string_view bytes, std::string* out) {
  while (!bytes.empty()) {
    if (data_left_ > 0) {
      const size_t n = std::min(data_left_, bytes.size());
      if (data_passes_) out->append(bytes.data(), n);
      bytes.remove_prefix(n);
      data_left_ -= n;
    } else if (frame_.size() < kFrameHeadBytes) {
      const size_t n = std::min(kFrameHeadBytes - frame_.size(), bytes.size());
      frame_.append(bytes.data(), n);
      bytes.remove_prefix(n);
      if (frame_.size() < kFrameHeadBytes) return;
      PassHead(out);
    } else {
      const size_t n = std::min(control_left_, bytes.size());
      frame_.append(bytes.data(), n);
      bytes.remove_prefix(n);
      control_left_ -= n;
      if (control_left_ > 0) return;
      PassControl(out);
    }
    if (data_left_ == 0 && frame_.empty()) AddFrames(out);
  }
}

void FrameGate::PassHead(std::string* out) {
  const bool control = IsControl(frame_);
  if (frames_++ == 0 && options_.from_client &&
      !(control && TypeOf(frame_) == FrameType::kSettings)) {
    Complain("SETTINGS do not come first", 0);
  }
  const uint32_t length = LoadUint24(frame_.data() + 5);
  if (control) {
    control_left_ = length;
    if (length == 0) Complain("a control frame without a body", 0);
  } else {
    data_left_ = length;
    PassDataHead(LoadUint32(frame_.data()), out);
  }
}

void FrameGate::PassDataHead(uint32_t stream_id, std::string* out) {
  const bool fin = frame_[4] == kFlagFin;
  Sent& sent = streams_[stream_id];
  if (sent.fin) Complain("DATA behind the FIN", stream_id);
  if (sent.reset) Complain("DATA behind the RST", stream_id);
  if (went_away_ && options_.without_windows) {
    Complain("DATA behind GOAWAY", stream_id);
  }
  sent.fin = sent.fin || fin;
  sent.payload_bytes += data_left_;

  const GateFault& fault = options_.fault;
  data_passes_ = true;
  if (fault.kind == GateFault::Kind::kDropFin && fin &&
      fault.stream_id == stream_id) {
    frame_[4] = 0;
  }
  if (fault.kind == GateFault::Kind::kDropLastData && data_left_ > 0 &&
      fault.stream_id == stream_id && sent.payload_bytes == fault.total_bytes) {
    data_passes_ = false;
    frame_.replace(5, 3, 3, '\0');
  }
  if (data_passes_ || fin) *out += frame_;
  frame_.clear();
}

void FrameGate::PassControl(std::string* out) {
  const char* body = frame_.data() + kFrameHeadBytes;
  bool passes = true;
  switch (TypeOf(frame_)) {
    case FrameType::kWindowUpdate:
      if (options_.without_windows) {
        Complain("WINDOW_UPDATE to a peer without windows", LoadUint32(body));
      }
      break;
    case FrameType::kSettings:
      passes = !options_.without_windows;
      break;
    case FrameType::kPing:
      ping_passed_ = true;
      break;
    case FrameType::kGoAway:
      if (LoadUint32(body + 4) != 0) Complain("GOAWAY for an error", 0);
      went_away_ = true;
      break;
    case FrameType::kRstStream:
      OnRst(LoadUint32(body), static_cast<RstStatus>(LoadUint32(body + 4)));
      break;
    default:
      break;
  }
  if (passes) *out += frame_;
  frame_.clear();
}

void FrameGate::OnRst(uint32_t stream_id, RstStatus status) {
  Sent& sent = streams_[stream_id];
  if (sent.reset) Complain("two RSTs", stream_id);
  sent.reset = true;
  // An end of ours gives the other no reason for another one.
  if (status != RstStatus::kCancel && status != RstStatus::kRefusedStream &&
      status != RstStatus::kInvalidStream) {
    Complain(absl::StrCat("RST with status ", static_cast<uint32_t>(status)),
             stream_id);
  }
}

void FrameGate::AddFrames(std::string* out) {
  // Not before the PING that windows are agreed on with.
  if (!ping_passed_) return;
  if (go_away_ == GoAway::kWanted) {
    go_away_ = GoAway::kAdded;
    AppendGoAway({kMaxStreamId, GoAwayStatus::kOk}, out);
  }
  if (options_.ping_odds > 0 && random_->OneIn(options_.ping_odds)) {
    AppendPing({next_ping_id_ + (options_.from_client ? 0 : 1)}, out);
    next_ping_id_ += 2;
  }
}

size_t FrameGate::PayloadOf(uint32_t stream_id) const {
  auto it = streams_.find(stream_id);
  return it == streams_.end() ? 0 : it->second.payload_bytes;
}

void FrameGate::Complain(absl::string_view what, uint32_t stream_id) {
  complaints_->push_back(
      absl::StrCat(options_.from_client ? "client" : "server", " sends ", what,
                   ", stream ", stream_id));
}

}  // namespace fairway::httpstream::spdy
