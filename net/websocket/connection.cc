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

// --- reading

Task<absl::Status> Connection::State::RunReader() {
  while (true) {
    if (closing_) {
      payload_waits_ = false;
      end_waits_.reset();
    }
    if (ended() && !reading_) break;
    absl::Status waited;
    if (reading_ || data_waits()) {
      waited = co_await input_wanted_.Wait();
    } else {
      waited = co_await Watch();
    }
    if (!waited.ok()) Break(waited);
  }
  payload_waits_ = false;
  pings_.Cancel();
  absl::Status result = co_await EndTransport();
  over_ = true;
  over_changed_.NotifyAll();
  co_return result;
}

Task<absl::Status> Connection::State::Watch() {
  waits_since_ = Clock::now();
  absl::Status ready = co_await transport_->WaitReadable();
  waits_since_.reset();
  pinged_since_.reset();
  if (!ready.ok()) co_return ready;
  if (decoder_.due_data_bytes() == 0) {
    std::array<char, kMaxControlBytes> bytes;
    absl::StatusOr<Piece> taken = co_await ReadTransport(
        absl::MakeSpan(bytes).first(decoder_.missing_bytes()), Take::kAll);
    if (!taken.ok()) co_return taken.status();
    if (!taken->end_of_message) co_return absl::OkStatus();
    end_waits_ = *taken;
  } else if (closing_) {
    PooledBuffer dropped(BufferSize::kSmall);
    absl::StatusOr<Piece> taken =
        co_await ReadTransport(dropped.span(), Take::kAll);
    co_return taken.status();
  } else {
    payload_waits_ = true;
  }
  input_changed_.NotifyAll();
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Connection::Piece>> Connection::State::ReadTransport(
    absl::Span<char> buf, Take take) {
  absl::StatusOr<size_t> n = co_await transport_->Read(buf);
  if (!n.ok()) co_return n.status();
  if (*n == 0) {
    const CloseStatus lost = {kCloseAbnormal, "unexpected EOF"};
    co_return absl::UnavailableError(CloseErrorText(lost));
  }
  co_return Decode(buf.first(*n), take);
}

Connection::Piece Connection::State::Decode(absl::Span<char> input, Take take) {
  Piece taken;
  char* const out = input.data();
  while (!ended()) {
    absl::StatusOr<std::optional<Event>> next =
        decoder_.Next(&input, out + taken.bytes);
    if (!next.ok()) Refuse(decoder_.close_code(), next.status());
    if (!next.ok() || !next->has_value()) break;
    const Event& event = **next;
    if (event.type != Event::Type::kData) {
      HandleControl(event);
    } else if (event.opcode == Opcode::kText && take == Take::kBinary) {
      RefuseText();
    } else {
      taken.opcode = event.opcode;
      taken.bytes += event.payload.size();
      taken.end_of_message = event.end_of_message;
    }
  }
  return taken;
}

void Connection::State::HandleControl(const Event& event) {
  switch (event.type) {
    case Event::Type::kPing:
      pong_ = std::string(event.payload);
      StartControl();
      break;
    case Event::Type::kClose:
      peer_close_ = CloseStatus{event.close_code, std::string(event.payload)};
      if (!close_) close_ = CloseStatus{event.close_code, ""};
      StartControl();
      input_changed_.NotifyAll();
      input_wanted_.NotifyAll();
      break;
    default:
      break;
  }
}

void Connection::State::Break(absl::Status reason) {
  if (ended()) return;
  broken_ = std::move(reason);
  input_changed_.NotifyAll();
  input_wanted_.NotifyAll();
}

void Connection::State::Refuse(uint16_t close_code, absl::Status reason) {
  if (!close_) close_ = CloseStatus{close_code, ""};
  Break(std::move(reason));
  StartControl();
}

void Connection::State::RefuseText() {
  Refuse(kCloseUnsupportedData,
         absl::InvalidArgumentError("invalid message type received"));
}

Task<absl::StatusOr<size_t>> Connection::State::ReadBytes(
    absl::Span<char> buf) {
  while (true) {
    absl::StatusOr<Piece> piece = co_await ReadPiece(buf, Take::kBinary);
    if (!piece.ok()) co_return piece.status();
    if (piece->opcode == Opcode::kText) RefuseText();
    if (piece->opcode == Opcode::kClose || piece->bytes > 0) {
      co_return piece->bytes;
    }
  }
}

Task<absl::StatusOr<Connection::Piece>> Connection::State::ReadPiece(
    absl::Span<char> buf, Take take) {
  while (true) {
    if (!data_waits() || closing_) {
      absl::Status ready = co_await WaitReadable();
      if (!ready.ok()) co_return ready;
    }
    // The transport would be no good after a cancelled call.
    const bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("websocket: read cancelled");
    if (end_waits_) {
      const Piece end = *std::exchange(end_waits_, std::nullopt);
      input_wanted_.NotifyAll();
      co_return end;
    }
    if (!payload_waits_) {
      if (!peer_close_) co_return broken_;
      Piece closed;
      closed.opcode = Opcode::kClose;
      co_return closed;
    }
    Piece piece = co_await ReadPayload(buf, take);
    payload_waits_ = !closing_ && !ended() && decoder_.due_data_bytes() > 0 &&
                     transport_->readable();
    if (!payload_waits_) input_wanted_.NotifyAll();
    if (piece.bytes > 0 || piece.end_of_message) co_return piece;
  }
}

Task<Connection::Piece> Connection::State::ReadPayload(absl::Span<char> buf,
                                                       Take take) {
  Piece all;
  reading_ = true;
  do {
    // Where messages count, what follows the frame is for the next Read().
    const absl::Span<char> rest =
        take == Take::kAll ? buf.subspan(0, decoder_.due_data_bytes())
                           : buf.subspan(all.bytes);
    absl::StatusOr<Piece> piece = co_await ReadTransport(rest, take);
    if (!piece.ok()) {
      Break(piece.status());
      break;
    }
    piece->bytes += all.bytes;
    all = *piece;
  } while (take == Take::kBinary && all.bytes < buf.size() && !closing_ &&
           !ended() && transport_->readable());
  reading_ = false;
  co_return all;
}

Task<absl::Status> Connection::State::WaitReadable() {
  while (!readable()) {
    absl::Status waited = co_await input_changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  if (closing_) co_return absl::CancelledError("websocket: closed");
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::State::WaitBroken() {
  while (broken_.ok() && !closing_) {
    // Those of the transport may come first; while it lives, they are all.
    absl::Status status;
    if (transport_closed_ || peer_close_) {
      status = co_await over_changed_.Wait();
    } else {
      status = co_await transport_->WaitBroken();
    }
    const bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("websocket: wait cancelled");
    if (!peer_close_ && !absl::IsCancelled(status)) Break(status);
  }
  if (closing_) co_return absl::CancelledError("websocket: closed");
  co_return broken_;
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
