// SPDX-License-Identifier: Apache-2.0
// A place where coroutines of one executor wait for others of the same.
//
// Threads:  not thread-safe; all calls on `executor`.
// Lifetime: must outlive every Wait(); a waiter that is left when the
//           Condition dies ends with kCancelled.
// Cancel:   Wait() honours Asio cancellation.
#ifndef BASE_TASK_CONDITION_H_
#define BASE_TASK_CONDITION_H_

#include <boost/system/error_code.hpp>
#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "base/task/turn.h"

namespace fairway {

class Condition {
 public:
  explicit Condition(Executor executor) : executor_(executor) {}
  ~Condition();
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // Suspends until a Notify that comes after the call. As with any condition
  // variable the caller checks its predicate in a loop.
  // Errors: kCancelled.
  Task<absl::Status> Wait();

  // The same, also in a task that was cancelled before: only a cancellation
  // that comes meanwhile ends it. For those who wait for others to end.
  Task<absl::Status> WaitThoughCancelled();

  // Wakes the longest waiter. It runs when the caller has suspended.
  void NotifyOne();
  void NotifyAll();

  bool has_waiters() const { return first_ != nullptr; }

 private:
  // A suspended coroutine; owned by the list of those who wait, then by the
  // turn of the loop in which it goes on.
  class Waiter : public Ready {
   public:
    virtual void WillRun() = 0;

    boost::system::error_code result;
    Waiter* previous = nullptr;
    Waiter* next = nullptr;
  };
  template <typename Handler>
  class WaiterOf;

  auto Suspend();
  void Add(std::unique_ptr<Waiter> waiter);
  void Complete(Waiter* waiter, boost::system::error_code result);

  const Executor executor_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace fairway

#endif  // BASE_TASK_CONDITION_H_
