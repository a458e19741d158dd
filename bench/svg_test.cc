// SPDX-License-Identifier: Apache-2.0
#include "bench/svg.h"

#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <string>
#include <vector>

namespace fairway::bench {
namespace {

// The widths of the bars, in their order.
std::vector<int> BarWidths(const std::string& svg) {
  const std::regex bar(
      "<rect x=\"[0-9]+\" y=\"[0-9]+\" width=\"([0-9]+)\" height");
  std::vector<int> widths;
  for (std::sregex_iterator it(svg.begin(), svg.end(), bar), end; it != end;
       ++it) {
    widths.push_back(std::stoi((*it)[1]));
  }
  return widths;
}

TEST(SvgTest, TextIsEscaped) {
  EXPECT_EQ(EscapeXml("a<b & \"c\" > d"), "a&lt;b &amp; &quot;c&quot; &gt; d");
  const std::string svg =
      DrawSvg({"<t>", "<c>", {{"<p>", "<n>", {{"<l>", 1, "<v>"}}}}});
  for (const char* raw : {"<t>", "<c>", "<p>", "<n>", "<l>", "<v>"}) {
    EXPECT_EQ(svg.find(raw), std::string::npos) << raw;
  }
  for (const char* shown : {"&lt;t&gt;", "&lt;c&gt;", "&lt;p&gt;", "&lt;n&gt;",
                            "&lt;l&gt;", "&lt;v&gt;"}) {
    EXPECT_NE(svg.find(shown), std::string::npos) << shown;
  }
}

TEST(SvgTest, BarsAreAsLongAsTheirValuesWithinAPanel) {
  const std::string svg =
      DrawSvg({"t",
               "c",
               {{"p", "n", {{"a", 50}, {"b", 100}}}, {"q", "n", {{"c", 7}}}}});
  const std::vector<int> widths = BarWidths(svg);
  ASSERT_EQ(widths.size(), 3);
  EXPECT_EQ(widths[0] * 2, widths[1]);
  EXPECT_EQ(widths[1], widths[2]);
}

TEST(SvgTest, NoValueMakesABarThatIsTooLongOrNone) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<int> widths = BarWidths(DrawSvg(
      {"t", "c", {{"p", "n", {{"a", inf}, {"b", 1e9}, {"c", 1}, {"d", 0}}}}}));
  ASSERT_EQ(widths.size(), 4);
  EXPECT_EQ(widths[0], widths[1]);
  EXPECT_EQ(widths[2], 1);
  EXPECT_EQ(widths[3], 1);
}

TEST(SvgTest, DrawsInBothModes) {
  const std::string svg = DrawSvg({"t", "c", {}});
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_EQ(svg.rfind("<svg ", 0), 0);
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
}

}  // namespace
}  // namespace fairway::bench
