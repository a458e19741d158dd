// SPDX-License-Identifier: Apache-2.0
#include "bench/samples.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fairway::bench {

double Percentile(std::vector<double> samples, double fraction) {
  std::sort(samples.begin(), samples.end());
  const double rank = std::ceil(fraction * samples.size());
  return samples.at(rank < 1 ? 0 : static_cast<size_t>(rank) - 1);
}

double Median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const size_t half = samples.size() / 2;
  const double above = samples.at(half);
  return samples.size() % 2 == 1 ? above : (samples.at(half - 1) + above) / 2;
}

}  // namespace fairway::bench
