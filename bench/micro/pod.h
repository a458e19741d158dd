// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_MICRO_POD_H_
#define BENCH_MICRO_POD_H_

#include <string>

namespace fairway::bench::micro {

// A pod as an API server keeps it: one container, a mounted token, conditions.
// About 2 KiB.
std::string PodJson();

}  // namespace fairway::bench::micro

#endif  // BENCH_MICRO_POD_H_
