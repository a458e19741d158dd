// SPDX-License-Identifier: Apache-2.0
#include "bench/machine.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

#include "bench/table.h"
#include "e2e/harness/process.h"

namespace fairway::bench {
namespace {

constexpr char kUnknown[] = "unknown";

std::string FirstLine(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  return line.empty() ? kUnknown : line;
}

std::string Processors() {
  std::ifstream info("/proc/cpuinfo");
  std::string model = kUnknown;
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  return std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) + " x " + model;
}

std::string Memory() {
  const double bytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  return Digits(bytes / (1 << 30)) + " GiB";
}

std::string HardFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUnknown;
  return limit.rlim_max == RLIM_INFINITY
             ? "unlimited"
             : Grouped(static_cast<long>(limit.rlim_max));
}

// Of the tree that `bazel run` was called in.
std::string Commit() {
  const char* tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (tree == nullptr) return kUnknown;
  const auto git = [tree](std::vector<std::string> args) {
    args.insert(args.begin(), {"/usr/bin/git", "-C", tree});
    return e2e::Run(args, e2e::Seconds(10)).out;
  };
  const std::string commit = FirstLine(git({"rev-parse", "--short", "HEAD"}));
  // The documents change by what is measured.
  const bool changed =
      !git({"status", "--porcelain", "-uno", "--", ":!docs"}).empty();
  return commit + (changed ? " with changes" : "");
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  char text[32] = "";
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return text;
}

}  // namespace

Machine ThisMachine() {
  utsname kernel{};
  uname(&kernel);
  return {Processors(),
          FirstLine(kernel.release),
          FirstLine(e2e::ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")),
          Memory(),
          HardFileLimit(),
          Commit(),
          Today()};
}

}  // namespace fairway::bench
