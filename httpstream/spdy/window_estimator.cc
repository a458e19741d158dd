// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/window_estimator.h"

#include <algorithm>

#include "httpstream/spdy/frames.h"

namespace fairway::httpstream::spdy {
namespace {

// A sender that its window stops comes in bursts, one each round trip. The
// first ping may fall into the middle of one; the second follows the first's
// answer, and so the beginning of a burst.
constexpr int kRoundsAtATime = 2;

}  // namespace

WindowEstimator::WindowEstimator(int64_t stream_bytes, int64_t max_stream_bytes,
                                 int64_t session_bytes,
                                 int64_t max_session_bytes)
    : stream_{stream_bytes, max_stream_bytes},
      session_{session_bytes, max_session_bytes},
      // Sessions of few bytes are not measured.
      pause_bytes_(kInitialWindowBytes),
      rounds_left_(kRoundsAtATime) {}

bool WindowEstimator::OnReceived(int64_t bytes) {
  if (measuring_) {
    received_bytes_ += bytes;
    return false;
  }
  if (!stream_.CanGrow() && !session_.CanGrow()) return false;
  pause_bytes_ -= bytes;
  if (pause_bytes_ > 0) return false;
  received_bytes_ = bytes;
  return true;
}

void WindowEstimator::OnRead(StreamSample* sample, int64_t bytes) {
  if (!measuring_) return;
  if (sample->round != round_) *sample = {round_, 0};
  sample->bytes += bytes;
  largest_read_bytes_ = std::max(largest_read_bytes_, sample->bytes);
}

void WindowEstimator::OnPingSent(Clock::time_point now) {
  measuring_ = true;
  ++round_;
  sent_ = now;
  largest_read_bytes_ = 0;
}

void WindowEstimator::OnPingAnswered(Clock::time_point now) {
  if (!measuring_) return;
  measuring_ = false;
  const double seconds = std::chrono::duration<double>(now - sent_).count();
  bool grew = stream_.Judge(largest_read_bytes_, seconds);
  if (session_.Judge(received_bytes_, seconds)) grew = true;
  // One stream may have the session to itself, and updates come in halves.
  const int64_t wanted = std::min(2 * stream_.bytes, session_.max_bytes);
  session_.bytes = std::max(session_.bytes, wanted);
  rounds_left_ = grew ? kRoundsAtATime : rounds_left_ - 1;
  pause_bytes_ = 0;
  if (rounds_left_ == 0) {
    rounds_left_ = kRoundsAtATime;
    pause_bytes_ = stream_.bytes;
  }
}

bool WindowEstimator::Window::Judge(int64_t sample_bytes, double seconds) {
  if (sample_bytes < bytes / 3 * 2) return false;
  const double rate =
      static_cast<double>(sample_bytes) / std::max(seconds, 1e-9);
  if (rate <= best_rate) return false;
  best_rate = rate;
  if (!CanGrow()) return false;
  bytes = std::min(2 * bytes, max_bytes);
  return true;
}

}  // namespace fairway::httpstream::spdy
