// SPDX-License-Identifier: Apache-2.0
// Notices what takes too long, of thousands that mostly do not, without a timer
// or an allocation for each.
#ifndef NET_RELAY_STALL_WATCH_H_
#define NET_RELAY_STALL_WATCH_H_

#include "absl/time/time.h"
#include "base/task/task.h"

namespace fairway::net {

// What is not over within this time has stalled; noticed within twice that.
inline constexpr absl::Duration kStallTime = absl::Milliseconds(250);

// A member of a ring, or alone.
class StallLink {
 public:
  StallLink() = default;
  ~StallLink() { Leave(); }
  StallLink(const StallLink&) = delete;
  StallLink& operator=(const StallLink&) = delete;

 protected:
  friend class StallTimer;

  bool IsAlone() const { return next_ == this; }
  // Behind all others of the ring that begins at `ring`.
  void Join(StallLink& ring);
  void Leave();

 private:
  StallLink* previous_ = this;
  StallLink* next_ = this;
};

// Something that may stall.
//
// Threads:  not thread-safe; on the thread of the executor it is given. All
//           that are under way on a thread share one timer.
// Lifetime: its end is the end of what is under way.
class StallWatch : private StallLink {
 public:
  virtual ~StallWatch() = default;

  // It is under way. Not twice without End() in between.
  void Begin(Executor executor);

  // It is over, or nobody wants to know any more.
  void End() { Leave(); }

 private:
  friend class StallTimer;

  // Called once if it is not over in time, on `executor`'s thread.
  virtual void OnStalled(Executor executor) = 0;
};

}  // namespace fairway::net

#endif  // NET_RELAY_STALL_WATCH_H_
