// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_TOOLS_PORTFORWARD_FORWARDED_CONNECTION_H_
#define CLIENT_TOOLS_PORTFORWARD_FORWARDED_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "httpstream/httpstream.h"
#include "net/io/byte_stream.h"

namespace fairway::portforward {

// Of what the error stream says, so much is kept.
inline constexpr size_t kMaxErrorBytes = 64 * 1024;
// For what is written when a connection ends, to be taken by the session.
inline constexpr absl::Duration kLastWriteTimeout = absl::Seconds(1);
// For the rest of the error stream once the data have ended.
inline constexpr absl::Duration kErrorStreamTimeout = absl::Seconds(10);

// What went through a connection until now.
struct ForwardedBytes {
  uint64_t sent = 0;      // to the pod
  uint64_t received = 0;  // from it
};

// What a connection asks and tells; each is called once at most, but OnCutOff.
class ForwardEvents {
 public:
  virtual ~ForwardEvents() = default;

  // Returns when the remote side has taken the streams; an error other than
  // kCancelled says that it has not, and does not any more.
  virtual Task<absl::Status> WaitTaken() = 0;
  // The connection breaks, or the session does not take what is to be written:
  // the Task may then have to wait for the session's end.
  virtual void OnCutOff() = 0;
  // One direction has ended in good order and the other has not: the connection
  // is about to finish.
  virtual void OnFirstFin() = 0;
  // The first text has come on the error stream.
  virtual void OnErrorText() = 0;
};

// What became of one forwarded connection.
struct ForwardResult {
  // The text on the error stream; empty if none came.
  std::string remote_error;
  // Why the connection broke; OK when it ended in good order, after text too.
  absl::Status status;
  // Of ForwardEvents::WaitTaken.
  absl::Status refused;
};

// Moves bytes between `local` and `data`, each direction until its own FIN,
// while listening to `error`, of which the FIN is sent at once. A reset of
// either side resets the other. The connection is over after both FINs; after
// text on `error`; when the remote side has ended `data` and `error` both, for
// then nobody reads there; and when the remote side has not taken it.
// All three streams are closed or reset on return. They, `bytes` and `events`
// must outlive the Task.
// `bytes` counts as bytes move. Cancel: all three are reset.
Task<ForwardResult> ForwardConnection(net::ByteStream& local,
                                      httpstream::Stream& data,
                                      httpstream::Stream& error,
                                      ForwardedBytes& bytes,
                                      ForwardEvents& events);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_FORWARDED_CONNECTION_H_
