// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/receive_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace fairway::httpstream::spdy {
namespace {

TEST(ReceiveBufferTest, GivesBackWhatWasLent) {
  std::mt19937 random(7);
  ReceiveBudget budget;
  ReceiveBuffer buffer(&budget);
  std::string lent, read;
  for (int i = 0; i < 2000; ++i) {
    std::string piece(random() % 3000, static_cast<char>(i));
    buffer.Lend(piece);
    lent += piece;
    // What is read before it is kept, and what only after it.
    for (bool kept : {false, true}) {
      std::string out(random() % 1750, '\0');
      out.resize(buffer.Read(absl::MakeSpan(out)));
      read += out;
      ASSERT_EQ(buffer.size(), lent.size() - read.size());
      ASSERT_EQ(budget.session_bytes(), buffer.size());
      if (kept) continue;
      buffer.Keep();
      std::fill(piece.begin(), piece.end(), '?');
    }
  }
  std::string rest(buffer.size(), '\0');
  EXPECT_EQ(buffer.Read(absl::MakeSpan(rest)), rest.size());
  EXPECT_EQ(read + rest, lent);
  EXPECT_TRUE(buffer.empty());
}

TEST(ReceiveBufferTest, ClearSaysHowMuchWasLost) {
  ReceiveBudget budget;
  ReceiveBuffer buffer(&budget);
  const std::string bytes(100000, 'x');
  buffer.Lend(bytes);
  buffer.Keep();
  buffer.Lend(bytes);
  EXPECT_EQ(buffer.Clear(), 200000u);
  EXPECT_EQ(buffer.Clear(), 0u);
  char byte;
  EXPECT_EQ(buffer.Read(absl::MakeSpan(&byte, 1)), 0u);
}

TEST(ReceiveBufferTest, CountsForItsSessionAndTheProcessUntilItDies) {
  const size_t before = ReceiveBudget::process_bytes();
  ReceiveBudget one, other;
  const std::string bytes(100, 'x');
  {
    ReceiveBuffer a(&one), b(&one), c(&other);
    a.Lend(absl::string_view(bytes).substr(0, 100));
    b.Lend(absl::string_view(bytes).substr(0, 20));
    c.Lend(absl::string_view(bytes).substr(0, 3));
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
