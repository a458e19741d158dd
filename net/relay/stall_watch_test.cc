// SPDX-License-Identifier: Apache-2.0
#include "net/relay/stall_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace fairway::net {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

const Clock::duration kTime = absl::ToChronoMilliseconds(kStallTime);

class Action final : public StallWatch {
 public:
  explicit Action(std::function<void()> on_stalled = nullptr)
      : on_stalled_(std::move(on_stalled)) {}

  int stalled() const { return stalled_; }

 private:
  void OnStalled(Executor) override {
    ++stalled_;
    if (on_stalled_) on_stalled_();
  }

  const std::function<void()> on_stalled_;
  int stalled_ = 0;
};

void RunFor(asio::io_context& loop, Clock::duration time) {
  asio::basic_waitable_timer<Clock> end(loop, time);
  end.async_wait([&loop](const boost::system::error_code&) { loop.stop(); });
  loop.run();
  loop.restart();
}

TEST(StallWatchTest, TellsOnceOfWhatIsNotOverInTime) {
  asio::io_context loop(1);
  std::optional<Clock::time_point> told;
  Action action([&told] { told = Clock::now(); });
  const Clock::time_point begun = Clock::now();
  action.Begin(loop.get_executor());
  RunFor(loop, 3 * kTime);
  EXPECT_EQ(action.stalled(), 1);
  ASSERT_TRUE(told.has_value());
  EXPECT_GE(*told - begun, kTime);
}

TEST(StallWatchTest, WhatIsOverInTimeIsNothing) {
  asio::io_context loop(1);
  Action action;
  for (int i = 0; i < 6; ++i) {
    action.Begin(loop.get_executor());
    RunFor(loop, kTime / 2);
    action.End();
  }
  action.End();  // no harm
  RunFor(loop, 3 * kTime);
  EXPECT_EQ(action.stalled(), 0);
}

TEST(StallWatchTest, TheLoopEndsOnceNothingIsUnderWay) {
  asio::io_context loop(1);
  Action action;
  action.Begin(loop.get_executor());
  action.End();
  loop.run();
  EXPECT_TRUE(loop.stopped());
}

TEST(StallWatchTest, EndsInAnyOrder) {
  asio::io_context loop(1);
  std::vector<std::unique_ptr<Action>> actions;
  for (int i = 0; i < 5; ++i) {
    actions.push_back(std::make_unique<Action>());
    actions.back()->Begin(loop.get_executor());
  }
  for (const int gone : {2, 0, 4}) actions[gone].reset();
  RunFor(loop, 3 * kTime);
  EXPECT_EQ(actions[1]->stalled(), 1);
  EXPECT_EQ(actions[3]->stalled(), 1);
}

TEST(StallWatchTest, WhoeverIsToldMayEndAnother) {
  asio::io_context loop(1);
  std::optional<Action> first;
  std::optional<Action> second;
  int told = 0;
  const auto end_both = [&] {
    ++told;
    first->End();
    second->End();
  };
  first.emplace(end_both);
  second.emplace(end_both);
  first->Begin(loop.get_executor());
  second->Begin(loop.get_executor());
  RunFor(loop, 3 * kTime);
  EXPECT_EQ(told, 1);
}

TEST(StallWatchTest, MayBeginAnewWhenTold) {
  asio::io_context loop(1);
  std::optional<Action> action;
  action.emplace([&] { action->Begin(loop.get_executor()); });
  action->Begin(loop.get_executor());
  RunFor(loop, 5 * kTime);
  EXPECT_GE(action->stalled(), 2);
  EXPECT_LE(action->stalled(), 4);
}

TEST(StallWatchTest, ALoopThatEndsDoesNotTakeTheTimerOfTheNext) {
  Action first;
  {
    asio::io_context loop(1);
    first.Begin(loop.get_executor());
    first.End();
  }
  asio::io_context next(1);
  Action second;
  second.Begin(next.get_executor());
  RunFor(next, 3 * kTime);
  EXPECT_EQ(second.stalled(), 1);
}

}  // namespace
}  // namespace fairway::net
