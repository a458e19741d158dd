// SPDX-License-Identifier: Apache-2.0
#include "base/time/go_time.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "base/status/testing/status_matchers.h"

namespace fairway {
namespace {

TEST(ParseGoDurationTest, ReadsWhatGoWrites) {
  EXPECT_EQ(*ParseGoDuration("4h0m0s"), absl::Hours(4));
  EXPECT_EQ(*ParseGoDuration("1m30.5s"), absl::Milliseconds(90500));
  EXPECT_EQ(*ParseGoDuration("-10ms"), -absl::Milliseconds(10));
  EXPECT_EQ(*ParseGoDuration("0"), absl::ZeroDuration());
}

TEST(ParseGoDurationTest, RefusesTheRestInGosWords) {
  for (const char* text : {"", "5", "x", "1d", "inf", "-inf"}) {
    EXPECT_EQ(ParseGoDuration(text).status(),
              absl::InvalidArgumentError(
                  std::string("time: invalid duration ") + '"' + text + '"'));
  }
}

TEST(FormatRFC3339Test, IsUtcWithWholeSeconds) {
  EXPECT_EQ(FormatRFC3339(absl::FromUnixMillis(1136214245999)),
            "2006-01-02T15:04:05Z");
}

TEST(HumanDurationTest, IsUpstreams) {
  const std::pair<int64_t, const char*> cases[] = {
      {-5, "<invalid>"},     {-1, "0s"},          {0, "0s"},
      {119, "119s"},         {120, "2m"},         {123, "2m3s"},
      {600, "10m"},          {10799, "179m"},     {10800, "3h"},
      {11100, "3h5m"},       {28800, "8h"},       {172799, "47h"},
      {172800, "2d"},        {176400, "2d1h"},    {691200, "8d"},
      {86400 * 731, "2y1d"}, {86400 * 3000, "8y"}};
  for (const auto& [seconds, want] : cases) {
    EXPECT_EQ(HumanDuration(absl::Seconds(seconds)), want) << seconds;
  }
}

}  // namespace
}  // namespace fairway
