// SPDX-License-Identifier: Apache-2.0
#include "net/io/buffer_pool.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fairway::net {
namespace {

TEST(BufferPoolTest, MemoryIsUsedAgain) {
  PooledBuffer first(BufferSize::kLarge);
  EXPECT_EQ(first.size(), 256u * 1024);
  char* memory = first.data();
  first.Release();
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(first.size(), 0u);
  PooledBuffer small(BufferSize::kSmall);
  EXPECT_NE(small.data(), memory);
  PooledBuffer second(BufferSize::kLarge);
  EXPECT_EQ(second.data(), memory);
}

TEST(BufferPoolTest, CountsWhatIsOut) {
  EXPECT_EQ(PooledBuffersInUse(), 0u);
  {
    std::vector<PooledBuffer> many;
    for (int i = 0; i < 20; ++i) many.emplace_back(BufferSize::kSmall);
    EXPECT_EQ(PooledBuffersInUse(), 20u);
    PooledBuffer moved = std::move(many.back());
    EXPECT_EQ(PooledBuffersInUse(), 20u);
    many.back() = PooledBuffer(BufferSize::kLarge);
    moved = std::move(many.front());
    EXPECT_EQ(PooledBuffersInUse(), 20u);
  }
  EXPECT_EQ(PooledBuffersInUse(), 0u);
}

}  // namespace
}  // namespace fairway::net
