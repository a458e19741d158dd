// SPDX-License-Identifier: Apache-2.0
// The owner of concurrent tasks: the only way to start one.
//
// Threads:  not thread-safe; all calls on `executor`, where the tasks run too.
// Lifetime: Join() before what the tasks refer to dies. The destructor only
//           cancels: tasks that own all they use may outlive the group.
#ifndef BASE_TASK_TASK_GROUP_H_
#define BASE_TASK_TASK_GROUP_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"

namespace fairway {

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `body`, which runs up to its first wait before Spawn returns. A
  // capturing lambda is kept until its coroutine ends. An exception that leaves
  // it becomes kInternal.
  void Spawn(std::function<Task<absl::Status>()> body);

  // As Spawn(); when `body` fails, the other tasks are cancelled at once.
  void SpawnOrCancelAll(std::function<Task<absl::Status>()> body);

  // Requests the end of every running task (Asio's terminal cancellation).
  void Cancel();

  // Waits for all tasks, those spawned meanwhile too; the first failure that
  // was not kCancelled, or else the first failure, or OK. When the caller is
  // cancelled, so are the tasks, and Join still waits for them.
  Task<absl::Status> Join();

  size_t running() const;
  Executor executor() const;

 private:
  struct State;
  void Start(std::function<Task<absl::Status>()> body, bool cancel_all);

  std::shared_ptr<State> state_;
};

}  // namespace fairway

#endif  // BASE_TASK_TASK_GROUP_H_
