// SPDX-License-Identifier: Apache-2.0
// What the whole path has to reach, and whether it did.
#ifndef BENCH_TARGETS_H_
#define BENCH_TARGETS_H_

#include <optional>
#include <string>
#include <vector>

#include "bench/results.h"

namespace fairway::bench {

// Names of paths.
inline constexpr char kFairway[] = "Fairway";
inline constexpr char kSessionEach[] = "Fairway, a session each";
inline constexpr char kNoForwarder[] = "no forwarder";
inline constexpr char kBareChain[] = "bare relay chain";
inline constexpr char kDebianKubectl[] = "kubectl 1.20.2";
inline constexpr char kOriginal[] = "Kubernetes 1.20.2";
inline constexpr char kOriginalBefore[] = "Kubernetes 1.20.2, measured before";

// The numbers of Kubernetes 1.20.2 that were measured once, on two cores of
// 2.5 GHz (kube-apiserver, kubelet with dockershim and socat, kubectl 1.20.2,
// built from source): the middle where there was a range.
void AddOriginalMeasuredBefore(Results* results);
// kOriginal if it was measured, else kOriginalBefore.
std::string OriginalIn(const Results& results);

enum class Verdict { kMet, kMissed, kNotMeasured };

struct Judgement {
  std::string number;
  // "at least 1.25 of the bare relay chain's", "at most 16 KiB".
  std::string target;
  std::optional<double> value;  // a ratio, or in `unit`
  std::string unit;             // "x" for a ratio
  Verdict verdict;
};

// All targets, in the order of a report.
std::vector<Judgement> Judge(const Results& results);

}  // namespace fairway::bench

#endif  // BENCH_TARGETS_H_
