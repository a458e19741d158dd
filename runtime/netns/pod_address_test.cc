// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/pod_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fairway::runtime::netns {
namespace {

using ::testing::MatchesRegex;

TEST(PodAddressTest, IsTheSameForTheSamePod) {
  EXPECT_EQ(PodAddress("uid-1", 0), PodAddress("uid-1", 0));
  EXPECT_NE(PodAddress("uid-1", 0), PodAddress("uid-2", 0));
}

TEST(PodAddressTest, AttemptsVisitEveryAddressOnce) {
  std::set<std::string> seen;
  for (uint32_t attempt = 0; attempt < kPodAddresses; ++attempt) {
    seen.insert(PodAddress("uid", attempt));
  }
  EXPECT_EQ(seen.size(), kPodAddresses);
  EXPECT_EQ(PodAddress("uid", kPodAddresses), PodAddress("uid", 0));
  for (const std::string& address : seen) {
    ASSERT_THAT(address, MatchesRegex("198\\.1[89]\\.[0-9]+\\.[0-9]+"));
    ASSERT_FALSE(address.ends_with(".0") || address.ends_with(".255"));
  }
}

}  // namespace
}  // namespace fairway::runtime::netns
