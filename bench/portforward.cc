// SPDX-License-Identifier: Apache-2.0
// What a port-forward costs, whole, beside other ways to the same servers: by
// turns, several rounds, each process of each path one of its own. Prints
// tables and one line of JSON; fails when a number or a process is missing.
// docs/benchmarks.md says how each number is measured.
#include <gflags/gflags.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/process/file_limit.h"
#include "bench/comparison.h"
#include "bench/figure.h"
#include "bench/machine.h"
#include "bench/measure.h"
#include "bench/measure_idle.h"
#include "bench/path.h"
#include "bench/svg.h"
#include "bench/table.h"
#include "bench/targets.h"
#include "e2e/harness/process.h"

DEFINE_string(runtime, "process", "of our cluster: process or docker");
DEFINE_string(original, "",
              "a folder with Kubernetes' own kube-apiserver and kubelet");
DEFINE_string(paths, "",
              "only these, by name, with commas and no space between");
DEFINE_int32(rounds, 5, "by turns over the paths");
DEFINE_bool(quick, false, "little of everything: that it runs, not how fast");
DEFINE_bool(check, false, "a target that is not met is a failure");
DEFINE_string(json, "", "a file for the JSON");
DEFINE_string(svg, "", "a file for the figure");
DEFINE_string(document, "",
              "a Markdown file whose tables between the marks are replaced");

namespace fairway::bench {
namespace {

constexpr char kMark[] = "portforward";
// Of each number in a round, with a stall and without.
constexpr int kStalledPairs = 8;

struct Size {
  int rounds = 1;
  Effort effort = {};
  double idle_seconds = 10;
  std::vector<int> idle = {1, 1000, 10000};   // connections
  std::vector<int> idle_of_many = {1, 1000};  // where more are too many
  int idle_each = 100;                        // each of them a process
  int most_sessions = 10000;
  int one_more_turns = 20;
};

Size SizeOfRun() {
  if (!FLAGS_quick) return {.rounds = FLAGS_rounds};
  return {.effort = {0.05, 0.05, 0.05},
          .idle_seconds = 0.2,
          .idle = {1, 20, 100},
          .idle_of_many = {1, 20},
          .idle_each = 5,
          .most_sessions = 60,
          .one_more_turns = 1};
}

// "a, b,c": "a, b" and "c".
std::vector<std::string> SplitNames(const std::string& list) {
  std::vector<std::string> names = {""};
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] == ',' && list.compare(i, 2, ", ") != 0) {
      names.emplace_back();
    } else {
      names.back() += list[i];
    }
  }
  return names;
}

// Those that are asked for, or all but the ones that add nothing to the others.
std::vector<std::string> ChosenPaths(const Yard& yard) {
  std::vector<std::string> names = yard.names();
  if (FLAGS_paths.empty()) {
    names.erase(std::remove(names.begin(), names.end(), "Fairway, SPDY"),
                names.end());
    return names;
  }
  const std::vector<std::string> chosen = SplitNames(FLAGS_paths);
  for (const std::string& name : chosen) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw std::runtime_error("--paths: there is no \"" + name + "\"");
    }
  }
  return chosen;
}

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void MeasureRounds(Yard& yard, std::vector<std::string> names, const Size& size,
                   Results* results) {
  // A session each is another figure of memory, and no other path.
  names.erase(std::remove(names.begin(), names.end(), kSessionEach),
              names.end());
  for (int round = 0; round < size.rounds; ++round) {
    for (const std::string& name : names) {
      const std::unique_ptr<Path> path = yard.Open(name);
      MeasureRound(*path, size.effort, results);
      // That others freeze needs no median.
      if (name != kFairway && round > 0) continue;
      const int pairs = name == kFairway ? kStalledPairs : 0;
      if (MeasureStalledRound(*path, size.effort, pairs, results)) {
        std::cerr << name << ": one stalled connection stops all" << std::endl;
      }
    }
    // The other way round next: who is first has no advantage.
    std::reverse(names.begin(), names.end());
    std::cerr << "round " << round + 1 << " of " << size.rounds << std::endl;
  }
}

// In a cluster of its own. Paths that share a process are not measured at the
// same time.
void MeasureAllIdle(const PathOptions& options,
                    const std::vector<std::string>& names, const Size& size,
                    Comparison* run) {
  Yard yard(options);
  const auto open = [&](std::vector<IdlePath>& paths, const std::string& name,
                        const std::vector<int>& counts) {
    if (Has(names, name)) paths.push_back({yard.Open(name), counts});
  };
  const auto measure = [&](std::vector<IdlePath> paths) {
    MeasureIdle(paths, size.idle_seconds, &run->results);
  };
  std::vector<IdlePath> first;
  open(first, kFairway, size.idle);
  open(first, "ssh -L", size.idle_of_many);
  open(first, "socat", {1, size.idle_each});
  measure(std::move(first));

  std::vector<IdlePath> second;
  open(second, kDebianKubectl, size.idle_of_many);
  open(second, kBareChain, size.idle_of_many);
  open(second, kOriginal, {1, size.idle_each});
  measure(std::move(second));

  std::vector<IdlePath> third;
  open(third, kSessionEach, {});
  for (IdlePath& path : third) {
    path.counts = {FittingConnections(*path.path, size.most_sessions,
                                      &run->session_limit)};
  }
  measure(std::move(third));
  std::cerr << "idle connections measured" << std::endl;
}

// In two clusters: the many connections of one are in no process of the other.
void MeasureGrowth(const PathOptions& options,
                   const std::vector<std::string>& names, const Size& size,
                   Results* results) {
  if (!Has(names, kFairway)) return;
  Yard first(options);
  Yard second(options);
  const size_t most = size.idle.size() - 1;
  std::vector<IdlePath> paths;
  paths.push_back({first.Open(kFairway), {size.idle[most - 1]}});
  paths.push_back({second.Open(kFairway), {size.idle[most]}});
  MeasureOneMore(paths, size.one_more_turns, results);
}

// Relative to where the program was called.
std::string CallersPath(const std::string& path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return folder == nullptr
             ? path
             : std::filesystem::path(folder).append(path).string();
}

void Tell(const Comparison& run) {
  std::string text = Circumstances(run);
  for (const Table& table : Tables(run)) text += "\n" + Markdown(table);
  const std::string json = Json(run);
  std::cout << text << "\n" << json << std::endl;
  if (!FLAGS_json.empty()) e2e::WriteFile(CallersPath(FLAGS_json), json + "\n");
  if (!FLAGS_svg.empty()) {
    e2e::WriteFile(CallersPath(FLAGS_svg), DrawSvg(FigureOf(run)));
  }
  if (!FLAGS_document.empty()) {
    const std::string path = CallersPath(FLAGS_document);
    e2e::WriteFile(path, ReplaceBetween(e2e::ReadFile(path), kMark, text));
  }
}

int Main() {
  const Size size = SizeOfRun();
  Comparison run;
  run.machine = ThisMachine();
  run.runtime = FLAGS_runtime;
  run.rounds = size.rounds;
  PathOptions options;
  options.runtime = FLAGS_runtime;
  options.original_dir = FLAGS_original;
  std::vector<std::string> names;
  {
    Yard yard(options);
    names = ChosenPaths(yard);
    MeasureRounds(yard, names, size, &run.results);
  }
  MeasureAllIdle(options, names, size, &run);
  MeasureGrowth(options, names, size, &run.results);
  if (OriginalIn(run.results) == kOriginalBefore) {
    AddOriginalMeasuredBefore(&run.results);
  }
  Tell(run);
  int unmet = 0;
  for (const Judgement& judgement : Judge(run.results)) {
    unmet += judgement.verdict != Verdict::kMet;
  }
  std::cerr << unmet << " targets not met" << std::endl;
  return FLAGS_check && unmet > 0 ? 1 : 0;
}

}  // namespace
}  // namespace fairway::bench

int main(int argc, char** argv) {
  google::ParseCommandLineFlags(&argc, &argv, true);
  fairway::RaiseFileLimit();
  try {
    return fairway::bench::Main();
  } catch (const std::exception& e) {
    std::cerr << "bench: " << e.what() << std::endl;
    return 1;
  }
}
