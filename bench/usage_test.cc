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

TEST(UsageTest, AFootprintHasOwnMemoryAndThatOfFiles) {
  const Footprint before = FootprintOf(getpid());
  EXPECT_NEAR(before.own_kib + before.file_pss_kib, MemoryKiB(getpid(), "Pss"),
              512);
  EXPECT_GE(before.file_rss_kib, before.file_pss_kib);
  const std::vector<char> touched(8 << 20, 'x');
  EXPECT_NEAR(GrowthKiB(before, FootprintOf(getpid())), 8 << 10, 512);
}

TEST(UsageTest, GrowthIsNotWhatOthersDo) {
  const Footprint before = {100, 50, 80};
  const struct {
    const char* name;
    Footprint after;
    double want;
  } kCases[] = {{"own memory", {130, 50, 80}, 30},
                {"own memory that was freed", {90, 50, 80}, -10},
                {"pages of files that nobody else has", {100, 60, 90}, 10},
                {"pages that others have, too", {100, 55, 90}, 5},
                {"another process ended", {100, 75, 80}, 0},
                {"it ended, and pages were touched", {100, 80, 84}, 4},
                {"another process began", {110, 30, 80}, 10},
                {"pages were given back", {100, 40, 60}, 0}};
  for (const auto& c : kCases) {
    EXPECT_EQ(GrowthKiB(before, c.after), c.want) << c.name;
  }
}

TEST(UsageTest, WhoIsGoneHasNothing) {
  EXPECT_THROW(CpuSeconds(kNobody), std::runtime_error);
  EXPECT_THROW(EndedChildrenCpuSeconds(kNobody), std::runtime_error);
  EXPECT_THROW(FileLimit(kNobody), std::runtime_error);
  EXPECT_THROW(MemoryKiB(kNobody, "Pss"), std::runtime_error);
  EXPECT_THROW(FootprintOf(kNobody), std::runtime_error);
}

}  // namespace
}  // namespace fairway::bench
