// SPDX-License-Identifier: Apache-2.0
// What a connection reads.

#include <array>
#include <utility>

#include "net/io/buffer_pool.h"
#include "net/websocket/connection_state.h"

namespace fairway::net::websocket {

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
  if (!transport_->readable()) {
    waits_since_ = Clock::now();
    absl::Status ready = co_await transport_->WaitReadable();
    waits_since_.reset();
    if (!ready.ok()) co_return ready;
  }
  pinged_since_.reset();
  if (decoder_.due_data_bytes() == 0) {
    std::array<char, kMaxControlBytes> bytes;
    const absl::Span<char> buf =
        absl::MakeSpan(bytes).first(decoder_.missing_bytes());
    absl::StatusOr<size_t> n = co_await transport_->Read(buf);
    const Piece taken = Decode(buf, n, Take::kAll);
    if (taken.end_of_message) end_waits_ = taken;
    payload_waits_ = HasPayload();
  } else if (closing_) {
    PooledBuffer dropped(BufferSize::kSmall);
    absl::StatusOr<size_t> n = co_await transport_->Read(dropped.span());
    Decode(dropped.span(), n, Take::kAll);
  } else {
    payload_waits_ = true;
  }
  if (data_waits()) input_changed_.NotifyAll();
  co_return absl::OkStatus();
}

bool Connection::State::HasPayload() const {
  return !closing_ && !ended() && decoder_.due_data_bytes() > 0 &&
         transport_->readable();
}

Connection::Piece Connection::State::Decode(absl::Span<char> buf,
                                            const absl::StatusOr<size_t>& came,
                                            Take take) {
  Piece taken;
  if (!came.ok()) Break(came.status());
  if (came.ok() && *came == 0) {
    const CloseStatus lost = {kCloseAbnormal, "unexpected EOF"};
    Break(absl::UnavailableError(CloseErrorText(lost)));
  }
  // It came since the last ping, for all that we know.
  pinged_since_.reset();
  absl::Span<char> input = buf.subspan(0, came.ok() ? *came : 0);
  while (!ended()) {
    absl::StatusOr<std::optional<Event>> next =
        decoder_.Next(&input, buf.data() + taken.bytes);
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
    Piece piece;
    reading_ = true;
    do {
      // Where messages count, what follows the frame is for the next Read().
      const absl::Span<char> rest =
          take == Take::kAll ? buf.subspan(0, decoder_.due_data_bytes())
                             : buf.subspan(piece.bytes);
      absl::StatusOr<size_t> n = co_await transport_->Read(rest);
      const size_t bytes = piece.bytes;
      piece = Decode(rest, n, take);
      piece.bytes += bytes;
    } while (take == Take::kBinary && piece.bytes < buf.size() && !closing_ &&
             !ended() && transport_->readable());
    reading_ = false;
    payload_waits_ = HasPayload();
    if (!payload_waits_) input_wanted_.NotifyAll();
    if (piece.bytes > 0 || piece.end_of_message) co_return piece;
  }
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

}  // namespace fairway::net::websocket
