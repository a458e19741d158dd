// SPDX-License-Identifier: Apache-2.0
// The one interface for bytes: a TCP or Unix socket, TLS, an in-memory pipe, a
// SPDY stream and a WebSocket tunnel all are a ByteStream.
#ifndef NET_IO_BYTE_STREAM_H_
#define NET_IO_BYTE_STREAM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/task.h"

namespace fairway::net {

// A duplex stream of bytes whose two directions end independently.
//
// Threads:  not thread-safe; call only on the executor that it was made for.
//           At most one Read (or WaitReadable) and one Write (or CloseWrite)
//           may be under way at a time; one of each may overlap.
// Lifetime: destroying it drops the connection as Abort() does if neither
//           Close() nor both FINs came before; no call may be under way.
// Cancel:   every Task honours Asio cancellation; a cancelled call returns
//           kCancelled, and the stream is then good only for Abort().
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Reads 1..buf.size() bytes; returns 0 only at the peer's FIN (and again at
  // each later call). `buf` must not be empty and must outlive the Task.
  // Errors: kAborted (the peer reset), kUnavailable (the connection was lost
  // without a FIN), kCancelled.
  virtual Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) = 0;

  // Returns when a Read would not wait: bytes, FIN or error are there. For
  // those who keep no buffer while nothing comes.
  // Errors: as Read; an error that Read would return may be returned here.
  virtual Task<absl::Status> WaitReadable() = 0;

  // Whether a Read would certainly not wait. False also where only
  // WaitReadable() finds out.
  virtual bool readable() const { return false; }

  // Returns, with the reason, when the stream was reset or lost: for those who
  // have stopped reading for a while, whom nothing else would tell. Takes no
  // byte away. May overlap with every other call. A stream that cannot know
  // waits until it is cancelled, and so does one that both FINs ended.
  // Errors: kAborted, kUnavailable, kCancelled; never OK.
  virtual Task<absl::Status> WaitBroken();

  // Writes all of `pieces` in order, gathered into as few system calls as the
  // transport permits. The pieces must outlive the Task. An error may leave
  // part of them written; the write side is then dead.
  // Errors: kAborted, kUnavailable, kCancelled; kFailedPrecondition after
  // CloseWrite().
  virtual Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) = 0;

  // Sends FIN behind all that was written; reading goes on. Idempotent.
  virtual Task<absl::Status> CloseWrite() = 0;

  // Ends both directions in good order: FIN if none was sent, then release.
  // Bytes already written are still delivered; what the peer sends is
  // discarded. A pending Read returns kCancelled. Idempotent.
  virtual Task<absl::Status> Close() = 0;

  // Ends both directions at once: a reset where the transport has one. Pending
  // calls return kCancelled, later ones too. Never waits. Idempotent.
  virtual void Abort() = 0;
};

// Writes one piece; `bytes` must outlive the Task.
inline Task<absl::Status> WriteAll(ByteStream& stream,
                                   absl::string_view bytes) {
  absl::Status status = co_await stream.Write(absl::MakeSpan(&bytes, 1));
  co_return status;
}

// Fills `buf` whole. Errors: as Read; kUnavailable if FIN came first.
Task<absl::Status> ReadFull(ByteStream& stream, absl::Span<char> buf);

}  // namespace fairway::net

#endif  // NET_IO_BYTE_STREAM_H_
