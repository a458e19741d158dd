// SPDX-License-Identifier: Apache-2.0
// What many samples of one thing say.
#ifndef BENCH_SAMPLES_H_
#define BENCH_SAMPLES_H_

#include <vector>

namespace fairway::bench {

// The sample that `fraction` of all samples do not exceed: the nearest rank.
// Errors: throws std::out_of_range without samples.
double Percentile(std::vector<double> samples, double fraction);

// The middle one, or the mean of the two in the middle.
// Errors: throws std::out_of_range without samples.
double Median(std::vector<double> samples);

}  // namespace fairway::bench

#endif  // BENCH_SAMPLES_H_
