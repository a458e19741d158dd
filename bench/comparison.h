// SPDX-License-Identifier: Apache-2.0
// A run of //bench:portforward, told: tables for people, JSON for programs.
#ifndef BENCH_COMPARISON_H_
#define BENCH_COMPARISON_H_

#include <string>
#include <vector>

#include "bench/machine.h"
#include "bench/results.h"
#include "bench/table.h"
#include "bench/targets.h"

namespace fairway::bench {

struct Comparison {
  Machine machine;
  std::string runtime;  // "process" or "docker"
  int rounds = 0;
  std::string session_limit;  // why a session each stops where it does
  Results results;
};

// A paragraph: where, when, of what commit, how.
std::string Circumstances(const Comparison& run);

// The medians; Fairway's ratios; CPU time by process; the same beside a stall;
// idle connections; the targets.
std::vector<Table> Tables(const Comparison& run);

// One line: {"machine": {...}, "paths": {PATH: {NUMBER: {"median", "unit",
// "rounds": [...]}}}, "ratios": {OTHER: {NUMBER: ...}}, "targets": [...]}.
// A frozen number is the string "frozen".
std::string Json(const Comparison& run);

}  // namespace fairway::bench

#endif  // BENCH_COMPARISON_H_
