// SPDX-License-Identifier: Apache-2.0
// What a Multiplexer knows of one stream; shared with the stream's handle.
#ifndef HTTPSTREAM_SPDY_STREAM_STATE_H_
#define HTTPSTREAM_SPDY_STREAM_STATE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "httpstream/spdy/receive_budget.h"
#include "httpstream/spdy/receive_buffer.h"
#include "httpstream/spdy/window_estimator.h"
#include "net/http/headers.h"

namespace fairway::httpstream::spdy {

// What is left of the caller's pieces in a Write that is under way.
struct PendingWrite {
  absl::Span<const absl::string_view> pieces;
  size_t offset = 0;  // into the first piece
  size_t left_bytes = 0;
};

struct StreamState;
using StreamPtr = std::shared_ptr<StreamState>;
using StreamQueue = std::list<StreamPtr>;

struct StreamState {
  StreamState(Executor executor, ReceiveBudget* budget, uint32_t stream_id,
              net::http::Headers stream_headers)
      : id(stream_id),
        headers(std::move(stream_headers)),
        received(budget),
        answered(executor),
        readable(executor),
        writable(executor),
        broken(executor) {}

  // Whether nothing more will be sent or received.
  bool ended() const { return reset || (fin_sent && fin_received); }

  const uint32_t id;
  const net::http::Headers headers;

  // The handshake. `accepting` is set while the handler of new streams runs:
  // what it does to the stream then becomes the reply.
  bool replied = false;
  bool accepting = false;
  bool abandoned = false;

  // Sending.
  StreamQueue* queue = nullptr;  // where it waits for its turn
  StreamQueue::iterator place;   // in `queue`
  PendingWrite write;
  bool in_flight = false;  // the transport holds bytes of `write`
  bool fin_queued = false;
  bool fin_sent = false;
  int64_t send_window_bytes = 0;

  // Receiving.
  ReceiveBuffer received;
  bool fin_received = false;
  bool read_closed = false;  // Close(): what still comes is dropped
  int64_t receive_window_bytes = 0;
  int64_t full_window_bytes = 0;     // what the peer may have under way
  int64_t unacknowledged_bytes = 0;  // read, and not yet given back as window
  WindowEstimator::StreamSample sample;

  // The end. A stream that was reset by either side is out of the session.
  bool reset = false;
  bool reset_by_peer = false;
  bool refused = false;  // with REFUSED_STREAM, before a reply

  Condition answered;  // replied
  Condition readable;
  Condition writable;
  Condition broken;  // reset, or the session ended
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_STREAM_STATE_H_
