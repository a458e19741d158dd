// SPDX-License-Identifier: Apache-2.0
#include "base/task/testing/run_test.h"

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"

namespace fairway {

void RunTest(std::function<Task<absl::Status>(Executor)> body) {
  absl::Status status = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::Status ended =
        co_await WithDeadline(absl::Seconds(8), "the test",
                              [&body, executor] { return body(executor); });
    co_return ended;
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace fairway
