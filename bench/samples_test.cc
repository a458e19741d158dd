// SPDX-License-Identifier: Apache-2.0
#include "bench/samples.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <vector>

namespace fairway::bench {
namespace {

TEST(SamplesTest, PercentileIsASampleThatSoManyDoNotExceed) {
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  EXPECT_EQ(Percentile(hundred, 0), 1);
  EXPECT_EQ(Percentile(hundred, 0.5), 50);
  EXPECT_EQ(Percentile(hundred, 0.99), 99);
  EXPECT_EQ(Percentile(hundred, 1), 100);
  EXPECT_EQ(Percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(Percentile({7}, 0.99), 7);
}

TEST(SamplesTest, MedianIsTheMiddle) {
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({1, 2, 10, 4}), 3);
  EXPECT_EQ(Median({4}), 4);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Median({inf, inf, 1}), inf);
}

TEST(SamplesTest, NoSampleIsNoNumber) {
  EXPECT_THROW(Percentile({}, 0.5), std::out_of_range);
  EXPECT_THROW(Median({}), std::out_of_range);
}

}  // namespace
}  // namespace fairway::bench
