// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.h"

#include <optional>
#include <string>

#include "bench/table.h"
#include "bench/targets.h"

namespace fairway::bench {
namespace {

struct Chart {
  const char* number;
  const char* title;
  const char* note;
};
constexpr Chart kCharts[] = {
    {"download, 1 connection", "Download", "MB/s, one connection"},
    {"upload, 1 connection", "Upload", "MB/s, one connection"},
    {"echo of 64 B, p50", "Echo of 64 bytes", "median us, less is better"},
    {"connections, 8 at a time", "New connections", "per second, 8 at a time"},
    {"download, 1 connection, CPU", "CPU time of a download",
     "s/GB, all its processes, less is better"},
    {"memory per idle connection, at 1,000", "Memory of an idle connection",
     "KiB, of 1,000, less is better"},
};

Weight WeightOf(const std::string& path) {
  if (path == kFairway) return Weight::kOurs;
  return path == kBareChain ? Weight::kRival : Weight::kOther;
}

std::string Label(const std::string& path) {
  return path == kOriginalBefore ? "Kubernetes 1.20.2*" : path;
}

}  // namespace

Figure FigureOf(const Comparison& run) {
  Figure figure;
  figure.title = "Fairway beside other ways to the same servers";
  figure.caption = run.machine.processors + ", TCP " +
                   run.machine.congestion_control + ", commit " +
                   run.machine.commit + ", " + run.machine.date;
  if (OriginalIn(run.results) == kOriginalBefore) {
    figure.caption += ". * measured before";
  }
  for (const Chart& chart : kCharts) {
    Panel panel{chart.title, chart.note, {}};
    for (const std::string& path : run.results.paths()) {
      const std::optional<double> value =
          run.results.Median(path, chart.number);
      if (!value) continue;
      // As a bar it would leave the others no room.
      if (path == kNoForwarder) {
        panel.note += "; no forwarder: " + Digits(*value);
        continue;
      }
      panel.bars.push_back(
          {Label(path), *value, Digits(*value), WeightOf(path)});
    }
    if (!panel.bars.empty()) figure.panels.push_back(panel);
  }
  return figure;
}

}  // namespace fairway::bench
