// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/request_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/status/testing/status_matchers.h"

namespace fairway::kubelet::cri::streaming {
namespace {

using absl::StatusCode;

class RequestCacheTest : public ::testing::Test {
 protected:
  absl::Time now_ = absl::UnixEpoch();
  RequestCache<int> cache_{[this] { return now_; }};
};

TEST_F(RequestCacheTest, TokenIsGoodForOneUse) {
  absl::StatusOr<std::string> token = cache_.Insert(42);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(cache_.Consume(*token), 42);
  EXPECT_EQ(cache_.Consume(*token), std::nullopt);
  EXPECT_EQ(cache_.Consume("unknown"), std::nullopt);
}

TEST_F(RequestCacheTest, TokensAreLongAndDiffer) {
  std::set<std::string> tokens;
  for (int i = 0; i < 500; ++i) {
    absl::StatusOr<std::string> token = cache_.Insert(i);
    ASSERT_THAT(token, IsOk());
    EXPECT_GE(token->size(), 22u);
    EXPECT_EQ(token->find_first_of("+/="), std::string::npos);
    tokens.insert(*token);
  }
  EXPECT_EQ(tokens.size(), 500u);
}

TEST_F(RequestCacheTest, TokenExpiresAfterAMinute) {
  absl::StatusOr<std::string> token = cache_.Insert(1);
  now_ += kCacheTTL;
  absl::StatusOr<std::string> later = cache_.Insert(2);
  EXPECT_EQ(cache_.Consume(*token), 1);
  now_ += kCacheTTL + absl::Seconds(1);
  EXPECT_EQ(cache_.Consume(*later), std::nullopt);
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(RequestCacheTest, FullCacheRefusesUntilSomethingExpires) {
  for (size_t i = 0; i < kMaxInFlight; ++i) {
    ASSERT_THAT(cache_.Insert(static_cast<int>(i)), IsOk());
  }
  EXPECT_THAT(cache_.Insert(0),
              StatusIs(StatusCode::kResourceExhausted,
                       "maximum number of in-flight requests exceeded"));
  now_ += kCacheTTL + absl::Seconds(1);
  EXPECT_THAT(cache_.Insert(0), IsOk());
  EXPECT_EQ(cache_.size(), 1u);
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming
