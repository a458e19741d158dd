// SPDX-License-Identifier: Apache-2.0
// The frame of a test that is a coroutine.
#ifndef BASE_TASK_TESTING_RUN_TEST_H_
#define BASE_TASK_TESTING_RUN_TEST_H_

#include <functional>

#include "absl/status/status.h"
#include "base/task/task.h"

namespace fairway {

// Runs `body` on a loop of the calling thread, and expects it to end well and
// within 8 seconds, so that a hang fails by its name.
void RunTest(std::function<Task<absl::Status>(Executor)> body);

}  // namespace fairway

#endif  // BASE_TASK_TESTING_RUN_TEST_H_
