// SPDX-License-Identifier: Apache-2.0
// What connections cost that stand idle. The names of the numbers:
//
//   memory per idle connection, at 1,000   KiB  PSS of all the path's processes
//                                               less the value at 0
//   CPU per connection made, up to 1,000   us   of all the path's processes;
//                                               not for a few
//   CPU of one more connection, at 1,000   us   where so many stand already
#ifndef BENCH_MEASURE_IDLE_H_
#define BENCH_MEASURE_IDLE_H_

#include <memory>
#include <string>
#include <vector>

#include "bench/path_type.h"
#include "bench/results.h"

namespace fairway::bench {

struct IdlePath {
  std::unique_ptr<Path> path;
  std::vector<int> counts;  // of connections, rising
};

std::string MemoryNumber(int connections);
std::string CpuNumber(int connections);
std::string OneMoreNumber(int connections);

// Holds the first of each path's counts, reads memory after `idle_seconds`,
// then the next. All at the same time, so they must not share a process; and
// nothing but this was done with them, or what that left free would be room.
// Errors: throws std::runtime_error when a number cannot be had.
void MeasureIdle(const std::vector<IdlePath>& paths, double idle_seconds,
                 Results* results);

// Holds the last of each path's counts, and makes some connections more on one
// path and then on the next, `turns` times, so that the i-th numbers of all
// were measured close together. The paths must not share a process.
// Errors: as above.
void MeasureOneMore(const std::vector<IdlePath>& paths, int turns,
                    Results* results);

// How many connections `path` can hold at most `most`, by its processes' limits
// of open files and what a few connections take; `why` says what the limit is.
int FittingConnections(const Path& path, int most, std::string* why);

}  // namespace fairway::bench

#endif  // BENCH_MEASURE_IDLE_H_
