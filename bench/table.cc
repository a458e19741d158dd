// SPDX-License-Identifier: Apache-2.0
#include "bench/table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <stdexcept>

namespace fairway::bench {
namespace {

using Row = std::vector<std::string>;

std::string Line(const Row& row, const std::vector<size_t>& widths) {
  std::string line = "|";
  for (size_t i = 0; i < widths.size(); ++i) {
    const std::string cell = i < row.size() ? row[i] : "";
    const std::string space(widths[i] - cell.size(), ' ');
    line += " " + (i == 0 ? cell + space : space + cell) + " |";
  }
  return line + "\n";
}

}  // namespace

std::string Markdown(const Table& table) {
  std::vector<size_t> widths(table.header.size(), 3);
  const auto widen = [&widths](const Row& row) {
    for (size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  };
  widen(table.header);
  for (const Row& row : table.rows) widen(row);

  std::string text = "### " + table.title + "\n\n" + Line(table.header, widths);
  text += "|";
  for (size_t i = 0; i < widths.size(); ++i) {
    text += i == 0 ? std::string(widths[i] + 2, '-')
                   : std::string(widths[i] + 1, '-') + ":";
    text += "|";
  }
  text += "\n";
  for (const Row& row : table.rows) text += Line(row, widths);
  return text;
}

std::string Grouped(long value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3 && digits[at - 4] != '-';) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string Digits(double value) {
  if (std::isinf(value)) return "frozen";
  if (std::abs(value) >= 99.95) return Grouped(std::lround(value));
  // One digit before the point leaves two behind it; smaller ones more.
  int behind = 1;
  for (double most = 9.995; behind < 5 && std::abs(value) < most; most /= 10) {
    ++behind;
  }
  if (value == 0) behind = 0;
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", behind, value);
  return text;
}

std::string ReplaceBetween(const std::string& text, const std::string& mark,
                           const std::string& content) {
  const std::string begin = "<!-- " + mark + " -->\n";
  const std::string end = "<!-- end of " + mark + " -->\n";
  const size_t from = text.find(begin);
  const size_t to = text.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) {
    throw std::runtime_error("no place marked \"" + mark + "\"");
  }
  return text.substr(0, from + begin.size()) + content + text.substr(to);
}

}  // namespace fairway::bench
