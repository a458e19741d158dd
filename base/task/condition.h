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
#include <list>
#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"

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

  bool has_waiters() const { return !waiters_.empty(); }

 private:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // Posts the completion; at most once.
    virtual void Complete(boost::system::error_code ec) = 0;
  };
  template <typename Handler>
  class WaiterOf;

  void Remove(Waiter* waiter);

  Executor executor_;
  std::list<std::unique_ptr<Waiter>> waiters_;
};

}  // namespace fairway

#endif  // BASE_TASK_CONDITION_H_
