// SPDX-License-Identifier: Apache-2.0
#include "base/log/klog_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace fairway {
namespace {

TEST(KlogLineTest, HasKlogsHead) {
  const absl::Time time =
      absl::FromCivil(absl::CivilSecond(2026, 11, 23, 3, 1, 2),
                      absl::LocalTimeZone()) +
      absl::Microseconds(1234);
  EXPECT_EQ(
      KlogLine('I', "round_trippers.go:445", "GET http://h/ 200 OK", time),
      absl::StrFormat("I1123 03:01:02.001234 %7d "
                      "round_trippers.go:445] GET http://h/ 200 OK\n",
                      getpid()));
}

}  // namespace
}  // namespace fairway
