// SPDX-License-Identifier: Apache-2.0
#include "bench/load_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/path_hops.h"

namespace fairway::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr double kLimitSeconds = 5;
constexpr double kShortSeconds = 0.2;

// The load beside pod_server, without a forwarder.
class LoadOrderTest : public testing::Test {
 protected:
  LoadOrderTest() {
    std::vector<std::string> argv = {
        e2e::DataFile("runtime/testing/pod_server")};
    for (const char* mode : {"echo", "sink", "give", "deaf", "source"}) {
      ports_.push_back(std::to_string(QuietPort()));
      argv.push_back(std::string(mode) + ":" + ports_.back());
    }
    argv.back() += ":1000";
    server_ = e2e::Process({argv, {}, ""});
    EXPECT_EQ(server_.ReadLine(e2e::Seconds(kLimitSeconds)), "ready");
  }

  const std::string& echo() const { return ports_[0]; }
  const std::string& sink() const { return ports_[1]; }
  const std::string& give() const { return ports_[2]; }
  const std::string& deaf() const { return ports_[3]; }
  const std::string& source() const { return ports_[4]; }
  pid_t server() const { return server_.pid(); }

 private:
  std::vector<std::string> ports_;
  e2e::Process server_;
};

TEST_F(LoadOrderTest, TransfersAreWholeAndTimed) {
  for (const char* connections : {"1", "8"}) {
    EXPECT_GT(
        CarryOut({"download", give(), connections, "3000000"}, kLimitSeconds)
            .at("seconds"),
        0);
    EXPECT_GT(
        CarryOut({"upload", sink(), connections, "3000000"}, kLimitSeconds)
            .at("seconds"),
        0);
  }
}

TEST_F(LoadOrderTest, AnotherNumberOfBytesIsAFailure) {
  // This source gives 1000 bytes, whoever asks.
  EXPECT_THAT(
      [&] {
        CarryOut({"download", source(), "1", "2000"}, kLimitSeconds);
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("size")));
  EXPECT_THAT(
      [&] {
        CarryOut({"download", source(), "1", "500"}, kLimitSeconds);
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("size")));
  // And this sends back what comes, and not how many.
  EXPECT_THAT(
      [&] {
        CarryOut({"upload", echo(), "1", "1000"}, kLimitSeconds);
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("size")));
}

TEST_F(LoadOrderTest, EchoesAndSetUpsHavePercentiles) {
  for (const Answer& answer :
       {CarryOut({"echo", echo(), "0.1"}, kLimitSeconds),
        CarryOut({"set-up", echo(), "1", "0.1"}, kLimitSeconds),
        CarryOut({"set-up", echo(), "64", "0.1"}, kLimitSeconds)}) {
    EXPECT_GT(answer.at("p50"), 0);
    EXPECT_GE(answer.at("p99"), answer.at("p50"));
    EXPECT_GE(answer.at("count"), 1);
  }
}

TEST_F(LoadOrderTest, WhatDoesNotMoveIsGivenUp) {
  for (const std::vector<std::string>& order :
       {std::vector<std::string>{"upload", deaf(), "1", "100000000"},
        {"set-up", deaf(), "8", "0.1"},
        {"download", sink(), "1", "10"}}) {
    EXPECT_THAT([&] { CarryOut(order, kShortSeconds); },
                ThrowsMessage<std::runtime_error>(HasSubstr("time")))
        << order[0];
  }
  EXPECT_THROW(CarryOut({"echo", deaf(), "0.1"}, kShortSeconds),
               std::runtime_error);
}

TEST_F(LoadOrderTest, NobodyThereIsSaid) {
  const std::string port = std::to_string(QuietPort());
  EXPECT_THAT(
      [&] {
        CarryOut({"echo", port, "0.1"}, kLimitSeconds);
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("refused")));
}

TEST_F(LoadOrderTest, ConnectionsLiveAsLongAsTheirOrder) {
  const int before = e2e::OpenFiles(server());
  {
    const StandingOrder held({"hold", echo(), "100"}, kLimitSeconds);
    EXPECT_EQ(held.answer().at("count"), 100);
    const StandingOrder stalled({"stall", give(), deaf()}, kLimitSeconds);
    EXPECT_EQ(stalled.answer().at("stalled"), 2);
    EXPECT_EQ(e2e::OpenFiles(server()), before + 102);
  }
  EXPECT_TRUE(e2e::Eventually(e2e::Seconds(kLimitSeconds), [&] {
    return e2e::OpenFiles(server()) == before;
  }));
}

}  // namespace
}  // namespace fairway::bench
