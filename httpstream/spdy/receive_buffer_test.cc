// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/receive_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fairway::httpstream::spdy {
namespace {

TEST(ReceiveBufferTest, GivesBackWhatWasAppended) {
  std::mt19937 random(7);
  ReceiveBudget budget;
  ReceiveBuffer buffer(&budget);
  std::string appended, read;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(random() % 3000, static_cast<char>(i));
    buffer.Append(piece);
    appended += piece;
    std::string out(random() % 3500, '\0');
    out.resize(buffer.Read(absl::MakeSpan(out)));
    read += out;
    ASSERT_EQ(buffer.size(), appended.size() - read.size());
    ASSERT_EQ(budget.session_bytes(), buffer.size());
  }
  std::string rest(buffer.size(), '\0');
  EXPECT_EQ(buffer.Read(absl::MakeSpan(rest)), rest.size());
  EXPECT_EQ(read + rest, appended);
  EXPECT_TRUE(buffer.empty());
}

TEST(ReceiveBufferTest, ClearSaysHowMuchWasLost) {
  ReceiveBudget budget;
  ReceiveBuffer buffer(&budget);
  buffer.Append(std::string(100000, 'x'));
  EXPECT_EQ(buffer.Clear(), 100000u);
  EXPECT_EQ(buffer.Clear(), 0u);
  char byte;
  EXPECT_EQ(buffer.Read(absl::MakeSpan(&byte, 1)), 0u);
}

TEST(ReceiveBufferTest, CountsForItsSessionAndTheProcessUntilItDies) {
  const size_t before = ReceiveBudget::process_bytes();
  ReceiveBudget one, other;
  {
    ReceiveBuffer a(&one), b(&one), c(&other);
    a.Append(std::string(100, 'x'));
    b.Append(std::string(20, 'x'));
    c.Append(std::string(3, 'x'));
    EXPECT_EQ(one.session_bytes(), 120u);
    EXPECT_EQ(other.session_bytes(), 3u);
    EXPECT_EQ(ReceiveBudget::process_bytes(), before + 123);
    a.Clear();
    EXPECT_EQ(one.session_bytes(), 20u);
  }
  EXPECT_EQ(one.session_bytes(), 0u);
  EXPECT_EQ(ReceiveBudget::process_bytes(), before);
}

}  // namespace
}  // namespace fairway::httpstream::spdy
