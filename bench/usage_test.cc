// SPDX-License-Identifier: Apache-2.0
#include "bench/usage.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <stdexcept>
#include <vector>

namespace fairway::bench {
namespace {

// More than any pid_max.
constexpr pid_t kNobody = 1 << 22;

TEST(UsageTest, AnEndedChildsTimeIsItsParents) {
  const double before = EndedChildrenCpuSeconds(getpid());
  const pid_t child = fork();
  if (child == 0) {
    while (clock() < CLOCKS_PER_SEC / 10) {
    }
    _exit(0);
  }
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_NEAR(EndedChildrenCpuSeconds(getpid()) - before, 0.1, 0.03);
}

TEST(UsageTest, ReadsItsOwn) {
  EXPECT_GT(CpuSeconds(getpid()), 0);
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(FileLimit(getpid()), static_cast<int>(limit.rlim_cur));
  const double before = MemoryKiB(getpid(), "Pss");
  const std::vector<char> touched(8 << 20, 'x');
  EXPECT_NEAR(MemoryKiB(getpid(), "Pss") - before, 8 << 10, 512);
}

TEST(UsageTest, WhoIsGoneHasNothing) {
  EXPECT_THROW(CpuSeconds(kNobody), std::runtime_error);
  EXPECT_THROW(EndedChildrenCpuSeconds(kNobody), std::runtime_error);
  EXPECT_THROW(FileLimit(kNobody), std::runtime_error);
  EXPECT_THROW(MemoryKiB(kNobody, "Pss"), std::runtime_error);
}

}  // namespace
}  // namespace fairway::bench
