// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/multiplexer.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::httpstream::spdy {
namespace {

SessionOptions Checked(SessionOptions options) {
  // A peer may fill the first window before it hears of another.
  for (int64_t* window :
       {&options.stream_window_bytes, &options.session_window_bytes}) {
    *window = std::clamp(*window, kInitialWindowBytes, kMaxWindowBytes);
  }
  options.max_stream_window_bytes =
      std::clamp(options.max_stream_window_bytes, options.stream_window_bytes,
                 kMaxWindowBytes);
  return options;
}

WindowEstimator Estimator(const SessionOptions& options) {
  const int64_t max_session_bytes =
      std::clamp(2 * options.max_stream_window_bytes,
                 options.session_window_bytes, kMaxWindowBytes);
  return WindowEstimator(options.stream_window_bytes,
                         options.max_stream_window_bytes,
                         options.session_window_bytes, max_session_bytes);
}

}  // namespace

Multiplexer::Multiplexer(Executor executor,
                         std::unique_ptr<net::ByteStream> transport, Role role,
                         SessionOptions options, Acceptor acceptor)
    : executor_(executor),
      transport_(std::move(transport)),
      role_(role),
      options_(Checked(options)),
      acceptor_(std::move(acceptor)),
      tasks_(executor),
      idle_watch_(executor),
      next_stream_id_(role == Role::kClient ? 1 : 2),
      windows_decided_(executor),
      estimator_(Estimator(options_)),
      handed_over_(executor),
      room_(executor),
      stall_(options_.name),
      writer_has_work_(executor),
      flushed_(executor),
      next_ping_id_(role == Role::kClient ? 1 : 2),
      farewell_moved_(executor),
      ended_condition_(executor) {}

void Multiplexer::Start() {
  if (role_ == Role::kClient) {
    // A peer with windows answers the first before the second.
    SendSettings();
    windows_ping_id_ = SendPing();
  }
  auto self = shared_from_this();
  tasks_.Spawn([self] { return self->RunReader(); });
  tasks_.Spawn([self] { return self->RunWriter(); });
  if (options_.ping_period > absl::ZeroDuration()) {
    tasks_.Spawn([self] { return self->KeepAlive(); });
  }
}

StreamPtr Multiplexer::AddStream(uint32_t id, net::http::Headers headers) {
  auto stream = std::make_shared<StreamState>(executor_, &budget_, id);
  stream->headers =
      std::make_unique<const net::http::Headers>(std::move(headers));
  stream->send_window_bytes = peer_initial_window_bytes_;
  stream->receive_window_bytes = options_.stream_window_bytes;
  stream->full_window_bytes = options_.stream_window_bytes;
  streams_[id] = stream;
  NoteActivity();
  stream->made_at = last_activity_;
  return stream;
}

Task<absl::StatusOr<bool>> Multiplexer::KeepsStreamsApart() {
  while (windows_ == Windows::kUndecided) {
    if (ended_) co_return absl::UnavailableError("the session is over");
    absl::Status waited = co_await windows_decided_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return windows_ == Windows::kAgreed;
}

void Multiplexer::Drain() {
  if (draining_) return;
  draining_ = true;
  // Go drops all that follows a GOAWAY: toward a peer without windows it comes
  // last.
  if (role_ == Role::kServer && windows_ == Windows::kAgreed && !closing_) {
    AppendGoAway({last_peer_stream_id_, GoAwayStatus::kOk}, &control_);
    WakeWriter();
  }
  CloseIfDone();
}

absl::StatusOr<StreamPtr> Multiplexer::StartStream(net::http::Headers headers) {
  if (ended_ || closing_ || draining_ || peer_goes_away_) {
    return absl::UnavailableError("create stream: the session is over");
  }
  if (streams_.size() >= options_.max_streams ||
      next_stream_id_ > std::min(options_.max_stream_id, kMaxStreamId)) {
    return absl::ResourceExhaustedError("create stream: too many streams");
  }
  SynStreamFrame frame;
  frame.stream_id = next_stream_id_;
  frame.headers = std::move(headers);
  FAIRWAY_RETURN_IF_ERROR(frame_writer_.AppendSynStream(frame, &control_));
  next_stream_id_ += 2;
  StreamPtr stream = AddStream(frame.stream_id, std::move(frame.headers));
  WakeWriter();
  return stream;
}

Task<absl::Status> Multiplexer::WaitReplied(StreamPtr stream) {
  const absl::Duration age = absl::FromChrono(Clock::now() - stream->made_at);
  absl::Status replied = co_await WithDeadline(
      options_.create_stream_timeout - age, "create stream",
      [this, &stream]() -> Task<absl::Status> {
        while (!stream->replied && !stream->reset && !ended_) {
          absl::Status waited = co_await stream->changed.Wait();
          if (!waited.ok()) co_return waited;
        }
        co_return absl::OkStatus();
      });
  // Also where the wait was over in the turn in which the reply came.
  if (stream->replied) co_return absl::OkStatus();
  if (stream->reset_by_peer) {
    co_return absl::AbortedError(stream->refused ? "Stream refused"
                                                 : "Stream reset");
  }
  if (absl::IsDeadlineExceeded(replied)) {
    // Upstream's word, which its users search for.
    co_return absl::DeadlineExceededError("Timeout occurred");
  }
  if (!replied.ok()) co_return replied;
  if (stream->reset) co_return absl::CancelledError("stream closed");
  co_return absl::UnavailableError("create stream: connection lost");
}

Task<absl::StatusOr<size_t>> Multiplexer::Read(StreamPtr stream,
                                               absl::Span<char> buf) {
  absl::Status ready = co_await WaitReadable(stream);
  if (!ready.ok()) co_return ready;
  const size_t n = stream->received.Read(buf);
  GiveBackWindow(stream, n);
  co_return n;
}

Task<absl::Status> Multiplexer::WaitReadable(StreamPtr stream) {
  while (true) {
    if (stream->read_closed || (stream->reset && !stream->reset_by_peer)) {
      co_return absl::CancelledError("read: stream closed");
    }
    // What came before a reset, or the session's end, is still delivered.
    if (!stream->received.empty()) co_return absl::OkStatus();
    if (stream->reset_by_peer) {
      co_return absl::AbortedError("read: stream reset");
    }
    if (stream->fin_received) co_return absl::OkStatus();
    if (ended_) co_return absl::UnavailableError("read: connection lost");
    absl::Status waited = co_await stream->readable.Wait();
    if (!waited.ok()) co_return waited;
  }
}

Task<absl::Status> Multiplexer::WaitBroken(StreamPtr stream) {
  while (true) {
    if (stream->reset_by_peer) {
      co_return absl::AbortedError("read: stream reset");
    }
    if (stream->reset || stream->read_closed) {
      co_return absl::CancelledError("read: stream closed");
    }
    if (ended_) co_return absl::UnavailableError("read: connection lost");
    absl::Status waited = co_await stream->changed.Wait();
    if (!waited.ok()) co_return waited;
  }
}

absl::Status Multiplexer::WriteState(const StreamState& stream) const {
  if (stream.reset_by_peer) return absl::AbortedError("write: stream reset");
  if (stream.reset) return absl::CancelledError("write: stream closed");
  if (stream.fin_queued) {
    return absl::FailedPreconditionError("write: after close");
  }
  if (ended_ || write_failed_) {
    return absl::UnavailableError("write: connection lost");
  }
  return absl::OkStatus();
}

Task<absl::Status> Multiplexer::Write(
    StreamPtr stream, absl::Span<const absl::string_view> pieces) {
  Cancellation cancellation = co_await kThisCancellation;
  bool cancelled = IsRequested(cancellation);
  PendingWrite write = {pieces, 0, 0};
  for (absl::string_view piece : pieces) write.left_bytes += piece.size();
  stream->write = &write;
  while (true) {
    // What the transport holds stays the caller's until it is done with it,
    // whatever happens meanwhile.
    if (!stream->in_flight) {
      absl::Status state = WriteState(*stream);
      if (state.ok() && cancelled) state = absl::CancelledError("write");
      if (!state.ok() || write.left_bytes == 0) {
        stream->write = nullptr;
        co_return state;
      }
      MakeReady(*stream);
    }
    absl::Status waited = co_await stream->writable.WaitThoughCancelled();
    // The request may have come after the wait was over.
    if (!waited.ok() || IsRequested(cancellation)) cancelled = true;
  }
}

absl::Status Multiplexer::CloseWrite(const StreamPtr& stream) {
  if (stream->fin_queued) return absl::OkStatus();
  FAIRWAY_RETURN_IF_ERROR(WriteState(*stream));
  stream->fin_queued = true;
  MakeReady(*stream);
  return absl::OkStatus();
}

void Multiplexer::CloseStream(const StreamPtr& stream) {
  if (stream->read_closed) return;
  stream->read_closed = true;
  if (!stream->reset && !ended_) {
    stream->fin_queued = true;
    MakeReady(*stream);
  }
  GiveBackWindow(stream, stream->received.Clear());
  stream->readable.NotifyAll();
}

void Multiplexer::ResetStream(const StreamPtr& stream, RstStatus status) {
  if (stream->accepting) {
    stream->abandoned = true;
    return;
  }
  if (stream->reset) return;
  // Before the farewell that the last stream's end may begin.
  if (!ended_ && !stream->ended()) SendRst(stream->id, status);
  DropStream(stream);
  GiveBackWindow(stream, stream->received.Clear());
}

void Multiplexer::AbortStream(const StreamPtr& stream, RstStatus status) {
  stream->reset_by_peer = true;
  SendRst(stream->id, status);
  DropStream(stream);
}

void Multiplexer::ReleaseStream(const StreamPtr& stream) {
  const bool both_fins = stream->fin_queued && stream->fin_received;
  if (!stream->read_closed && !both_fins) {
    ResetStream(stream, RstStatus::kCancel);
  }
  GiveBackWindow(stream, stream->received.Clear());
}

void Multiplexer::DropStream(const StreamPtr& stream) {
  stream->reset = true;
  Dequeue(*stream);
  room_.NotifyAll();
  stream->readable.NotifyAll();
  stream->writable.NotifyAll();
  stream->changed.NotifyAll();
  NoteActivity();
  RemoveIfEnded(stream);
}

void Multiplexer::RemoveIfEnded(const StreamPtr& stream) {
  if (!stream->ended()) return;
  streams_.erase(stream->id);
  CloseIfDone();
}

Task<absl::Status> Multiplexer::Close() {
  absl::Status ended = co_await EndInGoodOrder(absl::OkStatus());
  co_return ended;
}

void Multiplexer::Abort() { End(absl::CancelledError("connection aborted")); }

Task<absl::Status> Multiplexer::WaitClosed() {
  while (!ended_) {
    absl::Status waited = co_await ended_condition_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return end_reason_;
}

Task<absl::Status> Multiplexer::EndInGoodOrder(absl::Status reason) {
  if (closing_) {
    while (!ended_) {
      absl::Status waited = co_await ended_condition_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }
  closing_ = true;
  absl::Status said = co_await WithDeadline(
      options_.close_timeout, "close",
      [this]() -> Task<absl::Status> { return SayFarewell(); });
  if (!said.ok()) VLOG(2) << "spdy session " << name() << ": " << said;
  if ((said.ok() || all_arrived_) && !ended_) {
    absl::Status closed = co_await transport_->Close();
    transport_closed_ = closed.ok();
  }
  End(reason);
  co_return absl::OkStatus();
}

// A transport that is closed with bytes unread, or closed before the other end
// has read, loses them. So the peer's answer to a ping behind the last byte is
// waited for, and the client closes first.
Task<absl::Status> Multiplexer::SayFarewell() {
  std::vector<StreamPtr> open;
  for (const auto& [id, stream] : streams_) {
    if (!stream->fin_queued) open.push_back(stream);
  }
  for (const StreamPtr& stream : open) {
    ResetStream(stream, RstStatus::kCancel);
  }
  absl::Status flushed = co_await Flush();
  if (!flushed.ok()) co_return flushed;
  if (role_ == Role::kServer && !peer_spoke_) co_return absl::OkStatus();

  open.clear();
  for (const auto& [id, stream] : streams_) open.push_back(stream);
  for (const StreamPtr& stream : open) {
    ResetStream(stream, RstStatus::kCancel);
  }
  farewell_ping_id_ = SendPing();
  while (farewell_ping_id_ != 0 && !peer_closed_ && !ended_) {
    absl::Status waited = co_await farewell_moved_.Wait();
    if (!waited.ok()) co_return waited;
  }
  if (ended_) co_return absl::UnavailableError("the session is over");
  all_arrived_ = true;
  if (peer_closed_) co_return absl::OkStatus();
  AppendGoAway({last_peer_stream_id_, GoAwayStatus::kOk}, &control_);
  WakeWriter();
  flushed = co_await Flush();
  if (!flushed.ok()) co_return flushed;
  while (role_ == Role::kServer && !peer_closed_ && !ended_) {
    absl::Status waited = co_await farewell_moved_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

void Multiplexer::CloseIfDone() {
  const bool peer_waits = role_ == Role::kClient && peer_goes_away_;
  if (!(peer_waits || draining_) || !streams_.empty() || closing_ || ended_) {
    return;
  }
  auto self = shared_from_this();
  tasks_.Spawn([self] { return self->EndInGoodOrder(absl::OkStatus()); });
}

absl::Status Multiplexer::ReasonOfLoss(absl::Status error) const {
  return streams_.empty() ? absl::OkStatus() : error;
}

void Multiplexer::End(absl::Status reason) {
  if (ended_) return;
  VLOG(2) << "spdy session " << name() << " ends: " << reason;
  ended_ = true;
  closing_ = true;
  end_reason_ = std::move(reason);
  if (!transport_closed_) transport_->Abort();
  for (const auto& [id, stream] : streams_) {
    stream->readable.NotifyAll();
    stream->writable.NotifyAll();
    stream->changed.NotifyAll();
  }
  while (!ready_.empty()) Dequeue(*ready_.front());
  while (!blocked_.empty()) Dequeue(*blocked_.front());
  streams_.clear();
  stall_.End("ends");
  ended_condition_.NotifyAll();
  windows_decided_.NotifyAll();
  flushed_.NotifyAll();
  farewell_moved_.NotifyAll();
  tasks_.Cancel();
  idle_watch_.Cancel();
}

}  // namespace fairway::httpstream::spdy
