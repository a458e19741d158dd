// SPDX-License-Identifier: Apache-2.0
// Waits that end: sleeping, and a task with a deadline.
#ifndef BASE_TASK_DEADLINE_H_
#define BASE_TASK_DEADLINE_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"

namespace fairway {

// Errors: kCancelled. InfiniteDuration() waits until cancelled.
Task<absl::Status> Sleep(absl::Duration duration);

// Runs `body` to its end, but cancels it `timeout` after the call. Cancelled
// work is waited for, so what `body` refers to needs to outlive only the call.
// A lambda that captures by value what has a destructor (a shared_ptr) must be
// a named std::function first: GCC 12 destroys such a temporary twice.
// Errors: kDeadlineExceeded ("WHAT: timed out after 30s") if the time ran out,
// else what `body` returned.
Task<absl::Status> WithDeadline(absl::Duration timeout, std::string what,
                                std::function<Task<absl::Status>()> body);

// The same for a task with a value.
template <typename T>
Task<absl::StatusOr<T>> WithDeadline(
    absl::Duration timeout, std::string what,
    std::function<Task<absl::StatusOr<T>>()> body) {
  absl::StatusOr<T> result = absl::UnknownError("not run");
  std::function<Task<absl::Status>()> run = [&result,
                                             &body]() -> Task<absl::Status> {
    absl::StatusOr<T> value = co_await body();
    result = std::move(value);
    co_return result.status();
  };
  absl::Status status =
      co_await WithDeadline(timeout, std::move(what), std::move(run));
  if (!status.ok()) co_return status;
  co_return result;
}

}  // namespace fairway

#endif  // BASE_TASK_DEADLINE_H_
