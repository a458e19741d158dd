// SPDX-License-Identifier: Apache-2.0
// What a benchmark says: a table for people, one line of JSON for programs.
#ifndef BENCH_REPORT_H_
#define BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

namespace fairway::bench {

struct Number {
  std::string name;
  double value;
  std::string unit;
  std::optional<double> kubectl = std::nullopt;  // 1.20.2's, measured beside
};

// Prints both. A number that kubectl has too is followed by kubectl's, and by
// what part of it ours is; the key of kubectl's in the JSON is
// "NAME, kubectl 1.20.2". Errors: throws when a number is missing: not
// positive.
void Print(const std::vector<Number>& numbers);

}  // namespace fairway::bench

#endif  // BENCH_REPORT_H_
