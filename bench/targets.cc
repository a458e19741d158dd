// SPDX-License-Identifier: Apache-2.0
#include "bench/targets.h"

#include <algorithm>
#include <cstdio>

#include "bench/measure.h"
#include "bench/measure_idle.h"

namespace fairway::bench {
namespace {

enum class Bound { kAtLeast, kAtMost };
// What Fairway's number is compared with.
enum class Against { kBareChain, kOriginal, kNothing };

struct Target {
  const char* number;
  Against against;
  Bound bound;
  double limit;
  const char* unit = "x";  // of the limit: a ratio
};

constexpr Target kTargets[] = {
    {"download, 1 connection", Against::kBareChain, Bound::kAtLeast, 1.25},
    {"download, 8 connections", Against::kBareChain, Bound::kAtLeast, 1.25},
    {"upload, 1 connection", Against::kBareChain, Bound::kAtLeast, 1.25},
    {"upload, 8 connections", Against::kBareChain, Bound::kAtLeast, 1.25},
    {"echo of 64 B, p50", Against::kBareChain, Bound::kAtMost, 1.0},
    {"download, 1 connection, CPU", Against::kBareChain, Bound::kAtMost, 0.8},
    {"download, 8 connections, CPU", Against::kBareChain, Bound::kAtMost, 0.8},
    {"upload, 1 connection, CPU", Against::kBareChain, Bound::kAtMost, 0.8},
    {"upload, 8 connections, CPU", Against::kBareChain, Bound::kAtMost, 0.8},
    {"download, 1 connection", Against::kOriginal, Bound::kAtLeast, 2.5},
    {"download, 8 connections", Against::kOriginal, Bound::kAtLeast, 2.5},
    {"upload, 1 connection", Against::kOriginal, Bound::kAtLeast, 2.5},
    {"echo of 64 B, p50", Against::kOriginal, Bound::kAtMost, 0.4},
    {"set-up, 1 at a time, p50", Against::kOriginal, Bound::kAtMost, 0.05},
    {"set-up, 1 at a time, p50", Against::kNothing, Bound::kAtMost, 0.7, "ms"},
    {"connections, 8 at a time", Against::kOriginal, Bound::kAtLeast, 20},
    {"connections, 8 at a time", Against::kNothing, Bound::kAtLeast, 1900,
     "/s"},
    {"memory per idle connection, at 1,000", Against::kNothing, Bound::kAtMost,
     16, "KiB"},
    {"memory per idle connection, at 10,000", Against::kNothing, Bound::kAtMost,
     16, "KiB"},
};

// What a stall may cost each of the numbers above.
constexpr double kStalledLeast = 0.9;
constexpr double kStalledMost = 1.1;

// From 1,000 to 10,000 connections. Memory may grow by what comes once, after a
// while: the library for AES-GCM is 0.35 KiB for each of 10,000. CPU time
// varies by a tenth.
constexpr double kMemoryGrowth = 1.05;
constexpr double kCpuGrowth = 1.1;

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

Judgement JudgeOne(const std::string& number, const std::string& comparison,
                   Bound bound, double limit, std::optional<double> value,
                   const std::string& unit) {
  Judgement judgement{number, "", value, unit, Verdict::kNotMeasured};
  judgement.target =
      std::string(bound == Bound::kAtLeast ? "at least " : "at most ") +
      Short(limit) + (unit == "x" ? "x" : " " + unit) + comparison;
  if (value) {
    const bool met =
        bound == Bound::kAtLeast ? *value >= limit : *value <= limit;
    judgement.verdict = met ? Verdict::kMet : Verdict::kMissed;
  }
  return judgement;
}

Judgement JudgeTarget(const Results& results, const Target& target) {
  const std::string number = target.number;
  if (target.against == Against::kNothing) {
    return JudgeOne(number, "", target.bound, target.limit,
                    results.Median(kFairway, number), target.unit);
  }
  const std::string other =
      target.against == Against::kBareChain ? kBareChain : OriginalIn(results);
  return JudgeOne(number, " of " + other, target.bound, target.limit,
                  results.Ratio({kFairway, number}, {other, number}),
                  target.unit);
}

Judgement JudgeStalled(const Results& results, const std::string& number,
                       Bound bound) {
  const std::string stalled = number + kStalled;
  std::optional<double> ratio =
      results.Ratio({kFairway, stalled}, {kFairway, number + kNoneStalled});
  // Frozen is no ratio, and a miss.
  if (!ratio && results.Median(kFairway, stalled)) {
    ratio = bound == Bound::kAtLeast ? 0 : kFrozen;
  }
  return JudgeOne(stalled, " of without", bound,
                  bound == Bound::kAtLeast ? kStalledLeast : kStalledMost,
                  ratio, "x");
}

Judgement JudgeGrowth(const Results& results, const std::string& small,
                      const std::string& large, double limit) {
  return JudgeOne(large, " of at 1,000", Bound::kAtMost, limit,
                  results.Ratio({kFairway, large}, {kFairway, small}), "x");
}

}  // namespace

void AddOriginalMeasuredBefore(Results* results) {
  const struct {
    const char* number;
    const char* unit;
    double value;
  } kNumbers[] = {
      {"download, 1 connection", "MB/s", 181.5},
      {"download, 1 connection, CPU", "s/GB", 8.6},
      {"download, 8 connections", "MB/s", 210},
      {"upload, 1 connection", "MB/s", 176},
      {"echo of 64 B, p50", "us", 335},
      {"set-up, 1 at a time, p50", "ms", 13.8},
      {"connections, 8 at a time", "/s", 94},
      {"memory per idle connection, at 1", "KiB", 963},
  };
  for (const auto& number : kNumbers) {
    results->Add(kOriginalBefore, number.number, number.unit, number.value);
  }
}

std::string OriginalIn(const Results& results) {
  const auto& paths = results.paths();
  return std::find(paths.begin(), paths.end(), kOriginal) != paths.end()
             ? kOriginal
             : kOriginalBefore;
}

std::vector<Judgement> Judge(const Results& results) {
  std::vector<Judgement> judgements;
  std::vector<std::string> stalled;
  for (const Target& target : kTargets) {
    judgements.push_back(JudgeTarget(results, target));
  }
  for (const Target& target : kTargets) {
    const std::string number = target.number;
    const bool seen =
        std::find(stalled.begin(), stalled.end(), number) != stalled.end();
    if (seen || number.rfind("memory", 0) == 0) continue;
    stalled.push_back(number);
    judgements.push_back(JudgeStalled(results, number, target.bound));
  }
  judgements.push_back(JudgeGrowth(results, MemoryNumber(1000),
                                   MemoryNumber(10000), kMemoryGrowth));
  judgements.push_back(JudgeGrowth(results, OneMoreNumber(1000),
                                   OneMoreNumber(10000), kCpuGrowth));
  return judgements;
}

}  // namespace fairway::bench
