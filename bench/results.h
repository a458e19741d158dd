// SPDX-License-Identifier: Apache-2.0
// What was measured: of each path its numbers, of each number its rounds.
#ifndef BENCH_RESULTS_H_
#define BENCH_RESULTS_H_

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairway::bench {

// In place of a number that never came, because the path stood still.
inline constexpr double kFrozen = std::numeric_limits<double>::infinity();

class Results {
 public:
  // The next round of `number`, which has the same unit on every path.
  // Errors: throws std::runtime_error when it is none: NaN, or negative.
  void Add(const std::string& path, const std::string& number,
           const std::string& unit, double value);

  // In the order in which they came first.
  const std::vector<std::string>& paths() const { return paths_; }
  const std::vector<std::string>& numbers() const { return numbers_; }
  // Empty for a number that there is not.
  std::string unit(const std::string& number) const;

  // Empty if it was not measured.
  std::vector<double> Rounds(const std::string& path,
                             const std::string& number) const;
  std::optional<double> Median(const std::string& path,
                               const std::string& number) const;

  struct Of {
    std::string path;
    std::string number;
  };
  // What part of `b` `a` is. Where both have as many rounds, the median of each
  // round's ratio: what the machine did meanwhile is in both; else the ratio of
  // the medians. Nothing if one is missing, zero or frozen.
  std::optional<double> Ratio(const Of& a, const Of& b) const;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string> numbers_;
  std::map<std::string, std::string> units_;  // by number
  std::map<std::string, std::map<std::string, std::vector<double>>> rounds_;
};

}  // namespace fairway::bench

#endif  // BENCH_RESULTS_H_
