// SPDX-License-Identifier: Apache-2.0
#include "bench/comparison.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace fairway::bench {
namespace {

Comparison SmallRun() {
  Comparison run;
  run.machine.commit = "1a2b3c4";
  run.machine.congestion_control = "reno";
  run.runtime = "process";
  run.rounds = 3;
  for (double value : {500.0, 600.0, 700.0}) {
    run.results.Add(kFairway, "download, 1 connection", "MB/s", value);
    run.results.Add(kBareChain, "download, 1 connection", "MB/s", value / 2);
  }
  run.results.Add(kFairway, "download, 1 connection, CPU of kubectl", "s/GB",
                  0.75);
  run.results.Add(kDebianKubectl, "echo of 64 B, p50, one stalled", "us",
                  kFrozen);
  run.results.Add(kFairway, "memory per idle connection, at 10", "KiB", 12);
  AddOriginalMeasuredBefore(&run.results);
  return run;
}

std::string AllTables(const Comparison& run) {
  std::string text;
  for (const Table& table : Tables(run)) text += Markdown(table);
  return text;
}

// Without the spaces that align.
std::string Squeezed(const std::string& text) {
  std::string squeezed;
  for (char c : text) {
    if (c != ' ' || squeezed.empty() || squeezed.back() != ' ') squeezed += c;
  }
  return squeezed;
}

TEST(ComparisonTest, TablesHaveMediansRatiosProcessesAndTheFrozen) {
  const std::string text = Squeezed(AllTables(SmallRun()));
  for (const char* row :
       {"| | unit | Fairway | bare relay chain | Kubernetes 1.20.2 * |",
        "| download, 1 connection | MB/s | 600 | 300 | 182 |",
        "| | of bare relay chain | of kubectl 1.20.2 | of Kubernetes 1.20.2 * "
        "|",
        "| download, 1 connection | 2.00 | | 3.31 |",
        "| Fairway: kubectl | 0.750 | | | |",
        "| echo of 64 B, p50, one stalled | us | frozen |",
        "| memory per idle connection, at 10 | KiB | 12.0 | |",
        "| download, 1 connection | at least 1.25x of bare relay chain | 2.00x "
        "| met |"}) {
    EXPECT_NE(text.find(row), std::string::npos) << row << "\n" << text;
  }
}

TEST(ComparisonTest, IdleConnectionsAreInTheOrderOfTheirNumber) {
  Comparison run;
  for (const char* count : {"1,000", "20", "10,000", "1"}) {
    run.results.Add(kFairway,
                    std::string("memory per idle connection, at ") + count,
                    "KiB", 12);
  }
  const Table idle = Tables(run).back();
  std::vector<std::string> names;
  for (const auto& row : idle.rows) names.push_back(row[0]);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "memory per idle connection, at 1",
                       "memory per idle connection, at 20",
                       "memory per idle connection, at 1,000",
                       "memory per idle connection, at 10,000"}));
}

TEST(ComparisonTest, JsonHasTheSame) {
  const nlohmann::json json = nlohmann::json::parse(Json(SmallRun()));
  const auto& paths = json["paths"];
  EXPECT_EQ(paths[kFairway]["download, 1 connection"]["median"], 600);
  EXPECT_EQ(paths[kFairway]["download, 1 connection"]["rounds"].size(), 3);
  EXPECT_EQ(paths[kDebianKubectl]["echo of 64 B, p50, one stalled"]["median"],
            "frozen");
  EXPECT_EQ(json["ratios"][kBareChain]["download, 1 connection"], 2);
  EXPECT_EQ(json["targets"][0]["verdict"], "met");
  EXPECT_EQ(json["machine"]["congestion control"], "reno");
}

TEST(ComparisonTest, CircumstancesNameTheFallback) {
  Comparison run = SmallRun();
  EXPECT_NE(Circumstances(run).find("*: not in this run"), std::string::npos);
  run.results.Add(kOriginal, "download, 1 connection", "MB/s", 150);
  EXPECT_EQ(Circumstances(run).find("*: not in this run"), std::string::npos);
}

}  // namespace
}  // namespace fairway::bench
