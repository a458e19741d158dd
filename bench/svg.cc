// SPDX-License-Identifier: Apache-2.0
#include "bench/svg.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>

namespace fairway::bench {
namespace {

// Pixels.
constexpr int kWidth = 960;
constexpr int kMargin = 24;
constexpr int kHeadHeight = 56;  // the figure's title
constexpr int kFootHeight = 28;  // its caption
constexpr int kColumns = 2;
constexpr int kGap = 40;  // between columns
constexpr int kPanelWidth =
    (kWidth - 2 * kMargin - (kColumns - 1) * kGap) / kColumns;
constexpr int kPanelHeadHeight = 30;
constexpr int kPanelGap = 26;
constexpr int kBarPitch = 23;
constexpr int kBarHeight = 15;
constexpr int kLabelWidth = 146;
constexpr int kTextWidth = 62;
constexpr int kLongestBar = kPanelWidth - kLabelWidth - kTextWidth;

constexpr char kStyle[] = R"(<style>
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328; }
  .title { font-size: 18px; font-weight: 600; }
  .panel { font-size: 14px; font-weight: 600; }
  .note { font-size: 12px; font-weight: 400; fill: #59636e; }
  .label { text-anchor: end; }
  .paper { fill: #ffffff; }
  .ours { fill: #0969da; }
  .rival { fill: #57606a; }
  .other { fill: #afb8c1; }
  .bold { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9198a1; }
    .paper { fill: #0d1117; }
    .ours { fill: #4493f8; }
    .rival { fill: #9ea7b3; }
    .other { fill: #545d68; }
  }
</style>
)";

const char* ClassOf(Weight weight) {
  switch (weight) {
    case Weight::kOurs:
      return "ours";
    case Weight::kRival:
      return "rival";
    case Weight::kOther:
      return "other";
  }
  return "other";
}

int HeightOf(const Panel& panel) {
  return kPanelHeadHeight + kBarPitch * static_cast<int>(panel.bars.size());
}

void DrawText(std::ostringstream& svg, int x, int y, const char* style,
              const std::string& text) {
  svg << "<text x=\"" << x << "\" y=\"" << y << "\" class=\"" << style << "\">"
      << EscapeXml(text) << "</text>\n";
}

double Longest(const Panel& panel) {
  double longest = 0;
  for (const Bar& bar : panel.bars) {
    if (std::isfinite(bar.value)) longest = std::max(longest, bar.value);
  }
  return longest;
}

void DrawPanel(std::ostringstream& svg, const Panel& panel, int x, int y) {
  svg << "<text x=\"" << x << "\" y=\"" << y + 14 << "\" class=\"panel\">"
      << EscapeXml(panel.title) << " <tspan class=\"note\" dx=\"6\">"
      << EscapeXml(panel.note) << "</tspan></text>\n";
  const double longest = Longest(panel);
  y += kPanelHeadHeight;
  for (const Bar& bar : panel.bars) {
    const double part = longest > 0 ? std::min(1.0, bar.value / longest) : 1.0;
    // A bar that cannot be seen would look like a missing one.
    const int length =
        std::max(1, static_cast<int>(std::lround(part * kLongestBar)));
    const bool ours = bar.weight == Weight::kOurs;
    const int baseline = y + kBarHeight - 3;
    DrawText(svg, x + kLabelWidth - 8, baseline, ours ? "label bold" : "label",
             bar.label);
    svg << "<rect x=\"" << x + kLabelWidth << "\" y=\"" << y << "\" width=\""
        << length << "\" height=\"" << kBarHeight << "\" rx=\"2\" class=\""
        << ClassOf(bar.weight) << "\"/>\n";
    DrawText(svg, x + kLabelWidth + length + 6, baseline, ours ? "bold" : "",
             bar.text);
    y += kBarPitch;
  }
}

}  // namespace

std::string EscapeXml(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string DrawSvg(const Figure& figure) {
  std::ostringstream panels;
  int y = kHeadHeight;
  for (size_t first = 0; first < figure.panels.size(); first += kColumns) {
    int height = 0;
    const size_t end = std::min(first + kColumns, figure.panels.size());
    for (size_t i = first; i < end; ++i) {
      const int column = static_cast<int>(i - first);
      DrawPanel(panels, figure.panels[i],
                kMargin + column * (kPanelWidth + kGap), y);
      height = std::max(height, HeightOf(figure.panels[i]));
    }
    y += height + kPanelGap;
  }
  const int height = y + kFootHeight;
  std::ostringstream svg;
  svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << kWidth
      << " " << height << "\" width=\"" << kWidth << "\" height=\"" << height
      << "\" role=\"img\" aria-label=\"" << EscapeXml(figure.title) << "\">\n"
      << kStyle << "<rect width=\"" << kWidth << "\" height=\"" << height
      << "\" class=\"paper\"/>\n";
  DrawText(svg, kMargin, 32, "title", figure.title);
  svg << panels.str();
  DrawText(svg, kMargin, height - 16, "note", figure.caption);
  svg << "</svg>\n";
  return svg.str();
}

}  // namespace fairway::bench
