// SPDX-License-Identifier: Apache-2.0
#ifndef HTTPSTREAM_SPDY_SESSION_OPTIONS_H_
#define HTTPSTREAM_SPDY_SESSION_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace fairway::httpstream::spdy {

struct SessionOptions {
  // Where both ends keep windows: a stream begins with `stream_window_bytes`
  // (at least 64 KiB) to receive. Once it is read as fast as it comes, its
  // window grows to twice the measured bandwidth-delay product, at most to
  // `max_stream_window_bytes`. What the session may have under way begins with
  // `session_window_bytes`, is given back at once, whoever reads, and grows
  // along.
  int64_t stream_window_bytes = 256 << 10;
  int64_t session_window_bytes = 4 << 20;
  int64_t max_stream_window_bytes = 16 << 20;
  // Toward a peer without windows (Go's): when more comes of a stream of which
  // so much lies unread here, the session's reading waits for that stream's
  // reader.
  size_t receive_buffer_bytes = 1 << 20;
  // What may lie unread here of all streams of a session, and of all sessions
  // of the process. Beyond it the session's window is given back only as bytes
  // are read, or its reading waits; 64 KiB are every session's own.
  size_t session_buffer_bytes = 256 << 20;
  size_t process_buffer_bytes = 1 << 30;

  // Streams that are open at a time, of both ends; more are refused. A
  // forwarded connection has two.
  size_t max_streams = 25000;
  // The highest number that a stream of ours may have.
  uint32_t max_stream_id = 0x7fffffff;

  // How long a stream's reader is waited for before the log and the metrics say
  // so.
  absl::Duration stall_notice = absl::Seconds(1);

  // What log lines and metrics call the session: "kubelet", "kubectl". Never a
  // peer's words.
  std::string name = "session";

  // When no byte came for a period, the peer is asked whether it is there;
  // zero: never. If none comes for the timeout then, the session ends, unless
  // the silence may have another reason: who is stalled is not taken for dead.
  absl::Duration ping_period = absl::ZeroDuration();
  absl::Duration ping_timeout = absl::Seconds(30);

  // How long the peer's reply to a stream that was made is waited for
  // (upstream's createStreamResponseTimeout).
  absl::Duration create_stream_timeout = absl::Seconds(30);
  // How long Close() waits for what was sent to arrive.
  absl::Duration close_timeout = absl::Seconds(5);
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_SESSION_OPTIONS_H_
