// SPDX-License-Identifier: Apache-2.0
#include "bench/usage.h"

#include <ctime>
#include <fstream>
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

double MemoryKiB(pid_t pid, const std::string& field) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(field + ":", 0) == 0) {
      return std::stod(line.substr(field.size() + 1));
    }
  }
  throw Gone("memory", pid);
}

}  // namespace fairway::bench
