// SPDX-License-Identifier: Apache-2.0
// Calls that block and cannot be interrupted.
#ifndef BASE_TASK_RUN_ASIDE_H_
#define BASE_TASK_RUN_ASIDE_H_

#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/condition.h"
#include "base/task/mailbox.h"
#include "base/task/task.h"

namespace fairway {
namespace run_aside_internal {

// The caller's thread owns `done` and `over`; `result` is the other thread's
// until it posts that it is over.
template <typename T>
struct Call {
  explicit Call(Executor caller) : done(caller) {}

  std::optional<T> result;
  Condition done;
  bool over = false;
};

}  // namespace run_aside_internal

// Runs `body` on a thread of its own. It must end by itself, and hold all that
// it needs: it may outlive the caller and its loop, and is not waited for when
// the process ends. Errors: kResourceExhausted when there is no thread to be
// had; kCancelled.
// Cancel: returns at once; `body` runs on, and what it gives is dropped.
template <typename T>
Task<absl::StatusOr<T>> RunAside(std::function<T()> body) {
  using run_aside_internal::Call;
  Executor here = co_await kThisExecutor;
  auto call = std::make_shared<Call<T>>(here);
  try {
    std::thread([call, mailbox = Mailbox::Of(here), body = std::move(body)] {
      call->result.emplace(body());
      mailbox->Post([call] {
        call->over = true;
        call->done.NotifyAll();
      });
    }).detach();
  } catch (const std::system_error& error) {
    co_return absl::ResourceExhaustedError(error.what());
  }
  while (!call->over) {
    absl::Status waited = co_await call->done.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return std::move(*call->result);
}

}  // namespace fairway

#endif  // BASE_TASK_RUN_ASIDE_H_
