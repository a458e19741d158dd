// SPDX-License-Identifier: Apache-2.0
// How large the receive windows of a session have to be.
//
// A window that is smaller than what the link can hold (its bandwidth-delay
// product) makes the sender wait. The receiver can see that by itself: it sends
// a ping, and counts what comes until the answer, one round trip later. When
// that is nearly the whole window, and comes faster than ever before, the
// window may be what limits, and is doubled. When it was not the window, a
// larger one brings no more speed, and that was the last time.
//
// One ping is under way at a time, and hardly any while nothing changes.
//
// Threads: none of its own. No I/O: the session sends the pings.
#ifndef HTTPSTREAM_SPDY_WINDOW_ESTIMATOR_H_
#define HTTPSTREAM_SPDY_WINDOW_ESTIMATOR_H_

#include <chrono>
#include <cstdint>

namespace fairway::httpstream::spdy {

class WindowEstimator {
 public:
  using Clock = std::chrono::steady_clock;

  // What was read of a stream since a ping; kept with the stream.
  struct StreamSample {
    uint32_t round = 0;
    int64_t bytes = 0;
  };

  // Windows begin with the first values and never grow beyond the maxima.
  WindowEstimator(int64_t stream_bytes, int64_t max_stream_bytes,
                  int64_t session_bytes, int64_t max_session_bytes);

  // What a stream that is read as fast as it comes should have, and the
  // session.
  int64_t stream_window_bytes() const { return stream_.bytes; }
  int64_t session_window_bytes() const { return session_.bytes; }

  // DATA came. Whether a ping should be sent now; the caller calls
  // OnPingSent() then.
  bool OnReceived(int64_t bytes);
  // A reader took bytes of the stream.
  void OnRead(StreamSample* sample, int64_t bytes);
  void OnPingSent(Clock::time_point now);
  void OnPingAnswered(Clock::time_point now);

 private:
  struct Window {
    int64_t bytes;
    int64_t max_bytes;
    double best_rate = 0;  // bytes/s, of the samples that nearly filled it

    bool CanGrow() const { return bytes < max_bytes; }
    // Whether it grew.
    bool Judge(int64_t sample_bytes, double seconds);
  };

  Window stream_;
  Window session_;

  bool measuring_ = false;
  uint32_t round_ = 0;
  Clock::time_point sent_;
  int64_t received_bytes_ = 0;      // of the session, since the ping
  int64_t largest_read_bytes_ = 0;  // of one stream, since the ping
  int64_t pause_bytes_;             // to come before the next ping
  int rounds_left_;                 // until a pause
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_WINDOW_ESTIMATOR_H_
