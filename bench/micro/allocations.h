// SPDX-License-Identifier: Apache-2.0
// What a benchmark asks operator new for. A program that links this counts
// every call of every thread.
#ifndef BENCH_MICRO_ALLOCATIONS_H_
#define BENCH_MICRO_ALLOCATIONS_H_

#include <benchmark/benchmark.h>

#include <cstdint>

namespace fairway::bench::micro {

// Made before a benchmark's loop; at its own end it sets `allocs_per_op` of
// `state`, which must outlive it.
class AllocationCount {
 public:
  explicit AllocationCount(benchmark::State& state);
  ~AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

 private:
  benchmark::State& state_;
  const uint64_t start_;
};

}  // namespace fairway::bench::micro

#endif  // BENCH_MICRO_ALLOCATIONS_H_
