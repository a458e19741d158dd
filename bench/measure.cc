// SPDX-License-Identifier: Apache-2.0
#include "bench/measure.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "bench/load_order.h"
#include "bench/usage.h"
#include "e2e/harness/process.h"

namespace fairway::bench {
namespace {

constexpr double kLimitSeconds = 30;
// Ten times what a step takes; who needs longer is called frozen.
constexpr double kStalledLimitSeconds = 5;
// Of the effort, for one of several that are compared, and how many of them
// follow one another with the same stall.
constexpr double kStalledShare = 0.25;
constexpr int kStalledAtATime = 4;
constexpr double kWarmUpBytes = 8e6;
constexpr double kFewestBytes = 1e6;  // of a connection
constexpr int kEchoConnections = 2;

enum class Kind { kDownload, kUpload, kEcho, kSetUp };

// The table of all that is measured.
struct Step {
  Kind kind;
  int connections;  // at a time
  const char* name;
};
constexpr Step kSteps[] = {
    {Kind::kDownload, 1, "download, 1 connection"},
    {Kind::kDownload, 8, "download, 8 connections"},
    {Kind::kUpload, 1, "upload, 1 connection"},
    {Kind::kUpload, 8, "upload, 8 connections"},
    {Kind::kEcho, 1, "echo of 64 B"},
    {Kind::kSetUp, 1, "1 at a time"},
    {Kind::kSetUp, 8, "8 at a time"},
    {Kind::kSetUp, 64, "64 at a time"},
};

// A number of a step, with the factor to its unit.
struct Figure {
  std::string name;
  const char* unit;
};

std::vector<Figure> FiguresOf(const Step& step) {
  const std::string name = step.name;
  switch (step.kind) {
    case Kind::kDownload:
    case Kind::kUpload:
      return {{name, "MB/s"}, {name + ", CPU", "s/GB"}};
    case Kind::kEcho:
      return {{name + ", p50", "us"},
              {name + ", p99", "us"},
              {name + ", CPU", "us"}};
    case Kind::kSetUp:
      return {{"set-up, " + name + ", p50", "ms"},
              {"set-up, " + name + ", p99", "ms"},
              {"connections, " + name, "/s"}};
  }
  return {};
}

// A round, with or without the stall.
class Round {
 public:
  Round(const Path& path, const Effort& effort, const std::string& suffix,
        double limit_seconds, Results* results)
      : path_(path),
        effort_(effort),
        suffix_(suffix),
        limit_seconds_(limit_seconds),
        results_(*results) {}

  void Measure(const Step& step) {
    switch (step.kind) {
      case Kind::kDownload:
      case Kind::kUpload:
        return MeasureTransfer(step);
      case Kind::kEcho:
        return MeasureEcho(step);
      case Kind::kSetUp:
        return MeasureSetUp(step);
    }
  }

  // Says what it was when it fails.
  void MeasureOrThrow(const Step& step) {
    try {
      Measure(step);
    } catch (const std::exception& e) {
      throw std::runtime_error(path_.name() + ": " + step.name + ": " +
                               e.what());
    }
  }

  void Freeze(const Step& step) {
    for (const Figure& figure : FiguresOf(step)) Add(figure, kFrozen);
  }

  // MB/s.
  double Transfer(const Step& step, uint64_t bytes) const {
    const bool down = step.kind == Kind::kDownload;
    const uint16_t port = down ? path_.ports().source : path_.ports().sink;
    const Answer answer =
        CarryOut({down ? "download" : "upload", std::to_string(port),
                  std::to_string(step.connections), std::to_string(bytes)},
                 limit_seconds_);
    return bytes * step.connections / 1e6 / answer.at("seconds");
  }

 private:
  void Add(const Figure& figure, double value) {
    results_.Add(path_.name(), figure.name + suffix_, figure.unit, value);
  }

  // As many for a connection as take the time that a transfer should take, by
  // what the path did without the stall, or does warming up.
  uint64_t BytesFor(const Step& step) const {
    const std::vector<double> before = results_.Rounds(path_.name(), step.name);
    const double rate =
        before.empty() ? Transfer(step, static_cast<uint64_t>(kWarmUpBytes) /
                                            step.connections)
                       : before.back();
    const double bytes =
        rate * 1e6 * effort_.transfer_seconds / step.connections;
    return static_cast<uint64_t>(std::max(bytes, kFewestBytes));
  }

  void MeasureTransfer(const Step& step) {
    const uint64_t bytes = BytesFor(step);
    const std::map<std::string, double> before = CpuByRole(path_);
    const double rate = Transfer(step, bytes);
    const std::map<std::string, double> after = CpuByRole(path_);
    const std::vector<Figure> figures = FiguresOf(step);
    Add(figures[0], rate);
    const double gigabytes = bytes * step.connections / 1e9;
    double all = 0;
    for (const auto& [role, seconds] : after) {
      const auto earlier = before.find(role);
      // The time of a child that ended is known to 10 ms only.
      const double used = std::max(
          0.0, seconds - (earlier == before.end() ? 0 : earlier->second));
      Add({figures[1].name + " of " + role, figures[1].unit}, used / gigabytes);
      all += used;
    }
    if (!after.empty()) Add(figures[1], all / gigabytes);
  }

  // Which processors a connection's processes wake each other on is settled
  // when it begins, so one says less than two of half the time.
  void MeasureEcho(const Step& step) {
    for (int i = 0; i < kEchoConnections; ++i) {
      const double before = SumCpuSeconds(path_);
      const Answer answer =
          CarryOut({"echo", std::to_string(path_.ports().echo),
                    std::to_string(effort_.echo_seconds)},
                   limit_seconds_);
      const std::vector<Figure> figures = FiguresOf(step);
      Add(figures[0], answer.at("p50"));
      Add(figures[1], answer.at("p99"));
      if (path_.hops().empty()) continue;
      Add(figures[2],
          (SumCpuSeconds(path_) - before) * 1e6 / answer.at("count"));
    }
  }

  void MeasureSetUp(const Step& step) {
    const Answer answer =
        CarryOut({"set-up", std::to_string(path_.ports().echo),
                  std::to_string(step.connections),
                  std::to_string(effort_.set_up_seconds)},
                 limit_seconds_);
    const std::vector<Figure> figures = FiguresOf(step);
    Add(figures[0], answer.at("p50"));
    Add(figures[1], answer.at("p99"));
    Add(figures[2], answer.at("count") / answer.at("seconds"));
  }

  const Path& path_;
  const Effort effort_;
  const std::string suffix_;
  const double limit_seconds_;
  Results& results_;
};

Effort ShareOf(const Effort& effort) {
  return {effort.transfer_seconds * kStalledShare,
          effort.echo_seconds * kStalledShare,
          effort.set_up_seconds * kStalledShare};
}

// False if `path` stands still with the stall.
bool MeasureWhileStalled(const Path& path, const Effort& effort,
                         const Step& step, int times, Round* round) {
  path.hops();  // else the stall would be blamed for what is missing
  const StandingOrder stall({"stall", std::to_string(path.ports().source),
                             std::to_string(path.ports().deaf)},
                            kLimitSeconds);
  try {
    // All was idle until the stall stood still, and what comes first behind
    // that costs a tenth more.
    Results ignored;
    Round(path, effort, "", kStalledLimitSeconds, &ignored).Measure(step);
    for (int i = 0; i < times; ++i) round->Measure(step);
  } catch (const std::exception&) {
    path.hops();  // a process that is gone is another matter
    return false;
  }
  return true;
}

std::map<std::string, double> TryCpuByRole(const Path& path) {
  std::map<std::string, double> seconds;
  for (const Hop& hop : path.hops()) {
    seconds[hop.role] += CpuSeconds(hop.pid) + EndedChildrenCpuSeconds(hop.pid);
  }
  return seconds;
}

}  // namespace

std::vector<std::string> RoundNumbers() {
  std::vector<std::string> names;
  for (const Step& step : kSteps) {
    for (const Figure& figure : FiguresOf(step)) names.push_back(figure.name);
  }
  return names;
}

void MeasureRound(const Path& path, const Effort& effort, Results* results) {
  Round round(path, effort, "", kLimitSeconds, results);
  for (const Step& step : kSteps) round.MeasureOrThrow(step);
  path.hops();  // all of them lived through it
}

bool MeasureStalledRound(const Path& path, const Effort& effort, int pairs,
                         Results* results) {
  const Effort share = ShareOf(effort);
  Round without(path, share, kNoneStalled, kLimitSeconds, results);
  Round with(path, share, kStalled, kStalledLimitSeconds, results);
  bool frozen = false;
  for (const Step& step : kSteps) {
    int left = pairs;
    do {
      const int now = std::min(left, kStalledAtATime);
      left -= now;
      if (!frozen) {
        for (int i = 0; i < now / 2; ++i) without.MeasureOrThrow(step);
        frozen =
            !MeasureWhileStalled(path, share, step, std::max(1, now), &with);
      }
      if (frozen) {
        with.Freeze(step);
        continue;
      }
      for (int i = now / 2; i < now; ++i) without.MeasureOrThrow(step);
    } while (left > 0);
  }
  return frozen;
}

std::map<std::string, double> CpuByRole(const Path& path) {
  // A child may end between the look at the list and the look at its clock.
  constexpr int kTries = 5;
  for (int i = 1; i < kTries; ++i) {
    try {
      return TryCpuByRole(path);
    } catch (const std::runtime_error&) {
      e2e::NapMilliseconds(20);
    }
  }
  return TryCpuByRole(path);
}

double SumCpuSeconds(const Path& path) {
  double sum = 0;
  for (const auto& [role, seconds] : CpuByRole(path)) sum += seconds;
  return sum;
}

}  // namespace fairway::bench
