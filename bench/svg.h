// SPDX-License-Identifier: Apache-2.0
// A figure of small bar charts, as SVG that follows the reader's light or dark
// mode and needs no font or script from elsewhere.
#ifndef BENCH_SVG_H_
#define BENCH_SVG_H_

#include <string>
#include <vector>

namespace fairway::bench {

// How a bar stands out.
enum class Weight { kOurs, kRival, kOther };

struct Bar {
  std::string label;
  double value = 0;  // not negative; infinite: drawn as long as the longest
  std::string text;  // behind the bar
  Weight weight = Weight::kOther;
};

// Its longest bar takes the whole width.
struct Panel {
  std::string title;
  std::string note;
  std::vector<Bar> bars;
};

struct Figure {
  std::string title;
  std::string caption;
  std::vector<Panel> panels;
};

// Two panels a row.
std::string DrawSvg(const Figure& figure);

// `text` as it stands between two tags or in an attribute.
std::string EscapeXml(const std::string& text);

}  // namespace fairway::bench

#endif  // BENCH_SVG_H_
