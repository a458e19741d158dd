// SPDX-License-Identifier: Apache-2.0
// A table for people: Markdown that is aligned, so that a terminal shows it
// too.
#ifndef BENCH_TABLE_H_
#define BENCH_TABLE_H_

#include <string>
#include <vector>

namespace fairway::bench {

struct Table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// The title as a heading of the third level, and the rows; every column but the
// first to the right.
std::string Markdown(const Table& table);

// Three digits that say something, no power of ten: "1,234", "12.3", "0.012".
// "frozen" for kFrozen.
std::string Digits(double value);
// "10,000".
std::string Grouped(long value);

// `text` with what is between the lines "<!-- MARK -->" and "<!-- end of MARK
// -->" replaced by `content`. Errors: throws std::runtime_error when one of the
// lines is missing.
std::string ReplaceBetween(const std::string& text, const std::string& mark,
                           const std::string& content);

}  // namespace fairway::bench

#endif  // BENCH_TABLE_H_
