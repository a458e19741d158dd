// SPDX-License-Identifier: Apache-2.0
#include "bench/usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace fairway::bench {
namespace {

std::runtime_error Gone(const std::string& what, pid_t pid) {
  return std::runtime_error("no " + what + " of process " +
                            std::to_string(pid) + ": is it gone?");
}

}  // namespace

double CpuSeconds(pid_t pid) {
  clockid_t clock;
  timespec used;
  if (clock_getcpuclockid(pid, &clock) != 0 ||
      clock_gettime(clock, &used) != 0) {
    throw Gone("CPU time", pid);
  }
  return used.tv_sec + used.tv_nsec / 1e9;
}

double EndedChildrenCpuSeconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  // Behind the name, which may have spaces: 13 fields, then the two.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) throw Gone("CPU time", pid);
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 13; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  if (!(fields >> user >> system)) throw Gone("CPU time", pid);
  return static_cast<double>(user + system) / sysconf(_SC_CLK_TCK);
}

int FileLimit(pid_t pid) {
  rlimit limit;
  if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) {
    throw Gone("limit of open files", pid);
  }
  return static_cast<int>(limit.rlim_cur);
}

double MemoryKiB(pid_t pid, const std::string& field) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(field + ":", 0) == 0) {
      return std::stod(line.substr(field.size() + 1));
    }
  }
  throw Gone("memory", pid);
}

Footprint& Footprint::operator+=(const Footprint& other) {
  own_kib += other.own_kib;
  file_pss_kib += other.file_pss_kib;
  file_rss_kib += other.file_rss_kib;
  return *this;
}

Footprint FootprintOf(pid_t pid) {
  const double shared = MemoryKiB(pid, "Pss_Shmem");
  return {MemoryKiB(pid, "Pss_Anon") + shared, MemoryKiB(pid, "Pss_File"),
          MemoryKiB(pid, "Rss") - MemoryKiB(pid, "Anonymous") - shared};
}

double GrowthKiB(const Footprint& before, const Footprint& after) {
  const double touched =
      std::max(0.0, after.file_rss_kib - before.file_rss_kib);
  return after.own_kib - before.own_kib +
         std::clamp(after.file_pss_kib - before.file_pss_kib, 0.0, touched);
}

}  // namespace fairway::bench
