// SPDX-License-Identifier: Apache-2.0
#include "bench/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>

#include "bench/measure.h"
#include "bench/measure_idle.h"
#include "nlohmann/json.hpp"

namespace fairway::bench {
namespace {

constexpr char kCpuOf[] = ", CPU of ";

// Names a path as narrowly as a column needs.
std::string Column(const std::string& path) {
  return path == kOriginalBefore ? "Kubernetes 1.20.2 *" : path;
}

std::string Cell(std::optional<double> value) {
  return value ? Digits(*value) : "";
}

// What Fairway is compared with.
std::vector<std::string> Others(const Results& results) {
  return {kBareChain, kDebianKubectl, OriginalIn(results)};
}

// A table of medians: a row for each of `numbers`, a column for each path that
// has one of them.
Table Medians(const Results& results, const std::string& title,
              const std::vector<std::string>& numbers) {
  Table table{title, {"", "unit"}, {}};
  std::vector<std::string> paths;
  for (const std::string& path : results.paths()) {
    for (const std::string& number : numbers) {
      if (!results.Median(path, number)) continue;
      paths.push_back(path);
      table.header.push_back(Column(path));
      break;
    }
  }
  for (const std::string& number : numbers) {
    std::vector<std::string> row = {number, results.unit(number)};
    bool any = false;
    for (const std::string& path : paths) {
      row.push_back(Cell(results.Median(path, number)));
      any |= !row.back().empty();
    }
    if (any) table.rows.push_back(row);
  }
  return table;
}

Table Ratios(const Results& results) {
  Table table{"Fairway's part of the others' numbers", {""}, {}};
  for (const std::string& other : Others(results)) {
    table.header.push_back("of " + Column(other));
  }
  for (const std::string& number : RoundNumbers()) {
    std::vector<std::string> row = {number};
    bool any = false;
    for (const std::string& other : Others(results)) {
      row.push_back(Cell(results.Ratio({kFairway, number}, {other, number})));
      any |= !row.back().empty();
    }
    if (any) table.rows.push_back(row);
  }
  return table;
}

Table CpuByProcess(const Results& results) {
  const char* const kTransfers[] = {
      "download, 1 connection", "download, 8 connections",
      "upload, 1 connection", "upload, 8 connections"};
  Table table{"CPU time by process, s/GB", {"path: process"}, {}};
  for (const char* transfer : kTransfers) table.header.push_back(transfer);
  const std::string prefix = kTransfers[0] + std::string(kCpuOf);
  for (const std::string& path : results.paths()) {
    for (const std::string& number : results.numbers()) {
      if (number.rfind(prefix, 0) != 0 || !results.Median(path, number) ||
          number.find(kStalled) != std::string::npos ||
          number.find(kNoneStalled) != std::string::npos) {
        continue;
      }
      const std::string role = number.substr(prefix.size());
      std::vector<std::string> row = {path + ": " + role};
      for (const char* transfer : kTransfers) {
        row.push_back(
            Cell(results.Median(path, transfer + std::string(kCpuOf) + role)));
      }
      table.rows.push_back(row);
    }
  }
  return table;
}

std::vector<std::string> StalledNumbers() {
  std::vector<std::string> numbers = RoundNumbers();
  for (std::string& number : numbers) number += kStalled;
  return numbers;
}

// By kind, and then by the number of connections, with which each name ends.
std::vector<std::string> IdleNumbers(const Results& results) {
  std::vector<std::string> numbers;
  for (const char* kind :
       {"memory per idle connection", "CPU per connection made",
        "CPU of one more connection"}) {
    std::map<size_t, std::string> by_count;
    for (const std::string& number : results.numbers()) {
      if (number.rfind(kind, 0) != 0) continue;
      std::string count = number.substr(number.rfind(' ') + 1);
      count.erase(std::remove(count.begin(), count.end(), ','), count.end());
      by_count[std::stoul(count)] = number;
    }
    for (const auto& [count, number] : by_count) numbers.push_back(number);
  }
  return numbers;
}

const char* Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kMet:
      return "met";
    case Verdict::kMissed:
      return "missed";
    case Verdict::kNotMeasured:
      return "not measured";
  }
  return "";
}

Table Targets(const Results& results) {
  Table table{"Targets", {"", "target", "value", ""}, {}};
  for (const Judgement& judgement : Judge(results)) {
    const std::string unit =
        judgement.unit == "x" ? judgement.unit : " " + judgement.unit;
    table.rows.push_back(
        {judgement.number, judgement.target,
         judgement.value ? Digits(*judgement.value) + unit : "",
         Word(judgement.verdict)});
  }
  return table;
}

nlohmann::json OrFrozen(double value) {
  if (std::isfinite(value)) return value;
  return "frozen";
}

nlohmann::json PathJson(const Results& results, const std::string& path) {
  nlohmann::json numbers = nlohmann::json::object();
  for (const std::string& number : results.numbers()) {
    const std::vector<double> rounds = results.Rounds(path, number);
    if (rounds.empty()) continue;
    nlohmann::json& member = numbers[number];
    member["median"] = OrFrozen(*results.Median(path, number));
    member["unit"] = results.unit(number);
    for (double value : rounds) member["rounds"].push_back(OrFrozen(value));
  }
  return numbers;
}

nlohmann::json MachineJson(const Machine& machine) {
  nlohmann::json json;
  json["processors"] = machine.processors;
  json["kernel"] = machine.kernel;
  json["congestion control"] = machine.congestion_control;
  json["memory"] = machine.memory;
  json["hard limit of open files"] = machine.file_limit;
  return json;
}

nlohmann::json TargetsJson(const Results& results) {
  nlohmann::json targets = nlohmann::json::array();
  for (const Judgement& judgement : Judge(results)) {
    nlohmann::json target;
    target["number"] = judgement.number;
    target["target"] = judgement.target;
    target["unit"] = judgement.unit;
    target["verdict"] = Word(judgement.verdict);
    if (judgement.value) target["value"] = OrFrozen(*judgement.value);
    targets.push_back(target);
  }
  return targets;
}

}  // namespace

std::string Circumstances(const Comparison& run) {
  const Machine& machine = run.machine;
  std::string text = "Commit " + machine.commit + ", " + machine.date + ", " +
                     machine.processors + ", " + machine.memory + ", Linux " +
                     machine.kernel + ", TCP " + machine.congestion_control +
                     ", " + run.runtime + " runtime, " +
                     std::to_string(run.rounds) + " rounds.";
  if (!run.session_limit.empty()) {
    text += " A session for each connection: " + run.session_limit + ".";
  }
  if (OriginalIn(run.results) == kOriginalBefore) {
    text += " *: not in this run, but measured before on two cores of 2.5 GHz.";
  }
  return text + "\n";
}

std::vector<Table> Tables(const Comparison& run) {
  const Results& results = run.results;
  std::vector<Table> tables = {
      Targets(results),
      Medians(results, "Medians", RoundNumbers()),
      Ratios(results),
      CpuByProcess(results),
      Medians(results, "While one connection stalls", StalledNumbers()),
      Medians(results, "Idle connections", IdleNumbers(results))};
  return tables;
}

std::string Json(const Comparison& run) {
  nlohmann::json json;
  json["machine"] = MachineJson(run.machine);
  json["commit"] = run.machine.commit;
  json["date"] = run.machine.date;
  json["runtime"] = run.runtime;
  json["rounds"] = run.rounds;
  json["session limit"] = run.session_limit;
  for (const std::string& path : run.results.paths()) {
    json["paths"][path] = PathJson(run.results, path);
  }
  for (const std::string& other : Others(run.results)) {
    for (const std::string& number : RoundNumbers()) {
      const auto ratio = run.results.Ratio({kFairway, number}, {other, number});
      if (ratio) json["ratios"][other][number] = *ratio;
    }
  }
  json["targets"] = TargetsJson(run.results);
  return json.dump();
}

}  // namespace fairway::bench
