// SPDX-License-Identifier: Apache-2.0
// What becomes ready to run while a handler runs, and runs behind it without
// another pass through the loop, each of which costs a system call.
//
// Threads: not thread-safe; on the thread of `executor`.
#ifndef BASE_TASK_TURN_H_
#define BASE_TASK_TURN_H_

#include <memory>

#include "base/task/task.h"

namespace fairway {

// A coroutine, or whatever else, that can go on.
class Ready {
 public:
  virtual ~Ready() = default;
  virtual void Run() = 0;

 private:
  friend class Turn;
  std::unique_ptr<Ready> next_;
};

// Runs `ready` once the caller has suspended: at the end of the turn that is
// under way on `executor`, or else in one of its own. In the order of the
// calls; never before RunSoon() returns. A loop that ends destroys it instead.
void RunSoon(Executor executor, std::unique_ptr<Ready> ready);

// Calls `handler` and then what has become ready meanwhile: for the handlers of
// a loop's operations. After a bounded number the rest waits for the loop, so
// that those who wake one another do not keep out everybody else.
class Turn {
 public:
  template <typename Handler>
  static void Of(Executor executor, Handler&& handler) {
    if (IsUnderWay(executor)) return handler();
    Turn turn(executor);
    handler();
    turn.End();
  }

 private:
  friend void RunSoon(Executor executor, std::unique_ptr<Ready> ready);

  explicit Turn(Executor executor);
  ~Turn();  // what is left gets a turn of its own
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  static bool IsUnderWay(Executor executor) {
    return current_ != nullptr && current_->executor_ == executor;
  }
  void Push(std::unique_ptr<Ready> ready);
  std::unique_ptr<Ready> Pop();
  void End();

  static thread_local Turn* current_;

  const Executor executor_;
  Turn* const outer_;
  std::unique_ptr<Ready> first_;
  Ready* last_ = nullptr;
};

}  // namespace fairway

#endif  // BASE_TASK_TURN_H_
