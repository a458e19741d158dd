// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/receive_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fairway::httpstream::spdy {
namespace {

TEST(ReceiveBufferTest, GivesBackWhatWasAppended) {
  std::mt19937 random(7);
  ReceiveBuffer buffer;
  std::string appended, read;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(random() % 3000, static_cast<char>(i));
    buffer.Append(piece);
    appended += piece;
    std::string out(random() % 3500, '\0');
    out.resize(buffer.Read(absl::MakeSpan(out)));
    read += out;
    ASSERT_EQ(buffer.size(), appended.size() - read.size());
  }
  std::string rest(buffer.size(), '\0');
  EXPECT_EQ(buffer.Read(absl::MakeSpan(rest)), rest.size());
  EXPECT_EQ(read + rest, appended);
  EXPECT_TRUE(buffer.empty());
}

TEST(ReceiveBufferTest, ClearSaysHowMuchWasLost) {
  ReceiveBuffer buffer;
  buffer.Append(std::string(100000, 'x'));
  EXPECT_EQ(buffer.Clear(), 100000u);
  EXPECT_EQ(buffer.Clear(), 0u);
  char byte;
  EXPECT_EQ(buffer.Read(absl::MakeSpan(&byte, 1)), 0u);
}

}  // namespace
}  // namespace fairway::httpstream::spdy
