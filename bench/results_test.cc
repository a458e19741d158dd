// SPDX-License-Identifier: Apache-2.0
#include "bench/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairway::bench {
namespace {

Results Of(std::vector<double> a, std::vector<double> b) {
  Results results;
  for (double value : a) results.Add("a", "bytes", "MB/s", value);
  for (double value : b) results.Add("b", "bytes", "MB/s", value);
  return results;
}

std::optional<double> Ratio(std::vector<double> a, std::vector<double> b) {
  return Of(a, b).Ratio({"a", "bytes"}, {"b", "bytes"});
}

TEST(ResultsTest, KeepsOrderUnitAndRounds) {
  const Results results = Of({3, 1, 2}, {7});
  EXPECT_EQ(results.paths(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(results.numbers(), std::vector<std::string>{"bytes"});
  EXPECT_EQ(results.unit("bytes"), "MB/s");
  EXPECT_EQ(results.Rounds("a", "bytes"), (std::vector<double>{3, 1, 2}));
  EXPECT_EQ(results.Median("a", "bytes"), 2);
  EXPECT_EQ(results.Median("a", "echo"), std::nullopt);
  EXPECT_EQ(results.Median("c", "bytes"), std::nullopt);
}

TEST(ResultsTest, RatioIsTakenWithinEachRound) {
  // A machine of half the speed in the second and third round.
  EXPECT_EQ(Ratio({200, 100, 100}, {100, 50, 50}), 2);
  EXPECT_EQ(Ratio({300, 100, 100}, {100, 50, 25}), 3);  // of 3, 2, 4
}

TEST(ResultsTest, RatioToAnotherNumberOfRoundsIsThatOfTheMedians) {
  EXPECT_EQ(Ratio({100, 200, 900}, {50}), 4);
}

TEST(ResultsTest, NoRatioWithoutTwoNumbers) {
  EXPECT_EQ(Ratio({}, {1}), std::nullopt);
  EXPECT_EQ(Ratio({1}, {}), std::nullopt);
  EXPECT_EQ(Ratio({1}, {0}), std::nullopt);
  EXPECT_EQ(Ratio({0}, {1}), std::nullopt);
  EXPECT_EQ(Ratio({1}, {kFrozen}), std::nullopt);
  EXPECT_EQ(Ratio({kFrozen}, {1}), std::nullopt);
  EXPECT_EQ(Ratio({1, 1, kFrozen}, {1, 1, 1}), std::nullopt);
}

TEST(ResultsTest, WhatIsNoNumberIsRefused) {
  Results results;
  EXPECT_THROW(results.Add("a", "bytes", "MB/s", -1), std::runtime_error);
  EXPECT_THROW(results.Add("a", "bytes", "MB/s", std::nan("")),
               std::runtime_error);
}

}  // namespace
}  // namespace fairway::bench
