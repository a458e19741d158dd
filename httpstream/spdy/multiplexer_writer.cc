// SPDX-License-Identifier: Apache-2.0
// Frames that leave.

#include <algorithm>
#include <limits>
#include <utility>

#include "base/task/deadline.h"
#include "httpstream/spdy/multiplexer.h"

namespace fairway::httpstream::spdy {
namespace {

// What a stream may send before it is another's turn. Go reads a frame whole
// into its hands, and others wait behind it; ours takes it piece by piece.
constexpr size_t kShortTurnBytes = 32 * 1024;
constexpr size_t kLongTurnBytes = 128 * 1024;
// One Write of the transport. Control frames wait for it.
constexpr size_t kMaxBatchBytes = 256 * 1024;
constexpr size_t kMaxBatchFrames = 64;
constexpr size_t kMaxBatchPieces = 512;
// Larger buffers are not kept from one batch to the next.
constexpr size_t kKeptControlBytes = 1024;
constexpr size_t kKeptPieces = 128;

}  // namespace

void Multiplexer::Batch::Clear() {
  control.clear();
  if (control.capacity() > kKeptControlBytes) control = std::string();
  heads.clear();
  pieces.clear();
  if (pieces.capacity() > kKeptPieces) pieces = {};
  streams.clear();
  payload_bytes = 0;
}

Task<absl::Status> Multiplexer::RunWriter() {
  while (!ended_) {
    if (!Gather()) {
      flushed_.NotifyAll();
      absl::Status waited = co_await writer_has_work_.Wait();
      if (!waited.ok()) co_return waited;
      continue;
    }
    writing_ = true;
    absl::Status written = co_await transport_->Write(batch_.pieces);
    writing_ = false;
    FinishBatch();
    if (!written.ok()) {
      FailPendingWrites();
      // What the peer sent before it closed may still be there to read; the
      // reader ends the session.
      absl::Status slept = co_await Sleep(options_.close_timeout);
      if (slept.ok()) End(ReasonOfLoss(written));
      co_return written;
    }
  }
  co_return absl::OkStatus();
}

bool Multiplexer::Gather() {
  std::swap(batch_.control, control_);
  answers_bytes_ = 0;
  room_.NotifyAll();
  if (!batch_.control.empty()) batch_.pieces.push_back(batch_.control);
  // The pieces point into it.
  if (!ready_.empty() || !blocked_.empty()) {
    batch_.heads.reserve(kMaxBatchFrames);
  }
  while (batch_.payload_bytes < kMaxBatchBytes &&
         batch_.heads.size() < kMaxBatchFrames &&
         batch_.pieces.size() < kMaxBatchPieces) {
    StreamState* next = NextInTurn();
    if (next == nullptr) break;
    const StreamPtr stream = next->shared_from_this();
    Dequeue(*stream);
    if (!HasSomethingToSend(*stream)) continue;
    const size_t left = stream->left_bytes();
    const int64_t allowance = SendAllowance(*stream);
    if (left > 0 && allowance <= 0) {
      // A WINDOW_UPDATE of its own makes it ready.
      if (stream->send_window_bytes > 0) blocked_.PushBack(*stream);
      continue;
    }
    GatherFrame(
        stream,
        std::min({left, TurnBytes(*stream),
                  static_cast<size_t>(std::max<int64_t>(allowance, 0))}));
    MakeReady(*stream);
  }
  if (batch_.pieces.empty()) return false;
  if (!batch_.heads.empty()) NoteActivity();
  return true;
}

size_t Multiplexer::TurnBytes(const StreamState& stream) const {
  if (windows_ != Windows::kAgreed) return kShortTurnBytes;
  const bool alone = ready_.empty() && blocked_.empty();
  if (alone) return kMaxBatchBytes;
  // Who spends a small window at once waits for it longer than its turn took.
  const size_t quarter = std::max<int64_t>(stream.send_window_bytes, 0) / 4;
  return std::clamp(quarter, kShortTurnBytes, kLongTurnBytes);
}

StreamState* Multiplexer::NextInTurn() const {
  // Those that the session's window held back have waited longer.
  if (!blocked_.empty() && SessionMaySend()) return blocked_.front();
  return ready_.empty() ? nullptr : ready_.front();
}

void Multiplexer::GatherFrame(const StreamPtr& stream, size_t payload_bytes) {
  const bool fin = stream->fin_queued && payload_bytes == stream->left_bytes();
  batch_.heads.push_back(
      DataHead(stream->id, payload_bytes, fin ? Fin::kYes : Fin::kNo));
  batch_.pieces.emplace_back(batch_.heads.back().data(), kFrameHeadBytes);
  if (payload_bytes > 0) {
    TakePayload(*stream, payload_bytes);
    batch_.payload_bytes += payload_bytes;
    send_window_bytes_ -= static_cast<int64_t>(payload_bytes);
    stream->send_window_bytes -= static_cast<int64_t>(payload_bytes);
    if (!stream->in_flight) batch_.streams.push_back(stream);
    stream->in_flight = true;
  }
  if (fin) {
    stream->fin_sent = true;
    RemoveIfEnded(stream);
  }
}

void Multiplexer::TakePayload(StreamState& stream, size_t bytes) {
  PendingWrite& write = *stream.write;
  write.left_bytes -= bytes;
  while (bytes > 0) {
    absl::string_view piece = write.pieces.front().substr(write.offset, bytes);
    if (!piece.empty()) batch_.pieces.push_back(piece);
    bytes -= piece.size();
    write.offset += piece.size();
    if (write.offset == write.pieces.front().size()) {
      write.pieces.remove_prefix(1);
      write.offset = 0;
    }
  }
}

void Multiplexer::FinishBatch() {
  for (const StreamPtr& stream : batch_.streams) {
    stream->in_flight = false;
    stream->writable.NotifyAll();
  }
  batch_.Clear();
}

void Multiplexer::FailPendingWrites() {
  write_failed_ = true;
  for (const auto& [id, stream] : streams_) stream->writable.NotifyAll();
  flushed_.NotifyAll();
}

bool Multiplexer::HasSomethingToSend(const StreamState& stream) const {
  if (stream.reset) return false;
  return stream.left_bytes() > 0 || (stream.fin_queued && !stream.fin_sent);
}

bool Multiplexer::SessionMaySend() const {
  return windows_ == Windows::kNone || send_window_bytes_ > 0;
}

int64_t Multiplexer::SendAllowance(const StreamState& stream) const {
  if (windows_ == Windows::kNone) return std::numeric_limits<int64_t>::max();
  return std::min(stream.send_window_bytes, send_window_bytes_);
}

void Multiplexer::MakeReady(StreamState& stream) {
  if (stream.queue != nullptr || ended_ || !HasSomethingToSend(stream)) return;
  ready_.PushBack(stream);
  WakeWriter();
}

void Multiplexer::Dequeue(StreamState& stream) {
  if (stream.queue != nullptr) stream.queue->Remove(stream);
}

void Multiplexer::WakeWriter() {
  if (!handling_) writer_has_work_.NotifyAll();
}

void Multiplexer::SendRst(uint32_t stream_id, RstStatus status) {
  AppendRstStream({stream_id, status}, &control_);
  WakeWriter();
}

void Multiplexer::SendSettings() {
  SettingsFrame frame;
  frame.settings.push_back(
      {0, kSettingInitialWindowSize,
       static_cast<uint32_t>(options_.stream_window_bytes)});
  AppendSettings(frame, &control_);
  WakeWriter();
}

uint32_t Multiplexer::SendPing() {
  const uint32_t id = next_ping_id_;
  next_ping_id_ += 2;
  AppendPing({id}, &control_);
  last_ping_id_ = id;
  last_ping_sent_ = Clock::now();
  WakeWriter();
  return id;
}

bool Multiplexer::IsFlushed() const {
  return control_.empty() && ready_.empty() && !writing_;
}

Task<absl::Status> Multiplexer::Flush() {
  while (!IsFlushed() && !ended_ && !write_failed_) {
    absl::Status waited = co_await flushed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::httpstream::spdy
