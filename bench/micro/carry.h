// SPDX-License-Identifier: Apache-2.0
// A stream as a benchmark sees it: bytes go in at one end and come out at
// another.
#ifndef BENCH_MICRO_CARRY_H_
#define BENCH_MICRO_CARRY_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::bench::micro {

// Each turn of the loop writes `bytes` to `from` at once and waits until as
// many have come out of `to`; bytes/s and allocations are reported. Both must
// outlive the Task.
Task<absl::Status> Carry(benchmark::State& state, net::ByteStream& from,
                         net::ByteStream& to, size_t bytes);

// Runs `body` on a loop; an error skips the benchmark, which fails the smoke
// test.
void Run(benchmark::State& state, std::function<Task<absl::Status>()> body);

}  // namespace fairway::bench::micro

#endif  // BENCH_MICRO_CARRY_H_
