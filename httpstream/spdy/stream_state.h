// SPDX-License-Identifier: Apache-2.0
// What a Multiplexer knows of one stream; shared with the stream's handle.
#ifndef HTTPSTREAM_SPDY_STREAM_STATE_H_
#define HTTPSTREAM_SPDY_STREAM_STATE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "httpstream/spdy/receive_budget.h"
#include "httpstream/spdy/receive_buffer.h"
#include "httpstream/spdy/window_estimator.h"
#include "net/http/headers.h"

namespace fairway::httpstream::spdy {

// What is left of the caller's pieces in a Write that is under way; lies in its
// frame.
struct PendingWrite {
  absl::Span<const absl::string_view> pieces;
  size_t offset = 0;  // into the first piece
  size_t left_bytes = 0;
};

struct StreamState;
using StreamPtr = std::shared_ptr<StreamState>;

// Streams that wait for their turn. Needs no memory of its own; whoever drops a
// stream takes it out before.
class StreamQueue {
 public:
  bool empty() const { return first_ == nullptr; }
  StreamState* front() const { return first_; }
  // A stream is in one queue at most.
  void PushBack(StreamState& stream);
  void Remove(StreamState& stream);

 private:
  StreamState* first_ = nullptr;
  StreamState* last_ = nullptr;
};

struct StreamState : std::enable_shared_from_this<StreamState> {
  StreamState(Executor executor, ReceiveBudget* budget, uint32_t stream_id)
      : id(stream_id),
        received(budget),
        readable(executor),
        writable(executor),
        changed(executor) {}

  // Whether nothing more will be sent or received.
  bool ended() const { return reset || (fin_sent && fin_received); }
  size_t left_bytes() const { return write == nullptr ? 0 : write->left_bytes; }

  const uint32_t id;
  std::chrono::steady_clock::time_point made_at;

  // The handshake. `accepting` is set while the handler of new streams runs:
  // what it does to the stream then becomes the reply.
  bool replied = false;     // the peer, or we, accepted it
  bool reply_came = false;  // by a SYN_REPLY
  bool accepting = false;
  bool abandoned = false;

  bool in_flight = false;  // the transport holds bytes of `write`
  bool fin_queued = false;
  bool fin_sent = false;
  bool fin_received = false;
  bool read_closed = false;  // Close(): what still comes is dropped
  bool touched = false;      // its reader is to be woken, see HandOver()

  // The end. A stream that was reset by either side is out of the session.
  bool reset = false;
  bool reset_by_peer = false;
  bool refused = false;  // with REFUSED_STREAM, before a reply

  // While somebody may want them.
  std::unique_ptr<const net::http::Headers> headers;

  // Sending.
  PendingWrite* write = nullptr;
  StreamQueue* queue = nullptr;  // where it waits for its turn
  StreamState* next = nullptr;   // in `queue`
  StreamState* previous = nullptr;
  int64_t send_window_bytes = 0;

  // Receiving.
  ReceiveBuffer received;
  int64_t receive_window_bytes = 0;
  int64_t full_window_bytes = 0;     // what the peer may have under way
  int64_t unacknowledged_bytes = 0;  // read, and not yet given back as window
  WindowEstimator::StreamSample sample;

  Condition readable;
  Condition writable;
  Condition changed;  // replied, reset, or the session ended
};

inline void StreamQueue::PushBack(StreamState& stream) {
  stream.queue = this;
  stream.next = nullptr;
  stream.previous = last_;
  (last_ == nullptr ? first_ : last_->next) = &stream;
  last_ = &stream;
}

inline void StreamQueue::Remove(StreamState& stream) {
  (stream.previous == nullptr ? first_ : stream.previous->next) = stream.next;
  (stream.next == nullptr ? last_ : stream.next->previous) = stream.previous;
  stream.queue = nullptr;
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_STREAM_STATE_H_
