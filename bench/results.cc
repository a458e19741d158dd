// SPDX-License-Identifier: Apache-2.0
#include "bench/results.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

#include "bench/samples.h"

namespace fairway::bench {
namespace {

void AddOnce(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

}  // namespace

void Results::Add(const std::string& path, const std::string& number,
                  const std::string& unit, double value) {
  if (!(value >= 0)) {
    throw std::runtime_error(path + ": " + number +
                             ": not a number: " + std::to_string(value));
  }
  AddOnce(paths_, path);
  AddOnce(numbers_, number);
  units_.emplace(number, unit);
  rounds_[path][number].push_back(value);
}

std::string Results::unit(const std::string& number) const {
  const auto found = units_.find(number);
  return found == units_.end() ? "" : found->second;
}

std::vector<double> Results::Rounds(const std::string& path,
                                    const std::string& number) const {
  const auto numbers = rounds_.find(path);
  if (numbers == rounds_.end()) return {};
  const auto rounds = numbers->second.find(number);
  if (rounds == numbers->second.end()) return {};
  return rounds->second;
}

std::optional<double> Results::Median(const std::string& path,
                                      const std::string& number) const {
  const std::vector<double> rounds = Rounds(path, number);
  if (rounds.empty()) return std::nullopt;
  return bench::Median(rounds);
}

std::optional<double> Results::Ratio(const Of& a, const Of& b) const {
  const std::vector<double> mine = Rounds(a.path, a.number);
  const std::vector<double> others = Rounds(b.path, b.number);
  if (mine.empty() || others.empty()) return std::nullopt;
  double ratio = bench::Median(mine) / bench::Median(others);
  if (mine.size() == others.size()) {
    std::vector<double> ratios;
    for (size_t i = 0; i < mine.size(); ++i) {
      ratios.push_back(mine[i] / others[i]);
    }
    // One round without a number is a ratio without one.
    if (!std::all_of(ratios.begin(), ratios.end(),
                     [](double r) { return std::isfinite(r) && r > 0; })) {
      return std::nullopt;
    }
    ratio = bench::Median(ratios);
  }
  if (!std::isfinite(ratio) || ratio <= 0) return std::nullopt;
  return ratio;
}

}  // namespace fairway::bench
