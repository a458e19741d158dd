// SPDX-License-Identifier: Apache-2.0
#include "base/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, TextHasEveryKind) {
  Counter counter("requests_total", "Requests.");
  counter.Increment({{"code", "200"}});
  counter.Increment({{"code", "200"}}, 2);
  Gauge gauge("streams", "Open streams.");
  gauge.Add(3);
  gauge.Add(-1);
  Histogram histogram("seconds", "Durations.", {0.1, 1});
  histogram.Observe(0.5);
  const std::string text = MetricsText();
  EXPECT_THAT(text, HasSubstr("requests_total{code=\"200\"} 3"));
  EXPECT_THAT(text, HasSubstr("streams 2"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.1\"} 0"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"1\"} 1"));
}

TEST(MetricsTest, RemovedGaugeIsGone) {
  Gauge gauge("stalled", "What stands.");
  gauge.Set(5, {{"stream", "1"}});
  gauge.Set(7, {{"stream", "3"}});
  EXPECT_THAT(MetricsText(), HasSubstr("stalled{stream=\"1\"} 5"));
  gauge.Remove({{"stream", "1"}});
  EXPECT_THAT(MetricsText(), Not(HasSubstr("stalled{stream=\"1\"}")));
  EXPECT_THAT(MetricsText(), HasSubstr("stalled{stream=\"3\"} 7"));
  gauge.Remove({{"stream", "1"}});
}

}  // namespace
}  // namespace fairway
