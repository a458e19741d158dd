// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "base/task/deadline.h"
#include "net/io/buffer_pool.h"
#include "net/websocket/connection_state.h"

namespace fairway::net::websocket {
namespace {

// What a message is masked into for one Write of the transport: at most 512
// KiB.
constexpr size_t kMaskBuffers = 2;
// What a message of so many pieces needs no memory for.
constexpr size_t kInlinePieces = 8;

BufferSize SizeFor(uint64_t bytes) {
  return bytes <= static_cast<uint64_t>(BufferSize::kSmall)
             ? BufferSize::kSmall
             : BufferSize::kLarge;
}

// Where the masking of a payload stands.
struct MaskingCursor {
  MaskKey key;
  absl::Span<const absl::string_view> pieces;
  size_t piece_offset = 0;  // in pieces.front()
  uint64_t offset = 0;      // in the payload

  // Masks what is next into `out`; how much that was.
  size_t Fill(absl::Span<char> out) {
    size_t filled = 0;
    while (!pieces.empty() && filled < out.size()) {
      const absl::string_view part =
          pieces.front().substr(piece_offset, out.size() - filled);
      Mask(key, offset, part, out.data() + filled);
      filled += part.size();
      offset += part.size();
      piece_offset += part.size();
      if (piece_offset < pieces.front().size()) break;
      pieces.remove_prefix(1);
      piece_offset = 0;
    }
    return filled;
  }
};

}  // namespace

void Connection::State::Start() {
  auto self = shared_from_this();
  tasks_.Spawn([self] { return self->RunReader(); });
  if (options_.ping_period > absl::ZeroDuration()) {
    pings_.Spawn([self] { return self->KeepAlive(); });
  }
}

void Connection::State::Release() {
  pings_.Cancel();
  if (peer_close_.has_value() && close_sent_) return;
  Abort();
  tasks_.Cancel();
}

// --- writing

absl::Status Connection::State::WriteState() const {
  if (closing_) return absl::CancelledError("websocket: closed");
  if (close_by_user_) {
    return absl::FailedPreconditionError("websocket: close sent");
  }
  if (!broken_.ok()) return broken_;
  if (peer_close_) return absl::UnavailableError(CloseErrorText(*peer_close_));
  return write_error_;
}

Task<absl::Status> Connection::State::TakeTurn() {
  while (writing_) {
    absl::Status waited = co_await turn_.Wait();
    if (!waited.ok()) co_return waited;
  }
  writing_ = true;
  co_return absl::OkStatus();
}

void Connection::State::GiveTurn() {
  writing_ = false;
  turn_.NotifyAll();
  StartControl();
}

bool Connection::State::HasControl() const {
  return !close_taken_ && (pong_ || ping_due_ || close_);
}

void Connection::State::StartControl() {
  if (writing_ || !HasControl() || !write_error_.ok()) return;
  auto self = shared_from_this();
  tasks_.Spawn([self] { return self->WriteControl(); });
}

Task<absl::Status> Connection::State::WriteControl() {
  absl::Status turn = co_await TakeTurn();
  if (!turn.ok()) co_return turn;
  const std::string frames = TakeControl();
  const absl::string_view piece = frames;
  absl::Status written = co_await WriteTransport(absl::MakeSpan(&piece, 1));
  GiveTurn();
  co_return written;
}

std::string Connection::State::TakeControl() {
  std::string frames;
  if (close_taken_) return frames;
  if (pong_) {
    AppendControlFrame(options_.role, Opcode::kPong, *pong_, &frames);
    pong_.reset();
  }
  if (ping_due_) {
    AppendControlFrame(options_.role, Opcode::kPing, "", &frames);
    ping_due_ = false;
    ping_taken_ = true;
  }
  if (close_) {
    AppendCloseFrame(options_.role, *close_, &frames);
    close_taken_ = true;
  }
  return frames;
}

Task<absl::Status> Connection::State::Write(
    Opcode opcode, absl::Span<const absl::string_view> pieces) {
  absl::Status turn = co_await TakeTurn();
  if (!turn.ok()) co_return turn;
  absl::Status written = WriteState();
  if (written.ok()) {
    // No Close: WriteState() would have told.
    std::string head = TakeControl();
    FrameHead frame;
    frame.opcode = opcode;
    for (absl::string_view piece : pieces) frame.payload_bytes += piece.size();
    if (options_.role == Role::kClient) frame.mask = RandomMaskKey();
    AppendFrameHead(frame, &head);
    if (frame.mask) {
      written = co_await WriteMasked(head, *frame.mask,
                                     head.size() + frame.payload_bytes, pieces);
    } else {
      written = co_await WritePlain(head, pieces);
    }
    // What the transport said is what our own end of it said.
    if (!written.ok() && closing_) {
      written = absl::CancelledError("websocket: closed");
    } else if (!written.ok() && !broken_.ok()) {
      written = broken_;
    }
  }
  GiveTurn();
  co_return written;
}

Task<absl::Status> Connection::State::WritePlain(
    absl::string_view head, absl::Span<const absl::string_view> pieces) {
  absl::InlinedVector<absl::string_view, kInlinePieces> all;
  all.reserve(pieces.size() + 1);
  all.push_back(head);
  all.insert(all.end(), pieces.begin(), pieces.end());
  absl::Status written = co_await WriteTransport(all);
  co_return written;
}

Task<absl::Status> Connection::State::WriteMasked(
    absl::string_view head, MaskKey key, uint64_t bytes,
    absl::Span<const absl::string_view> pieces) {
  MaskingCursor cursor{key, pieces};
  std::array<PooledBuffer, kMaskBuffers> buffers;
  while (bytes > 0) {
    std::array<absl::string_view, kMaskBuffers> out;
    for (size_t i = 0; i < out.size() && bytes > 0; ++i) {
      if (buffers[i].empty()) buffers[i] = PooledBuffer(SizeFor(bytes));
      char* const start = buffers[i].data();
      std::copy(head.begin(), head.end(), start);
      const size_t used =
          head.size() + cursor.Fill(buffers[i].span().subspan(head.size()));
      head = absl::string_view();
      out[i] = absl::string_view(start, used);
      bytes -= used;
    }
    absl::Status written = co_await WriteTransport(out);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::State::WriteTransport(
    absl::Span<const absl::string_view> pieces) {
  absl::Status written = co_await transport_->Write(pieces);
  if (!written.ok()) {
    write_error_ = written;
    co_return written;
  }
  if (close_taken_) close_sent_ = true;
  if (ping_taken_) {
    ping_taken_ = false;
    if (!pinged_since_) pinged_since_ = Clock::now();
  }
  co_return written;
}

Task<absl::Status> Connection::State::SendClose(CloseStatus status) {
  if (closing_) co_return absl::CancelledError("websocket: closed");
  close_by_user_ = true;
  if (!close_) close_ = std::move(status);
  StartControl();
  absl::Status sent = co_await WaitCloseSent();
  if (sent.ok() || closing_ || broken_.ok()) co_return sent;
  co_return broken_;
}

// --- life

Task<absl::Status> Connection::State::WaitCloseSent() {
  while (!close_sent_) {
    if (!write_error_.ok()) co_return write_error_;
    absl::Status waited = co_await turn_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::State::KeepAlive() {
  while (!ended() && !close_) {
    const Clock::time_point before = Clock::now();
    absl::Status slept = co_await Sleep(options_.ping_period);
    if (!slept.ok()) co_return slept;
    // A process that did not run has not listened: it asks anew.
    const absl::Duration late =
        absl::FromChrono(Clock::now() - before) - options_.ping_period;
    if (late > options_.peer_timeout / 2) pinged_since_.reset();
    if (PeerIsSilent()) {
      Break(absl::UnavailableError(
          absl::StrCat("websocket: no answer to a ping for ",
                       absl::FormatDuration(options_.peer_timeout))));
      transport_closed_ = true;
      transport_->Abort();
      co_return broken_;
    }
    ping_due_ = true;
    StartControl();
  }
  co_return absl::OkStatus();
}

bool Connection::State::PeerIsSilent() const {
  if (!waits_since_ || !pinged_since_) return false;
  const auto silence = Clock::now() - std::max(*waits_since_, *pinged_since_);
  return absl::FromChrono(silence) >= options_.peer_timeout;
}

Task<absl::Status> Connection::State::EndTransport() {
  // Without a Close in either direction it was lost.
  if (close_) {
    absl::Status sent =
        co_await WithDeadline(options_.close_timeout, "send close",
                              [this] { return WaitCloseSent(); });
    // The server goes first, so that the port of the client is free at once;
    // unread input would turn a close into a reset, which drops what was sent.
    if (sent.ok() && options_.role == Role::kServer) {
      sent = co_await transport_->CloseWrite();
    }
    if (sent.ok()) {
      sent = co_await WithDeadline(options_.close_timeout, "drop input",
                                   [this] { return DropInput(); });
    }
  }
  absl::Status closed = co_await CloseTransport();
  co_return closed;
}

Task<absl::Status> Connection::State::DropInput() {
  while (!transport_closed_) {
    absl::Status ready = co_await transport_->WaitReadable();
    if (!ready.ok()) co_return ready;
    PooledBuffer buffer(BufferSize::kSmall);
    absl::StatusOr<size_t> n = co_await transport_->Read(buffer.span());
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::State::CloseTransport() {
  if (transport_closed_) co_return absl::OkStatus();
  transport_closed_ = true;
  absl::Status closed = absl::AbortedError("websocket: a write is under way");
  if (!writing_) {
    closed = co_await WithDeadline(options_.close_timeout, "close",
                                   [this] { return transport_->Close(); });
  }
  if (!closed.ok()) transport_->Abort();
  co_return closed;
}

Task<absl::Status> Connection::State::WaitEnded() {
  while (!ended()) {
    absl::Status waited = co_await input_changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::State::WaitOver() {
  while (!over_) {
    absl::Status waited = co_await over_changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::State::Close(CloseStatus status) {
  closing_ = true;
  if (!close_) close_ = std::move(status);
  StartControl();
  input_changed_.NotifyAll();
  input_wanted_.NotifyAll();
  absl::Status ended =
      co_await WithDeadline(options_.close_timeout, "closing handshake",
                            [this] { return WaitEnded(); });
  if (absl::IsCancelled(ended)) co_return ended;
  if (!ended.ok()) {
    ended = co_await CloseTransport();
  }
  // The reader has deadlines of its own.
  ended = co_await WaitOver();
  co_return ended;
}

void Connection::State::Abort() {
  closing_ = true;
  if (!transport_closed_) {
    transport_closed_ = true;
    transport_->Abort();
  }
  Break(absl::CancelledError("websocket: aborted"));
  input_changed_.NotifyAll();
  input_wanted_.NotifyAll();
}

Connection::Connection(Executor executor, std::unique_ptr<ByteStream> transport,
                       ConnectionOptions options)
    : state_(std::make_shared<State>(executor, std::move(transport), options)) {
  state_->Start();
}

Connection::~Connection() { state_->Release(); }

Task<absl::StatusOr<Connection::Piece>> Connection::Read(absl::Span<char> buf) {
  return state_->Read(buf);
}

Task<absl::StatusOr<size_t>> Connection::ReadBytes(absl::Span<char> buf) {
  return state_->ReadBytes(buf);
}

Task<absl::Status> Connection::WaitReadable() { return state_->WaitReadable(); }

bool Connection::readable() const { return state_->readable(); }

Task<absl::Status> Connection::WaitBroken() { return state_->WaitBroken(); }

Task<absl::Status> Connection::Write(
    Opcode opcode, absl::Span<const absl::string_view> pieces) {
  return state_->Write(opcode, pieces);
}

Task<absl::Status> Connection::SendClose(CloseStatus status) {
  return state_->SendClose(std::move(status));
}

Task<absl::Status> Connection::Close(CloseStatus status) {
  return state_->Close(std::move(status));
}

void Connection::Abort() { state_->Abort(); }

const std::optional<CloseStatus>& Connection::peer_close() const {
  return state_->peer_close();
}

}  // namespace fairway::net::websocket
