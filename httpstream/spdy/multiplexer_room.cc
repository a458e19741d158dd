// SPDX-License-Identifier: Apache-2.0
// Windows, and what may lie unread.
//
// Where both ends keep windows, reading never waits: a stream that nobody reads
// uses up its own window, and the session's is given back as bytes arrive. When
// as much lies unread as a session or the process may hold, the session's
// window is given back only as bytes are read. Toward a peer without windows
// reading waits then, and also when DATA comes for a stream whose own buffer is
// full; frames of others that come before it are still handled.
#include <glog/logging.h>

#include <algorithm>

#include "base/task/deadline.h"
#include "httpstream/spdy/multiplexer.h"

namespace fairway::httpstream::spdy {
namespace {

// Another session's reader may make room, and tells nobody: so often a session
// that waits for room looks again.
constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

}  // namespace

absl::Status Multiplexer::ChargeSessionWindow(int64_t bytes) {
  if (windows_ != Windows::kAgreed) return absl::OkStatus();
  receive_window_bytes_ -= bytes;
  if (receive_window_bytes_ < 0) {
    return absl::InvalidArgumentError("more data than the session's window");
  }
  if (bytes > 0 && estimator_.OnReceived(bytes)) {
    probe_ping_id_ = SendPing();
    estimator_.OnPingSent(Clock::now());
  }
  return absl::OkStatus();
}

void Multiplexer::OnProbeAnswered() {
  probe_ping_id_ = 0;
  estimator_.OnPingAnswered(Clock::now());
  VLOG(6) << "spdy session " << name() << ": windows of "
          << estimator_.stream_window_bytes() << " and "
          << estimator_.session_window_bytes() << " bytes";
}

void Multiplexer::ReturnSessionWindow(int64_t taken_bytes) {
  if (windows_ != Windows::kAgreed || ended_) return;
  const int64_t full_bytes = estimator_.session_window_bytes();
  int64_t delta = full_bytes - receive_window_bytes_;
  int64_t worthwhile_bytes = full_bytes / 2;
  if (IsOverfull()) {
    BeginStall(0);
    taken_bytes_ += taken_bytes;
    delta = std::min(delta, taken_bytes_);
    // Those who read must not have to wait for half of a window that those who
    // do not read have used up.
    worthwhile_bytes = std::min(worthwhile_bytes, receive_window_bytes_);
  } else {
    taken_bytes_ = 0;
    if (stall_.active()) stall_.End("goes on");
  }
  if (delta <= 0 || delta < worthwhile_bytes) return;
  AppendWindowUpdate({0, static_cast<uint32_t>(delta)}, &control_);
  receive_window_bytes_ += delta;
  taken_bytes_ = 0;
  WakeWriter();
}

void Multiplexer::GiveBackWindow(const StreamPtr& stream, size_t bytes) {
  if (bytes == 0 || ended_) return;
  if (windows_ != Windows::kAgreed) {
    room_.NotifyAll();
    return;
  }
  const int64_t taken_bytes = static_cast<int64_t>(bytes);
  ReturnSessionWindow(taken_bytes);
  estimator_.OnRead(&stream->sample, taken_bytes);
  if (stream->reset || stream->fin_received) return;
  stream->unacknowledged_bytes += taken_bytes;
  if (stream->unacknowledged_bytes < stream->full_window_bytes / 2) return;
  const int64_t full_bytes =
      std::max(stream->full_window_bytes, estimator_.stream_window_bytes());
  const int64_t delta =
      stream->unacknowledged_bytes + full_bytes - stream->full_window_bytes;
  AppendWindowUpdate({stream->id, static_cast<uint32_t>(delta)}, &control_);
  stream->receive_window_bytes += delta;
  stream->full_window_bytes = full_bytes;
  stream->unacknowledged_bytes = 0;
  WakeWriter();
}

bool Multiplexer::IsOverfull() const {
  const size_t bytes = budget_.session_bytes();
  if (bytes >= options_.session_buffer_bytes) return true;
  // A little is every session's own, however much the others hold.
  return bytes > static_cast<size_t>(kInitialWindowBytes) &&
         ReceiveBudget::process_bytes() >= options_.process_buffer_bytes;
}

bool Multiplexer::HasRoomFor(uint32_t stream_id, Waited waited) const {
  if (windows_ == Windows::kAgreed) return true;
  StreamPtr stream = FindStream(stream_id);
  if (stream == nullptr || stream->read_closed) return true;
  const size_t full_bytes = waited == Waited::kYes
                                ? options_.receive_buffer_bytes / 2 + 1
                                : options_.receive_buffer_bytes;
  return stream->received.size() < full_bytes && !IsOverfull();
}

Task<absl::Status> Multiplexer::WaitForRoom(uint32_t stream_id) {
  BeginStall(IsOverfull() ? 0 : stream_id);
  TaskGroup watch(executor_);
  auto self = shared_from_this();
  watch.Spawn([self] { return self->WatchTransport(); });
  reading_waits_ = true;
  absl::Status waited;
  while (waited.ok() && !HasRoomFor(stream_id, Waited::kYes)) {
    absl::Status woken = co_await room_.Wait();
    waited = woken;
  }
  reading_waits_ = false;
  HearPeer();
  stall_.End("goes on");
  watch.Cancel();
  absl::Status joined = co_await watch.Join();
  (void)joined;  // it was cancelled, or has ended the session
  co_return waited;
}

Task<absl::Status> Multiplexer::WaitForWriter() {
  reading_waits_ = true;
  absl::Status waited;
  while (waited.ok() && answers_bytes_ > 0) {
    absl::Status woken = co_await room_.Wait();
    waited = woken;
  }
  reading_waits_ = false;
  HearPeer();
  co_return waited;
}

Task<absl::Status> Multiplexer::WatchTransport() {
  absl::Status broken = co_await transport_->WaitBroken();
  if (!absl::IsCancelled(broken)) End(ReasonOfLoss(broken));
  co_return broken;
}

void Multiplexer::BeginStall(uint32_t stream_id) {
  if (!stall_.active()) stalled_stream_id_ = stream_id;
  stall_.Begin();
  if (watching_stall_) return;
  watching_stall_ = true;
  auto self = shared_from_this();
  tasks_.Spawn([self] { return self->WatchStall(); });
}

Task<absl::Status> Multiplexer::WatchStall() {
  while (stall_.active() && !ended_) {
    absl::Status slept = co_await Sleep(kLookAgain);
    if (!slept.ok()) co_return slept;
    ReturnSessionWindow(0);
    room_.NotifyAll();
    TellOfStall();
  }
  watching_stall_ = false;
  co_return absl::OkStatus();
}

void Multiplexer::TellOfStall() {
  if (!stall_.active() || stall_.told() || ended_ ||
      absl::FromChrono(stall_.age()) < options_.stall_notice) {
    return;
  }
  StreamPtr stream = FindStream(stalled_stream_id_);
  if (stream == nullptr) {
    // Any reader would do; the one who could do most is to blame.
    for (const auto& [id, other] : streams_) {
      if (stream == nullptr ||
          other->received.size() > stream->received.size()) {
        stream = other;
      }
    }
  }
  stall_.Tell(stream == nullptr ? 0 : stream->id,
              stream == nullptr ? 0 : stream->received.size(),
              budget_.session_bytes());
}

}  // namespace fairway::httpstream::spdy
