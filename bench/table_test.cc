// SPDX-License-Identifier: Apache-2.0
#include "bench/table.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "bench/results.h"

namespace fairway::bench {
namespace {

TEST(TableTest, ColumnsAreAligned) {
  EXPECT_EQ(Markdown({"Bytes",
                      {"", "ours", "bare"},
                      {{"download", "1,000", "9"}, {"up", "7"}}}),
            "### Bytes\n"
            "\n"
            "|          |  ours | bare |\n"
            "|----------|------:|-----:|\n"
            "| download | 1,000 |    9 |\n"
            "| up       |     7 |      |\n");
}

TEST(TableTest, NumbersHaveThreeDigits) {
  const struct {
    double value;
    const char* want;
  } kCases[] = {{1234567, "1,234,567"}, {999.6, "1,000"},    {123.4, "123"},
                {99.96, "100"},         {99.9, "99.9"},      {12.34, "12.3"},
                {9.996, "10.0"},        {1.234, "1.23"},     {0.999, "0.999"},
                {0.1234, "0.123"},      {0.01234, "0.0123"}, {0, "0"},
                {-1234, "-1,234"},      {kFrozen, "frozen"}};
  for (const auto& c : kCases) EXPECT_EQ(Digits(c.value), c.want);
  EXPECT_EQ(Grouped(100), "100");
  EXPECT_EQ(Grouped(10000), "10,000");
  EXPECT_EQ(Grouped(-123), "-123");
}

TEST(TableTest, ReplacesWhatIsBetweenTheMarks) {
  EXPECT_EQ(ReplaceBetween("a\n<!-- n -->\nold\n<!-- end of n -->\nb\n", "n",
                           "new\n"),
            "a\n<!-- n -->\nnew\n<!-- end of n -->\nb\n");
  EXPECT_THROW(ReplaceBetween("a\n<!-- n -->\n", "n", ""), std::runtime_error);
  EXPECT_THROW(ReplaceBetween("<!-- end of n -->\n<!-- n -->\n", "n", ""),
               std::runtime_error);
}

}  // namespace
}  // namespace fairway::bench
