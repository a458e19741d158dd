// SPDX-License-Identifier: Apache-2.0
// What a process has used. Errors: all throw when the process is gone.
#ifndef BENCH_USAGE_H_
#define BENCH_USAGE_H_

#include <sys/types.h>

#include <string>

namespace fairway::bench {

// User and system time, of all its threads.
double CpuSeconds(pid_t pid);

// The same of its children that have ended, to 10 ms.
double EndedChildrenCpuSeconds(pid_t pid);

// How many descriptors it may have.
int FileLimit(pid_t pid);

// A field of its smaps_rollup: "Pss", "Rss", "Private_Dirty".
double MemoryKiB(pid_t pid, const std::string& field);

}  // namespace fairway::bench

#endif  // BENCH_USAGE_H_
