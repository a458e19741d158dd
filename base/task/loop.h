// SPDX-License-Identifier: Apache-2.0
// Threads with an event loop each, and the loop of main().
#ifndef BASE_TASK_LOOP_H_
#define BASE_TASK_LOOP_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/task/task.h"

namespace fairway {

// A thread of its own that runs a loop; for blocking calls (SQLite, waitpid) or
// for a share of the connections.
//
// Lifetime: the destructor stops the loop and joins the thread; coroutines that
//           are left on it are destroyed there.
class LoopThread {
 public:
  explicit LoopThread(const char* name);
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Executor executor();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs `body` on a loop of the calling thread until it ends; what it returns is
// the result. For main() and for tests.
absl::Status RunLoop(std::function<Task<absl::Status>()> body);

// Waits for one of `signals` (SIGINT, SIGTERM); while somebody waits, the
// signal does not end the process. Returns its number. (Name the vector: GCC 12
// refuses a braced list inside co_await.)
Task<absl::StatusOr<int>> WaitForSignal(std::vector<int> signals);

}  // namespace fairway

#endif  // BASE_TASK_LOOP_H_
