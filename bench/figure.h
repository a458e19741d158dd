// SPDX-License-Identifier: Apache-2.0
// The figure of docs/benchmarks.md.
#ifndef BENCH_FIGURE_H_
#define BENCH_FIGURE_H_

#include "bench/comparison.h"
#include "bench/svg.h"

namespace fairway::bench {

// Six charts, each with the paths that have its number.
Figure FigureOf(const Comparison& run);

}  // namespace fairway::bench

#endif  // BENCH_FIGURE_H_
