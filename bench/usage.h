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

// Memory of a process, or of several, added up.
struct Footprint {
  double own_kib = 0;       // PSS of what is no file's
  double file_pss_kib = 0;  // of files, each page divided among all who have it
  double file_rss_kib = 0;  // the same, undivided

  Footprint& operator+=(const Footprint& other);
};

Footprint FootprintOf(pid_t pid);

// How much PSS there is more. That of files changes, too, when some other
// process with the same library begins or ends: it counts only as far as more
// of them is in use here, and not below 0.
double GrowthKiB(const Footprint& before, const Footprint& after);

}  // namespace fairway::bench

#endif  // BENCH_USAGE_H_
