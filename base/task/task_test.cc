// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/run_aside.h"
#include "base/task/run_on.h"
#include "base/task/task_group.h"

namespace fairway {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(TaskGroupTest, JoinReturnsFirstFailureThatIsNoCancellation) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([]() -> Task<absl::Status> {
      absl::Status slept = co_await Sleep(absl::InfiniteDuration());
      co_return slept;
    });
    group.SpawnOrCancelAll([]() -> Task<absl::Status> {
      co_return absl::DataLossError("broken");
    });
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kDataLoss, "broken"));
}

TEST(TaskGroupTest, ExceptionBecomesInternal) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([]() -> Task<absl::Status> {
      throw std::runtime_error("thrown");
      co_return absl::OkStatus();
    });
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kInternal, HasSubstr("thrown")));
}

TEST(TaskGroupTest, CancelBetweenTwoWaitsIsNotLost) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    Condition condition(executor);
    group.Spawn([&condition]() -> Task<absl::Status> {
      while (true) {
        absl::Status waited = co_await condition.Wait();
        if (!waited.ok()) co_return waited;
      }
    });
    co_await Sleep(absl::Milliseconds(1));
    // The waiter is woken and cancelled before it has run.
    condition.NotifyAll();
    group.Cancel();
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kCancelled));
}

TEST(TaskGroupTest, CancelBeforeTheFirstTurnIsNotLost) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([]() -> Task<absl::Status> {
      absl::Status slept = co_await Sleep(absl::InfiniteDuration());
      co_return slept;
    });
    group.Cancel();
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kCancelled));
}

TEST(TaskGroupTest, CancelledJoinCancelsAndStillWaits) {
  bool inner_ended = false;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup outer(executor);
    outer.Spawn([&]() -> Task<absl::Status> {
      Executor here = co_await kThisExecutor;
      TaskGroup inner(here);
      inner.Spawn([&]() -> Task<absl::Status> {
        absl::Status slept = co_await Sleep(absl::InfiniteDuration());
        inner_ended = true;
        co_return slept;
      });
      absl::Status joined = co_await inner.Join();
      EXPECT_TRUE(inner_ended);
      co_return joined;
    });
    co_await Sleep(absl::Milliseconds(1));
    outer.Cancel();
    absl::Status joined = co_await outer.Join();
    co_return joined;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kCancelled));
  EXPECT_TRUE(inner_ended);
}

TEST(ConditionTest, NotifyOneWakesTheLongestWaiterOnly) {
  std::string order;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Condition condition(executor);
    TaskGroup group(executor);
    for (char name : {'a', 'b'}) {
      group.Spawn([&condition, &order, name]() -> Task<absl::Status> {
        absl::Status waited = co_await condition.Wait();
        if (waited.ok()) order += name;
        co_return waited;
      });
    }
    co_await Sleep(absl::Milliseconds(1));
    condition.NotifyOne();
    co_await Sleep(absl::Milliseconds(1));
    EXPECT_EQ(order, "a");
    condition.NotifyAll();
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(result, IsOk());
  EXPECT_EQ(order, "ab");
}

TEST(DeadlineTest, EndsWorkThatIsLate) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    absl::Status status = co_await WithDeadline(
        absl::Milliseconds(5), "nap", []() -> Task<absl::Status> {
          absl::Status slept = co_await Sleep(absl::InfiniteDuration());
          co_return slept;
        });
    co_return status;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kDeadlineExceeded,
                               "nap: timed out after 5ms"));
}

TEST(DeadlineTest, GivesTheValueOfWorkInTime) {
  absl::StatusOr<int> value = absl::UnknownError("");
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    value = co_await WithDeadline<int>(
        absl::Minutes(1), "sum",
        []() -> Task<absl::StatusOr<int>> { co_return 42; });
    co_return value.status();
  });
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(*value, 42);
}

TEST(RunOnTest, RunsThereAndReturnsHere) {
  LoopThread other("other");
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    const std::thread::id here = std::this_thread::get_id();
    std::thread::id there = co_await RunOn<std::thread::id>(
        other.executor(), []() -> Task<std::thread::id> {
          co_return std::this_thread::get_id();
        });
    EXPECT_NE(here, there);
    EXPECT_EQ(here, std::this_thread::get_id());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

// The other thread was still inside the caller's loop when that had gone.
TEST(RunOnTest, LoopsThatEndAtOnceMayCall) {
  LoopThread other("other");
  for (int i = 0; i < 2000; ++i) {
    absl::Status result = RunLoop([&]() -> Task<absl::Status> {
      int value = co_await RunOn<int>(other.executor(),
                                      [i]() -> Task<int> { co_return i; });
      EXPECT_EQ(value, i);
      co_return absl::OkStatus();
    });
    ASSERT_THAT(result, IsOk());
  }
}

TEST(RunOnTest, CancelReachesTheOtherThread) {
  LoopThread other("other");
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    absl::Status ended = co_await WithDeadline(
        absl::Milliseconds(10), "call", [&other]() -> Task<absl::Status> {
          absl::Status there = co_await RunOn<absl::Status>(
              other.executor(), []() -> Task<absl::Status> {
                absl::Status slept = co_await Sleep(absl::InfiniteDuration());
                co_return slept;
              });
          EXPECT_THAT(there, StatusIs(absl::StatusCode::kCancelled));
          co_return there;
        });
    co_return ended;
  });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(RunAsideTest, RunsThereAndReturnsHere) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    const std::thread::id here = std::this_thread::get_id();
    std::function<std::thread::id()> body = [] {
      return std::this_thread::get_id();
    };
    absl::StatusOr<std::thread::id> there =
        co_await RunAside<std::thread::id>(body);
    if (!there.ok()) co_return there.status();
    EXPECT_NE(here, *there);
    EXPECT_EQ(here, std::this_thread::get_id());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

TEST(RunAsideTest, WhoIsCancelledDoesNotWaitNorDoesItsLoop) {
  auto release = std::make_shared<std::promise<void>>();
  std::future<void> released = release->get_future();
  auto ended = std::make_shared<std::promise<void>>();
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    absl::Status late = co_await WithDeadline(
        absl::Milliseconds(10), "call", [&]() -> Task<absl::Status> {
          std::function<int()> body = [&released, ended] {
            released.wait();
            ended->set_value();
            return 1;
          };
          absl::StatusOr<int> given = co_await RunAside<int>(body);
          co_return given.status();
        });
    co_return late;
  });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kDeadlineExceeded));
  // The loop has gone, and the body has not ended yet.
  release->set_value();
  ended->get_future().wait();
}

// A request that waited for the storage's thread hung when that had stopped.
TEST(RunOnTest, CallIntoALoopThatEndsFails) {
  auto other = std::make_unique<LoopThread>("other");
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    group.Spawn([there = other->executor()]() -> Task<absl::Status> {
      absl::Status slept =
          co_await RunOn<absl::Status>(there, []() -> Task<absl::Status> {
            absl::Status status = co_await Sleep(absl::InfiniteDuration());
            co_return status;
          });
      co_return slept;
    });
    other.reset();
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace fairway
