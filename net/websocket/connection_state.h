// SPDX-License-Identifier: Apache-2.0
// A connection's inside; for connection.cc.
#ifndef NET_WEBSOCKET_CONNECTION_STATE_H_
#define NET_WEBSOCKET_CONNECTION_STATE_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/io/byte_stream.h"
#include "net/websocket/connection.h"
#include "net/websocket/decoder.h"
#include "net/websocket/frame.h"

namespace fairway::net::websocket {

// One task watches the transport: it takes heads and control frames, byte for
// byte, and stops where the payload of a message waits. That is read by Read(),
// straight into its caller's memory, unmasked there, with what follows it if
// the caller does not care where messages end. The two take turns at the
// transport. Whoever writes has the turn meanwhile; control frames go ahead of
// a message, or are written by a task of their own when nobody else writes.
//
// The tasks keep it alive, and end when the transport has.
class Connection::State : public std::enable_shared_from_this<State> {
 public:
  State(Executor executor, std::unique_ptr<ByteStream> transport,
        ConnectionOptions options)
      : transport_(std::move(transport)),
        options_(options),
        decoder_(options.role, options.limits),
        tasks_(executor),
        pings_(executor),
        input_changed_(executor),
        input_wanted_(executor),
        turn_(executor),
        over_changed_(executor) {}

  void Start();
  // The Connection dies.
  void Release();

  Task<absl::StatusOr<Piece>> Read(absl::Span<char> buf) {
    return ReadPiece(buf, Take::kAll);
  }
  Task<absl::StatusOr<size_t>> ReadBytes(absl::Span<char> buf);
  Task<absl::Status> WaitReadable();
  bool readable() const { return closing_ || data_waits() || ended(); }
  Task<absl::Status> WaitBroken();
  Task<absl::Status> Write(Opcode opcode,
                           absl::Span<const absl::string_view> pieces);
  Task<absl::Status> SendClose(CloseStatus status);
  Task<absl::Status> Close(CloseStatus status);
  void Abort();
  const std::optional<CloseStatus>& peer_close() const { return peer_close_; }

 private:
  using Clock = std::chrono::steady_clock;

  // What kinds of messages a reader takes.
  enum class Take { kAll, kBinary };

  // --- reading
  Task<absl::Status> RunReader();
  // Waits for the transport, and takes what is not for Read().
  Task<absl::Status> Watch();
  Task<absl::StatusOr<Piece>> ReadPiece(absl::Span<char> buf, Take take);
  // Decodes what the transport's Read gave in `buf`: the data is moved to the
  // front of `buf`, joined. What ends the connection is noted only.
  Piece Decode(absl::Span<char> buf, const absl::StatusOr<size_t>& came,
               Take take);
  void HandleControl(const Event& event);
  // Whether Read() could go on at once.
  bool HasPayload() const;
  bool data_waits() const { return payload_waits_ || end_waits_.has_value(); }
  // Whether nothing follows the data that waits.
  bool ended() const { return peer_close_.has_value() || !broken_.ok(); }
  // The connection is lost; the first reason counts.
  void Break(absl::Status reason);
  // The same, by the peer's fault, which it is told.
  void Refuse(uint16_t close_code, absl::Status reason);
  void RefuseText();

  // --- writing
  absl::Status WriteState() const;
  Task<absl::Status> TakeTurn();
  void GiveTurn();
  bool HasControl() const;
  // Lets the control frames that wait be written, if nobody writes.
  void StartControl();
  Task<absl::Status> WriteControl();
  std::string TakeControl();
  Task<absl::Status> WritePlain(absl::string_view head,
                                absl::Span<const absl::string_view> pieces);
  // `bytes`: of the head and all pieces.
  Task<absl::Status> WriteMasked(absl::string_view head, MaskKey key,
                                 uint64_t bytes,
                                 absl::Span<const absl::string_view> pieces);
  Task<absl::Status> WriteTransport(absl::Span<const absl::string_view> pieces);

  // --- life
  Task<absl::Status> KeepAlive();
  bool PeerIsSilent() const;
  // After the last byte that matters: says so, drops the rest, lets go.
  Task<absl::Status> EndTransport();
  Task<absl::Status> WaitCloseSent();
  Task<absl::Status> DropInput();
  Task<absl::Status> CloseTransport();
  Task<absl::Status> WaitEnded();
  Task<absl::Status> WaitOver();

  const std::unique_ptr<ByteStream> transport_;
  const ConnectionOptions options_;
  Decoder decoder_;
  TaskGroup tasks_;
  TaskGroup pings_;

  bool reading_ = false;            // the transport is being read for Read()
  bool payload_waits_ = false;      // for Read(), in the transport
  std::optional<Piece> end_waits_;  // for Read(): an end without payload
  std::optional<CloseStatus> peer_close_;
  absl::Status broken_;
  Condition input_changed_;  // for Read(): data, or the end
  Condition input_wanted_;   // for the reader: it may go on

  bool writing_ = false;
  Condition turn_;
  std::optional<std::string> pong_;  // only the last ping need be answered
  bool ping_due_ = false;
  bool ping_taken_ = false;           // is being written
  std::optional<CloseStatus> close_;  // what we close with
  bool close_by_user_ = false;        // and not as an answer
  bool close_taken_ = false;          // is being written, or was
  bool close_sent_ = false;
  absl::Status write_error_;

  // Since when the reader waits for the transport, and a ping for any byte.
  std::optional<Clock::time_point> waits_since_;
  std::optional<Clock::time_point> pinged_since_;

  bool closing_ = false;  // Close() or Abort() was called
  bool transport_closed_ = false;
  bool over_ = false;  // the reader is done
  Condition over_changed_;
};

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_CONNECTION_STATE_H_
