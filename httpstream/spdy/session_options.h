// SPDX-License-Identifier: Apache-2.0
#ifndef HTTPSTREAM_SPDY_SESSION_OPTIONS_H_
#define HTTPSTREAM_SPDY_SESSION_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace fairway::httpstream::spdy {

struct SessionOptions {
  // Where both ends keep windows: what a stream may have received and not read,
  // and what the whole session may have under way. At least 64 KiB each.
  int64_t stream_window_bytes = 1 << 20;
  int64_t session_window_bytes = 4 << 20;
  // Toward a peer without windows (Go's): once so much of a stream lies unread
  // here, the session's reading waits for that stream's reader.
  size_t receive_buffer_bytes = 1 << 20;

  // Streams that are open at a time, of both ends; more are refused.
  size_t max_streams = 2000;

  // How often the peer is asked whether it is there; zero: never. A missing
  // answer ends the session only if it is sure to mean that the peer is gone.
  absl::Duration ping_period = absl::ZeroDuration();
  absl::Duration ping_timeout = absl::Seconds(30);

  // How long CreateStream() waits for the peer's reply (upstream's
  // createStreamResponseTimeout).
  absl::Duration create_stream_timeout = absl::Seconds(30);
  // How long Close() waits for what was sent to arrive.
  absl::Duration close_timeout = absl::Seconds(5);
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_SESSION_OPTIONS_H_
