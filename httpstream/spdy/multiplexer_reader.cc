// SPDX-License-Identifier: Apache-2.0
// Frames that arrive.
#include <glog/logging.h>

#include <memory>
#include <utility>
#include <variant>

#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "base/task/turn.h"
#include "httpstream/spdy/multiplexer.h"
#include "net/io/buffer_pool.h"

namespace fairway::httpstream::spdy {
namespace {

// Answers that the transport has not taken: beyond it, no more questions are
// read. What this end says of its own accord does not count: if both waited for
// each other's streams to be opened, neither would read.
constexpr size_t kMaxAnswersBytes = 64 * 1024;
// A larger list of streams that were heard of is not kept.
constexpr size_t kKeptTouched = 64;
constexpr absl::Duration kGoAwayTimeout = absl::Seconds(1);

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// Tells those who wait that whatever became ready before it has run.
class Notice final : public Ready {
 public:
  explicit Notice(std::shared_ptr<Condition> told) : told_(std::move(told)) {}
  void Run() override { told_->NotifyAll(); }

 private:
  const std::shared_ptr<Condition> told_;
};

bool IsProtocolError(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status);
}

}  // namespace

Task<absl::Status> Multiplexer::RunReader() {
  absl::Status status = co_await ReadFrames();
  if (!status.ok()) {
    absl::Status ended = co_await EndByError(status);
    co_return ended;
  }
  peer_closed_ = true;
  farewell_moved_.NotifyAll();
  // Whoever is closing goes on from here.
  if (closing_) co_return absl::OkStatus();
  closing_ = true;
  absl::Status reason =
      ReasonOfLoss(absl::UnavailableError("the peer closed the connection"));
  if (reason.ok()) {
    absl::Status closed = co_await transport_->Close();
    transport_closed_ = closed.ok();
  }
  End(reason);
  co_return absl::OkStatus();
}

Task<absl::Status> Multiplexer::EndByError(absl::Status error) {
  if (IsProtocolError(error) && !ended_) {
    LOG(WARNING) << "spdy session " << name() << ": " << error;
    AppendGoAway({last_peer_stream_id_, GoAwayStatus::kProtocolError},
                 &control_);
    WakeWriter();
    absl::Status flushed = co_await WithDeadline(
        kGoAwayTimeout, "go away",
        [this]() -> Task<absl::Status> { return Flush(); });
    if (!flushed.ok()) VLOG(2) << "spdy session " << name() << ": " << flushed;
    End(error);
  } else {
    End(ReasonOfLoss(error));
  }
  co_return error;
}

// Returns OK at the transport's FIN.
Task<absl::Status> Multiplexer::ReadFrames() {
  net::BufferSize size = net::BufferSize::kSmall;
  while (true) {
    absl::Status ready = co_await transport_->WaitReadable();
    if (!ready.ok()) co_return ready;
    // None is held while nothing comes.
    net::PooledBuffer buffer(size);
    absl::StatusOr<size_t> n = co_await transport_->Read(buffer.span());
    if (!n.ok()) co_return n.status();
    if (ended_) co_return absl::CancelledError("session ended");
    if (*n == 0) co_return absl::OkStatus();
    HearPeer();
    // A full buffer says that bytes come faster than we fetch them.
    size =
        *n == buffer.size() ? net::BufferSize::kLarge : net::BufferSize::kSmall;
    absl::string_view input(buffer.data(), *n);
    while (true) {
      handling_ = true;
      absl::Status handled = HandleFrames(&input);
      absl::Status handed_over = co_await HandOver();
      if (!handled.ok()) co_return handled;
      if (!handed_over.ok()) co_return handed_over;
      if (wait_ == Wait::kNo) break;
      if (wait_ == Wait::kForRoom) {
        absl::Status waited = co_await WaitForRoom(held_.stream_id);
        if (!waited.ok()) co_return waited;
      } else {
        absl::Status waited = co_await WaitForWriter();
        if (!waited.ok()) co_return waited;
      }
    }
  }
}

absl::Status Multiplexer::HandleFrames(absl::string_view* input) {
  if (std::exchange(wait_, Wait::kNo) == Wait::kForRoom) {
    FAIRWAY_RETURN_IF_ERROR(OnData(held_));
  }
  while (true) {
    absl::StatusOr<Frame> frame = parser_.Next(input);
    if (!frame.ok()) return frame.status();
    if (std::holds_alternative<std::monostate>(*frame)) {
      return absl::OkStatus();
    }
    const auto* piece = std::get_if<DataPiece>(&*frame);
    if (piece != nullptr && !piece->payload.empty() &&
        !HasRoomFor(piece->stream_id, Waited::kNo)) {
      held_ = *piece;
      wait_ = Wait::kForRoom;
      return absl::OkStatus();
    }
    const size_t queued_bytes = control_.size();
    FAIRWAY_RETURN_IF_ERROR(Handle(*std::move(frame)));
    // A handler of new streams may have ended the session.
    if (ended_) return absl::CancelledError("session ended");
    answers_bytes_ += control_.size() - queued_bytes;
    if (answers_bytes_ >= kMaxAnswersBytes) {
      wait_ = Wait::kForWriter;
      return absl::OkStatus();
    }
  }
}

void Multiplexer::Touch(const StreamPtr& stream) {
  if (stream->touched) return;
  stream->touched = true;
  touched_.push_back(stream);
}

Task<absl::Status> Multiplexer::HandOver() {
  bool readers_run = false;
  for (const StreamPtr& stream : touched_) {
    stream->touched = false;
    if (stream->readable.has_waiters()) readers_run = true;
    stream->readable.NotifyAll();
  }
  if (readers_run) {
    std::shared_ptr<Condition> told(shared_from_this(), &handed_over_);
    RunSoon(executor_, std::make_unique<Notice>(std::move(told)));
    absl::Status waited = co_await handed_over_.Wait();
    (void)waited;  // cancelled: the session is over, and keeps what it has
  }
  for (const StreamPtr& stream : touched_) stream->received.Keep();
  touched_.clear();
  if (touched_.capacity() > kKeptTouched) touched_ = {};
  handling_ = false;
  if (ended_) co_return absl::CancelledError("session ended");
  if (!control_.empty() || !ready_.empty() || !blocked_.empty()) WakeWriter();
  co_return absl::OkStatus();
}

absl::Status Multiplexer::Handle(Frame frame) {
  const absl::Status ok;
  return std::visit(
      Overloaded{
          [&](std::monostate) { return ok; },
          [&](SynStreamFrame& f) { return OnSynStream(std::move(f)); },
          [&](SynReplyFrame& f) { return OnSynReply(f), ok; },
          [&](HeadersFrame& f) { return OnHeaders(f), ok; },
          [&](RstStreamFrame& f) { return OnRstStream(f), ok; },
          [&](SettingsFrame& f) { return OnSettings(f); },
          [&](PingFrame& f) { return OnPing(f), ok; },
          [&](GoAwayFrame& f) { return OnGoAway(f), ok; },
          [&](WindowUpdateFrame& f) { return OnWindowUpdate(f); },
          [&](DataPiece& piece) { return OnData(piece); },
      },
      frame);
}

StreamPtr Multiplexer::FindStream(uint32_t id) const {
  auto it = streams_.find(id);
  return it == streams_.end() ? nullptr : it->second;
}

bool Multiplexer::IsOwnNumber(uint32_t id) const {
  return (id & 1) == (next_stream_id_ & 1);
}

absl::Status Multiplexer::OnSynStream(SynStreamFrame frame) {
  if (windows_ == Windows::kUndecided && role_ == Role::kServer) {
    DoWithoutWindows();
  }
  const uint32_t id = frame.stream_id;
  if (IsOwnNumber(id) || id <= last_peer_stream_id_) {
    StreamPtr twice = FindStream(id);
    if (twice != nullptr) {
      AbortStream(twice, RstStatus::kProtocolError);
    } else {
      SendRst(id, RstStatus::kProtocolError);
    }
    return absl::OkStatus();
  }
  last_peer_stream_id_ = id;
  if (closing_ || draining_ || frame.unidirectional || acceptor_ == nullptr ||
      streams_.size() >= options_.max_streams) {
    SendRst(id, RstStatus::kRefusedStream);
    return absl::OkStatus();
  }
  StreamPtr stream = AddStream(id, std::move(frame.headers));
  if (frame.fin) OnFin(stream);
  Accept(stream);
  return absl::OkStatus();
}

void Multiplexer::Accept(const StreamPtr& stream) {
  stream->accepting = true;
  absl::Status accepted = acceptor_(stream);
  stream->accepting = false;
  if (accepted.ok() && stream->abandoned) {
    accepted = absl::CancelledError("dropped");
  }
  if (!accepted.ok()) {
    VLOG(5) << "spdy session " << name() << ": stream " << stream->id << ": "
            << accepted;
    ResetStream(stream, absl::IsInvalidArgument(accepted)
                            ? RstStatus::kInvalidStream
                            : RstStatus::kRefusedStream);
    return;
  }
  SynReplyFrame reply;
  reply.stream_id = stream->id;
  absl::Status appended = frame_writer_.AppendSynReply(reply, &control_);
  if (!appended.ok()) {
    AbortStream(stream, RstStatus::kInternalError);
    return;
  }
  stream->replied = true;
  stream->changed.NotifyAll();
  WakeWriter();
}

void Multiplexer::OnSynReply(const SynReplyFrame& frame) {
  if (windows_ == Windows::kUndecided) DoWithoutWindows();
  StreamPtr stream = FindStream(frame.stream_id);
  if (stream == nullptr) return;
  if (stream->reply_came || !IsOwnNumber(frame.stream_id)) {
    AbortStream(stream, RstStatus::kStreamInUse);
    return;
  }
  NoteActivity();
  stream->reply_came = true;
  NoteAccepted(stream);
  if (frame.fin) OnFin(stream);
}

// Go's server may have its first words sent before its SYN_REPLY.
void Multiplexer::NoteAccepted(const StreamPtr& stream) {
  if (stream->replied || !IsOwnNumber(stream->id)) return;
  stream->replied = true;
  stream->changed.NotifyAll();
}

void Multiplexer::OnHeaders(const HeadersFrame& frame) {
  // Port-forward sends none; only the FIN means something.
  StreamPtr stream = FindStream(frame.stream_id);
  if (stream != nullptr && frame.fin) OnFin(stream);
}

bool Multiplexer::WasOpened(uint32_t id) const {
  return IsOwnNumber(id) ? id < next_stream_id_ : id <= last_peer_stream_id_;
}

absl::Status Multiplexer::OnData(const DataPiece& piece) {
  last_activity_ = last_heard_;
  const int64_t bytes = static_cast<int64_t>(piece.payload.size());
  FAIRWAY_RETURN_IF_ERROR(ChargeSessionWindow(bytes));
  StreamPtr stream = FindStream(piece.stream_id);
  const bool unwanted = stream == nullptr || stream->fin_received;
  if (unwanted) {
    ReturnSessionWindow(bytes);
    if (stream != nullptr) {
      AbortStream(stream, RstStatus::kStreamAlreadyClosed);
    } else if (!WasOpened(piece.stream_id)) {
      // Else it is Go, which goes on writing on a stream that it was told is
      // reset.
      SendRst(piece.stream_id, RstStatus::kInvalidStream);
    }
    return absl::OkStatus();
  }
  NoteAccepted(stream);
  stream->receive_window_bytes -= bytes;
  if (windows_ == Windows::kAgreed && stream->receive_window_bytes < 0) {
    ReturnSessionWindow(bytes);
    AbortStream(stream, RstStatus::kFlowControlError);
    return absl::OkStatus();
  }
  if (stream->read_closed) {
    GiveBackWindow(stream, piece.payload.size());
  } else if (bytes > 0) {
    stream->received.Lend(piece.payload);
    Touch(stream);
  }
  ReturnSessionWindow(0);
  if (piece.fin) OnFin(stream);
  return absl::OkStatus();
}

void Multiplexer::OnFin(const StreamPtr& stream) {
  stream->fin_received = true;
  Touch(stream);
  RemoveIfEnded(stream);
}

void Multiplexer::OnRstStream(const RstStreamFrame& frame) {
  StreamPtr stream = FindStream(frame.stream_id);
  if (stream == nullptr) return;
  stream->reset_by_peer = true;
  stream->refused =
      !stream->replied && frame.status == RstStatus::kRefusedStream;
  DropStream(stream);
}

absl::Status Multiplexer::OnSettings(const SettingsFrame& frame) {
  if (windows_ == Windows::kNone) return absl::OkStatus();
  if (windows_ == Windows::kUndecided) AgreeOnWindows();
  for (const Setting& setting : frame.settings) {
    if (setting.id != kSettingInitialWindowSize) continue;
    if (setting.value > kMaxWindowBytes) {
      return absl::InvalidArgumentError("SETTINGS: too large a window");
    }
    const int64_t delta = setting.value - peer_initial_window_bytes_;
    if (delta == 0) break;
    peer_initial_window_bytes_ = setting.value;
    for (const auto& [id, stream] : streams_) {
      stream->send_window_bytes += delta;
      MakeReady(*stream);
    }
    break;  // of entries with the same number the first counts
  }
  return absl::OkStatus();
}

void Multiplexer::AgreeOnWindows() {
  windows_ = Windows::kAgreed;
  windows_decided_.NotifyAll();
  if (role_ == Role::kServer) SendSettings();
  const int64_t delta =
      estimator_.session_window_bytes() - receive_window_bytes_;
  receive_window_bytes_ += delta;
  if (delta > 0) {
    AppendWindowUpdate({0, static_cast<uint32_t>(delta)}, &control_);
  }
  WakeWriter();
}

void Multiplexer::DoWithoutWindows() {
  windows_ = Windows::kNone;
  windows_decided_.NotifyAll();
  VLOG(5) << "spdy session " << name() << ": the peer keeps no windows";
  WakeWriter();
  for (const auto& [id, stream] : streams_) MakeReady(*stream);
}

void Multiplexer::OnPing(const PingFrame& frame) {
  if (frame.id % 2 != next_ping_id_ % 2) {
    AppendPing(frame, &control_);
    WakeWriter();
    return;
  }
  if (frame.id == last_ping_id_) {
    last_ping_id_ = 0;
    round_trip_ = absl::FromChrono(Clock::now() - last_ping_sent_);
  }
  if (frame.id == windows_ping_id_ && windows_ == Windows::kUndecided) {
    DoWithoutWindows();
  }
  if (frame.id == probe_ping_id_) OnProbeAnswered();
  if (frame.id == farewell_ping_id_) {
    farewell_ping_id_ = 0;
    farewell_moved_.NotifyAll();
  }
}

void Multiplexer::OnGoAway(const GoAwayFrame& frame) {
  VLOG(5) << "spdy session " << name() << ": the peer goes away, status "
          << static_cast<uint32_t>(frame.status);
  if (peer_goes_away_) return;
  peer_goes_away_ = true;
  std::vector<StreamPtr> never_seen;
  for (const auto& [id, stream] : streams_) {
    if (IsOwnNumber(id) && !stream->replied && id > frame.last_good_stream_id) {
      never_seen.push_back(stream);
    }
  }
  for (const StreamPtr& stream : never_seen) {
    stream->reset_by_peer = true;
    stream->refused = true;
    DropStream(stream);
  }
  CloseIfDone();
}

absl::Status Multiplexer::OnWindowUpdate(const WindowUpdateFrame& frame) {
  if (windows_ != Windows::kAgreed) return absl::OkStatus();
  if (frame.stream_id == 0) {
    send_window_bytes_ += frame.delta_bytes;
    if (send_window_bytes_ > kMaxWindowBytes) {
      return absl::InvalidArgumentError("WINDOW_UPDATE: too large a window");
    }
    WakeWriter();
    return absl::OkStatus();
  }
  StreamPtr stream = FindStream(frame.stream_id);
  if (stream == nullptr) return absl::OkStatus();
  stream->send_window_bytes += frame.delta_bytes;
  if (stream->send_window_bytes > kMaxWindowBytes) {
    AbortStream(stream, RstStatus::kFlowControlError);
  } else {
    MakeReady(*stream);
  }
  return absl::OkStatus();
}

}  // namespace fairway::httpstream::spdy
