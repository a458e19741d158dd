// SPDX-License-Identifier: Apache-2.0
#include "base/task/turn.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace fairway {
namespace {

namespace asio = boost::asio;

class Function final : public Ready {
 public:
  explicit Function(std::function<void()> function)
      : function_(std::move(function)) {}
  void Run() override { function_(); }

 private:
  std::function<void()> function_;
};

void Soon(asio::io_context& loop, std::function<void()> function) {
  RunSoon(loop.get_executor(), std::make_unique<Function>(std::move(function)));
}

TEST(TurnTest, OutsideOfATurnWhatIsReadyWaitsForTheLoop) {
  asio::io_context loop(1);
  std::string order;
  Soon(loop, [&] { order += 'a'; });
  Soon(loop, [&] { order += 'b'; });
  EXPECT_EQ(order, "");
  loop.run();
  EXPECT_EQ(order, "ab");
}

TEST(TurnTest, WhatIsReadyRunsBehindTheHandlerAndBeforeWhatWasPosted) {
  asio::io_context loop(1);
  std::string order;
  asio::post(loop, [&] {
    Turn::Of(loop.get_executor(), [&] {
      asio::post(loop, [&] { order += 'p'; });
      Soon(loop, [&] {
        order += 'a';
        Soon(loop, [&] { order += 'c'; });
        order += 'A';
      });
      Soon(loop, [&] { order += 'b'; });
      order += 'h';
    });
  });
  loop.run();
  EXPECT_EQ(order, "haAbcp");
}

TEST(TurnTest, ThoseWhoWakeOneAnotherKeepOutNobody) {
  asio::io_context loop(1);
  bool done = false;
  int turns = 0;
  std::function<void()> again = [&] {
    ++turns;
    if (!done) Soon(loop, again);
  };
  asio::post(loop, [&] {
    Turn::Of(loop.get_executor(), [&] {
      asio::post(loop, [&] { done = true; });
      again();
    });
  });
  loop.run();
  EXPECT_TRUE(done);
  EXPECT_GT(turns, 2);
}

TEST(TurnTest, ThousandsThatAreWokenAtOnceKeepOutNobody) {
  constexpr int kMany = 10'000;
  asio::io_context loop(1);
  int ran = 0;
  bool in_order = true;
  asio::post(loop, [&] {
    Turn::Of(loop.get_executor(), [&] {
      for (int i = 0; i < kMany; ++i) {
        Soon(loop, [&, i] { in_order = in_order && ran++ == i; });
      }
      asio::post(loop,
                 [&] { asio::post(loop, [&] { EXPECT_LT(ran, kMany / 2); }); });
    });
  });
  loop.run();
  EXPECT_EQ(ran, kMany);
  EXPECT_TRUE(in_order);
}

TEST(TurnTest, LoopThatEndsDestroysThousandsWithoutAStackOfThem) {
  constexpr int kMany = 300'000;
  auto loop = std::make_unique<asio::io_context>(1);
  auto token = std::make_shared<int>();
  asio::post(*loop, [&] {
    Turn::Of(loop->get_executor(), [&] {
      for (int i = 0; i < kMany; ++i) Soon(*loop, [token] {});
      loop->stop();
    });
  });
  loop->run();
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(TurnTest, TurnOfAnotherLoopIsNotMistakenForThisOnes) {
  asio::io_context loop(1);
  asio::io_context other(1);
  std::string order;
  asio::post(loop, [&] {
    Turn::Of(loop.get_executor(), [&] {
      Soon(other, [&] { order += 'o'; });
      Soon(loop, [&] { order += 'l'; });
    });
  });
  loop.run();
  EXPECT_EQ(order, "l");
  other.run();
  EXPECT_EQ(order, "lo");
}

TEST(TurnTest, LoopThatWasStoppedDestroysWhatIsLeft) {
  auto loop = std::make_unique<asio::io_context>(1);
  auto token = std::make_shared<int>();
  bool ran = false;
  asio::post(*loop, [&] {
    Turn::Of(loop->get_executor(), [&] {
      Soon(*loop, [&ran, token] { ran = true; });
      loop->stop();
    });
  });
  loop->run();
  EXPECT_EQ(token.use_count(), 2);
  loop.reset();
  EXPECT_FALSE(ran);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace fairway
