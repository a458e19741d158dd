// SPDX-License-Identifier: Apache-2.0
#include "base/process/file_limit.h"

#include <gtest/gtest.h>

namespace fairway {
namespace {

rlimit FileLimit() {
  rlimit limit = {0, 0};
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  return limit;
}

// In one process, in this order: the limit from before is kept for good.
TEST(FileLimitTest, IsRaisedForUsAndNotForChildren) {
  rlimit low = FileLimit();
  low.rlim_cur = 200;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(FileLimitOfChildren().rlim_cur, 200u);
  EXPECT_EQ(FileLimitOfChildren().rlim_max, low.rlim_max);

  RaiseFileLimit();
  EXPECT_EQ(FileLimit().rlim_cur, low.rlim_max);
  EXPECT_EQ(FileLimit().rlim_max, low.rlim_max);
  EXPECT_EQ(FileLimitOfChildren().rlim_cur, 200u);

  // Raised already: what was before stays known.
  RaiseFileLimit();
  EXPECT_EQ(FileLimitOfChildren().rlim_cur, 200u);
}

}  // namespace
}  // namespace fairway
