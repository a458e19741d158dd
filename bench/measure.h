// SPDX-License-Identifier: Apache-2.0
// One round on one path: bytes, echoes, connections, and the CPU time of the
// path's processes. The names of the numbers:
//
//   download, 1 connection               MB/s   (of 10^6 bytes; also upload, 8
//                                               connections)
//   download, 1 connection, CPU          s/GB   all processes of the path
//   download, 1 connection, CPU of ROLE  s/GB
//   echo of 64 B, p50                    us     (also p99)
//   echo of 64 B, CPU                    us     of each, all processes
//   set-up, 1 at a time, p50             ms     (also p99; 8, 64 at a time)
//   connections, 1 at a time             /s
//
// and each of them with ", one stalled" behind it, and with ", none stalled",
// measured by turns with that.
#ifndef BENCH_MEASURE_H_
#define BENCH_MEASURE_H_

#include <map>
#include <string>
#include <vector>

#include "bench/path_type.h"
#include "bench/results.h"

namespace fairway::bench {

// How long each step takes, about.
struct Effort {
  double transfer_seconds = 0.5;
  double echo_seconds = 0.3;
  double set_up_seconds = 0.3;
};

inline constexpr char kStalled[] = ", one stalled";
inline constexpr char kNoneStalled[] = ", none stalled";

// What a round without the stall measures, in this order, without the CPU of
// single roles.
std::vector<std::string> RoundNumbers();

// Errors: all throw std::runtime_error when a number cannot be had, or when a
// process of the path is gone.
void MeasureRound(const Path& path, const Effort& effort, Results* results);

// The same numbers while one download that nobody reads and one upload whose
// server does not read stand still, each of a quarter of the effort. `path` has
// been measured without before.
//
// `pairs` of them are measured beside the same without the stall, by turns, so
// that the i-th of one is close to the i-th of the other; 0: one with the stall
// and none without.
//
// Where a path stands still with them, what is left of its numbers is kFrozen;
// true if that happened, and then the path is of no use any more.
bool MeasureStalledRound(const Path& path, const Effort& effort, int pairs,
                         Results* results);

// The user and system time of all the path's processes so far, by role, with
// those of its processes' children that have ended.
std::map<std::string, double> CpuByRole(const Path& path);
double SumCpuSeconds(const Path& path);

}  // namespace fairway::bench

#endif  // BENCH_MEASURE_H_
