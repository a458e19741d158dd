// SPDX-License-Identifier: Apache-2.0
// What becomes ready to run while a handler runs, and runs behind it without
// another pass through the loop, each of which costs a system call.
//
// Threads: not thread-safe; on the thread of `executor`.
#ifndef BASE_TASK_TURN_H_
#define BASE_TASK_TURN_H_

#include <memory>
#include <utility>

#include "base/task/task.h"

namespace fairway {

// A coroutine, or whatever else, that can go on.
class Ready {
 public:
  virtual ~Ready() = default;
  virtual void Run() = 0;

 private:
  friend class ReadyList;
  std::unique_ptr<Ready> next_;
};

// Who came first, goes first.
class ReadyList {
 public:
  ReadyList() = default;
  ReadyList(ReadyList&& other) noexcept
      : first_(std::move(other.first_)),
        last_(std::exchange(other.last_, nullptr)) {}
  ReadyList& operator=(ReadyList&&) = delete;
  ~ReadyList();

  void Push(std::unique_ptr<Ready> ready);
  std::unique_ptr<Ready> Pop();  // null where there is none
  bool empty() const { return first_ == nullptr; }

 private:
  std::unique_ptr<Ready> first_;
  Ready* last_ = nullptr;
};

// Runs `ready` once the caller has suspended: at the end of the turn that is
// under way on `executor`, in the order of the calls, or else in a turn of its
// own. Never before RunSoon() returns. A loop that ends destroys it instead.
void RunSoon(Executor executor, std::unique_ptr<Ready> ready);

// Calls `handler` and then what has become ready meanwhile: for the handlers of
// a loop's operations. After a bounded number the rest waits for the loop and
// is one handler there, however many they are: so those who wake one another,
// or are woken by the thousand, do not keep out everybody else.
class Turn {
 public:
  template <typename Handler>
  static void Of(Executor executor, Handler&& handler) {
    if (IsUnderWay(executor)) return handler();
    Turn turn(executor, ReadyList());
    handler();
    turn.End();
  }

 private:
  friend void RunSoon(Executor executor, std::unique_ptr<Ready> ready);

  Turn(Executor executor, ReadyList ready);
  ~Turn();  // what is left gets a turn of its own
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  static bool IsUnderWay(Executor executor) {
    return current_ != nullptr && current_->executor_ == executor;
  }
  void End();

  static thread_local Turn* current_;

  const Executor executor_;
  Turn* const outer_;
  ReadyList ready_;
};

}  // namespace fairway

#endif  // BASE_TASK_TURN_H_
