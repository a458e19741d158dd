// SPDX-License-Identifier: Apache-2.0
// A WebSocket connection on a ByteStream that has done its handshake.
//
// Pings of the peer are answered by the connection itself, behind the message
// that is being written, if one is. It reads ahead up to the next data, and
// keeps no data: once some comes that nobody reads, it reads no further, and so
// sees no ping and no Close behind it.
//
// Threads:  not thread-safe; on `executor` only. One Read or WaitReadable at a
//           time; Writes of several tasks take turns, message by message.
// Lifetime: destroying it drops the transport as Abort() does, unless both ends
//           have sent Close: then the transport ends in good order, without
//           further calls, within `close_timeout`.
// Cancel:   every Task honours it. After a cancelled Write the connection is
//           good only for Abort().
#ifndef NET_WEBSOCKET_CONNECTION_H_
#define NET_WEBSOCKET_CONNECTION_H_

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"
#include "net/websocket/decoder.h"
#include "net/websocket/frame.h"

namespace fairway::net::websocket {

struct ConnectionOptions {
  Role role = Role::kServer;
  Limits limits;

  // How often the peer is pinged; zero: never.
  absl::Duration ping_period = absl::ZeroDuration();
  // A peer from which nothing at all comes for so long, although it was pinged
  // and we were reading, is given up. InfiniteDuration(): never. A peer that
  // stops reading answers no ping either: finite only where it is known to
  // read.
  absl::Duration peer_timeout = absl::InfiniteDuration();

  // How long Close() waits for the peer's Close, and for the end of the
  // transport.
  absl::Duration close_timeout = absl::Seconds(1);
};

class Connection {
 public:
  Connection(Executor executor, std::unique_ptr<ByteStream> transport,
             ConnectionOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What a Read gave.
  struct Piece {
    // kText, kBinary; or kClose: the peer has closed, see peer_close(). Nothing
    // comes after it, and each later Read says so again.
    Opcode opcode = Opcode::kBinary;
    size_t bytes = 0;  // 0 only for kClose, or at the end of a message
    bool end_of_message = false;
  };

  // Reads bytes of one message into `buf`, which must not be empty and must
  // outlive the Task. Waits only if there are none.
  // Errors: kAborted (the transport was reset), kUnavailable (lost without a
  // Close, or given up), kInvalidArgument and kOutOfRange (the peer broke the
  // protocol or a limit; it was told so in a Close), kCancelled (also after
  // Close() or Abort()).
  Task<absl::StatusOr<Piece>> Read(absl::Span<char> buf);

  // Reads bytes of any number of binary messages, joined, into `buf`; 0 once
  // the peer has closed. Where messages mean nothing, this is the fast way:
  // what the transport has is read in one go, and nothing is copied. Errors: as
  // Read; kInvalidArgument "invalid message type received" for text.
  Task<absl::StatusOr<size_t>> ReadBytes(absl::Span<char> buf);

  // Returns when a Read would not wait.
  Task<absl::Status> WaitReadable();
  // Whether a Read would not wait.
  bool readable() const;

  // Returns, with the reason, when the connection was reset or lost, also for
  // those who do not read. May overlap with every other call. Waits until
  // cancelled after a closing handshake in good order.
  Task<absl::Status> WaitBroken();

  // Sends `pieces` as one message in one frame; `opcode` is kText or kBinary.
  // The pieces must outlive the Task.
  // Errors: kAborted, kUnavailable, kCancelled; kFailedPrecondition after
  // SendClose(); kUnavailable once the peer has closed.
  Task<absl::Status> Write(Opcode opcode,
                           absl::Span<const absl::string_view> pieces);

  // Sends Close behind what was written; reading goes on up to the peer's
  // Close, and then the transport ends by itself. Idempotent: the first status
  // counts.
  Task<absl::Status> SendClose(CloseStatus status);

  // The closing handshake: Close, then what comes before the peer's Close is
  // dropped, then the transport is closed; what was written still arrives, also
  // at a peer that does not answer. A pending Read returns kCancelled. Takes at
  // most 4 * `close_timeout`. Idempotent. Errors: kCancelled.
  Task<absl::Status> Close(CloseStatus status);

  // Ends the transport at once. Pending calls return kCancelled, later ones
  // too. Never waits. Idempotent.
  void Abort();

  // What the peer's Close said, as soon as it was read; nullopt before.
  const std::optional<CloseStatus>& peer_close() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_CONNECTION_H_
