// SPDX-License-Identifier: Apache-2.0
#include "bench/targets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/measure_idle.h"

namespace fairway::bench {
namespace {

// A run in which every number of every path is 1, of Fairway's all are there.
Results AllOne() {
  Results results;
  for (const std::string& number : RoundNumbers()) {
    for (const char* path : {kFairway, kBareChain, kOriginal}) {
      results.Add(path, number, "MB/s", 1);
    }
    for (const char* how : {kStalled, kNoneStalled}) {
      results.Add(kFairway, number + how, "MB/s", 1);
    }
  }
  for (int count : {1, 1000, 10000}) {
    results.Add(kFairway, MemoryNumber(count), "KiB", 1);
    results.Add(kFairway, OneMoreNumber(count), "us", 1);
  }
  return results;
}

Judgement Find(const Results& results, const std::string& number,
               const std::string& target) {
  for (const Judgement& judgement : Judge(results)) {
    if (judgement.number == number && judgement.target == target) {
      return judgement;
    }
  }
  ADD_FAILURE() << number << " has no target \"" << target << "\"";
  return {};
}

int Count(const Results& results, Verdict verdict) {
  const std::vector<Judgement> all = Judge(results);
  return std::count_if(all.begin(), all.end(), [verdict](const Judgement& j) {
    return j.verdict == verdict;
  });
}

TEST(TargetsTest, EachTargetIsOfANumberThatIsMeasured) {
  EXPECT_EQ(Count(AllOne(), Verdict::kNotMeasured), 0);
}

TEST(TargetsTest, WithoutNumbersNothingIsMet) {
  EXPECT_EQ(Count(Results(), Verdict::kMet), 0);
  EXPECT_EQ(Count(Results(), Verdict::kMissed), 0);
}

TEST(TargetsTest, ARatioIsMetAtItsLimit) {
  const struct {
    double ours;
    Verdict want;
  } kCases[] = {{1.24, Verdict::kMissed},
                {1.25, Verdict::kMet},
                {9, Verdict::kMet},
                {kFrozen, Verdict::kNotMeasured}};
  for (const auto& c : kCases) {
    Results results;
    results.Add(kFairway, "upload, 8 connections", "MB/s", c.ours);
    results.Add(kBareChain, "upload, 8 connections", "MB/s", 1);
    const Judgement judgement = Find(results, "upload, 8 connections",
                                     "at least 1.25x of bare relay chain");
    EXPECT_EQ(judgement.verdict, c.want) << c.ours;
  }
}

TEST(TargetsTest, LessIsBetterForTimeMemoryAndCpu) {
  Results results;
  results.Add(kFairway, "download, 1 connection, CPU", "s/GB", 0.81);
  results.Add(kBareChain, "download, 1 connection, CPU", "s/GB", 1);
  results.Add(kFairway, "set-up, 1 at a time, p50", "ms", 0.69);
  results.Add(kFairway, "memory per idle connection, at 1,000", "KiB", 16.1);
  EXPECT_EQ(Find(results, "download, 1 connection, CPU",
                 "at most 0.8x of bare relay chain")
                .verdict,
            Verdict::kMissed);
  EXPECT_EQ(Find(results, "set-up, 1 at a time, p50", "at most 0.7 ms").verdict,
            Verdict::kMet);
  EXPECT_EQ(
      Find(results, "memory per idle connection, at 1,000", "at most 16 KiB")
          .verdict,
      Verdict::kMissed);
}

TEST(TargetsTest, TheOriginalIsTheOneThatWasMeasuredBesideIfThereIsOne) {
  Results results;
  AddOriginalMeasuredBefore(&results);
  results.Add(kFairway, "echo of 64 B, p50", "us", 130);
  const Judgement before =
      Find(results, "echo of 64 B, p50",
           "at most 0.4x of Kubernetes 1.20.2, measured before");
  EXPECT_EQ(before.verdict, Verdict::kMet);
  results.Add(kOriginal, "echo of 64 B, p50", "us", 300);
  const Judgement beside =
      Find(results, "echo of 64 B, p50", "at most 0.4x of Kubernetes 1.20.2");
  EXPECT_EQ(beside.verdict, Verdict::kMissed);
}

TEST(TargetsTest, AStallMayCostATenth) {
  const struct {
    double stalled;
    Verdict want;
  } kCases[] = {
      {90, Verdict::kMet}, {89, Verdict::kMissed}, {kFrozen, Verdict::kMissed}};
  for (const auto& c : kCases) {
    Results results;
    // What the round itself gave some seconds before counts for nothing.
    results.Add(kFairway, "download, 1 connection", "MB/s", 50);
    results.Add(kFairway, "download, 1 connection, none stalled", "MB/s", 100);
    results.Add(kFairway, "download, 1 connection, one stalled", "MB/s",
                c.stalled);
    EXPECT_EQ(Find(results, "download, 1 connection, one stalled",
                   "at least 0.9x of without")
                  .verdict,
              c.want)
        << c.stalled;
  }
}

TEST(TargetsTest, TenThousandConnectionsCostNoMoreEachThanAThousand) {
  Results results;
  results.Add(kFairway, MemoryNumber(1000), "KiB", 10);
  results.Add(kFairway, MemoryNumber(10000), "KiB", 10.6);
  EXPECT_EQ(
      Find(results, MemoryNumber(10000), "at most 1.05x of at 1,000").verdict,
      Verdict::kMissed);
}

}  // namespace
}  // namespace fairway::bench
