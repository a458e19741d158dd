// SPDX-License-Identifier: Apache-2.0
#include "net/relay/stall_watch.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/wait_traits.hpp>
#include <chrono>
#include <memory>
#include <utility>

namespace fairway::net {

namespace asio = boost::asio;

void StallLink::Join(StallLink& ring) {
  previous_ = ring.previous_;
  next_ = &ring;
  previous_->next_ = next_->previous_ = this;
}

void StallLink::Leave() {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = this;
}

// Goes off again and again as long as anything is under way.
class StallTimer {
 public:
  static void Add(StallWatch& watch, Executor executor) {
    watch.Join(rings.recent);
    if (rings.have_timer) return;
    Wait(std::unique_ptr<StallTimer>(new StallTimer(executor)));
  }
  // A loop that ends destroys it.
  ~StallTimer() { rings.have_timer = false; }
  StallTimer(const StallTimer&) = delete;
  StallTimer& operator=(const StallTimer&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  using Timer =
      asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  // What is under way on this thread.
  struct Rings {
    StallLink recent;  // begun since the timer last went off
    StallLink older;
    bool have_timer = false;
  };
  static thread_local Rings rings;

  explicit StallTimer(Executor executor) : timer_(executor) {
    rings.have_timer = true;
  }

  static void Wait(std::unique_ptr<StallTimer> self) {
    Timer& timer = self->timer_;
    timer.expires_after(absl::ToChronoMicroseconds(kStallTime));
    timer.async_wait(
        [self = std::move(self)](const boost::system::error_code&) mutable {
          if (self->Look()) Wait(std::move(self));
        });
  }

  // Whether anything is under way.
  bool Look() {
    // Who is told may end any other, and begin anew.
    while (!rings.older.IsAlone()) {
      StallWatch& stalled = static_cast<StallWatch&>(*rings.older.next_);
      stalled.End();
      stalled.OnStalled(timer_.get_executor());
    }
    // All that is recent is in the ring of the older now.
    rings.older.Join(rings.recent);
    rings.recent.Leave();
    return !rings.older.IsAlone();
  }

  Timer timer_;
};

thread_local StallTimer::Rings StallTimer::rings;

void StallWatch::Begin(Executor executor) { StallTimer::Add(*this, executor); }

}  // namespace fairway::net
