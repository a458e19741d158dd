// SPDX-License-Identifier: Apache-2.0
#include "bench/measure_idle.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <stdexcept>

#include "bench/load_order.h"
#include "bench/measure.h"
#include "bench/table.h"
#include "bench/usage.h"
#include "e2e/harness/process.h"

namespace fairway::bench {
namespace {

constexpr double kLimitSeconds = 120;
// Fewer say nothing about the CPU time of one.
constexpr int kFewestForCpu = 10;
// Connections at a time, beside those that stand.
constexpr int kMore = 250;
// Enough to tell what one takes from what is there anyway.
constexpr int kTrial = 50;
// Of what the limit lets through: some descriptors come and go.
constexpr double kShareOfLimit = 0.95;

Footprint SumFootprint(const Path& path) {
  Footprint sum;
  for (const Hop& hop : path.hops()) sum += FootprintOf(hop.pid);
  return sum;
}

StandingOrder Hold(const Path& path, int count) {
  return StandingOrder(
      {"hold", std::to_string(path.ports().echo), std::to_string(count)},
      kLimitSeconds);
}

// A path on which connections are piled up.
struct Pile {
  const IdlePath* of;
  Footprint at_zero;
  int held = 0;
  std::vector<StandingOrder> orders = {};
};

void Raise(Pile& pile, int count, Results* results) {
  const Path& path = *pile.of->path;
  const int more = count - pile.held;
  const double before = SumCpuSeconds(path);
  pile.orders.push_back(Hold(path, more));
  pile.held = count;
  if (more >= kFewestForCpu) {
    results->Add(path.name(), CpuNumber(count), "us",
                 (SumCpuSeconds(path) - before) * 1e6 / more);
  }
}

int SumOpenFiles(const Path& path) {
  int sum = 0;
  for (const Hop& hop : path.hops()) sum += e2e::OpenFiles(hop.pid);
  return sum;
}

}  // namespace

std::string MemoryNumber(int connections) {
  return "memory per idle connection, at " + Grouped(connections);
}

std::string CpuNumber(int connections) {
  return "CPU per connection made, up to " + Grouped(connections);
}

std::string OneMoreNumber(int connections) {
  return "CPU of one more connection, at " + Grouped(connections);
}

void MeasureIdle(const std::vector<IdlePath>& paths, double idle_seconds,
                 Results* results) {
  const auto idle = [idle_seconds] {
    e2e::NapMilliseconds(static_cast<int>(idle_seconds * 1000));
  };
  // Whatever a path makes once is there before the first is counted.
  for (const IdlePath& path : paths) Hold(*path.path, 1);
  idle();
  std::vector<Pile> piles;
  size_t stages = 0;
  for (const IdlePath& path : paths) {
    piles.push_back({&path, SumFootprint(*path.path)});
    stages = std::max(stages, path.counts.size());
  }
  for (size_t stage = 0; stage < stages; ++stage) {
    for (Pile& pile : piles) {
      if (stage < pile.of->counts.size()) {
        Raise(pile, pile.of->counts[stage], results);
      }
    }
    idle();
    for (const Pile& pile : piles) {
      if (stage >= pile.of->counts.size()) continue;
      const Path& path = *pile.of->path;
      // What was freed meanwhile may be more than what one connection takes.
      const double more =
          std::max(0.0, GrowthKiB(pile.at_zero, SumFootprint(path)));
      results->Add(path.name(), MemoryNumber(pile.held), "KiB",
                   more / pile.held);
    }
  }
}

void MeasureOneMore(const std::vector<IdlePath>& paths, int turns,
                    Results* results) {
  std::vector<StandingOrder> standing;
  for (const IdlePath& path : paths) {
    standing.push_back(Hold(*path.path, path.counts.back()));
  }
  for (int turn = 0; turn < turns; ++turn) {
    for (const IdlePath& of : paths) {
      const Path& path = *of.path;
      const int files = SumOpenFiles(path);
      {
        const double before = SumCpuSeconds(path);
        const StandingOrder more = Hold(path, kMore);
        results->Add(path.name(), OneMoreNumber(of.counts.back()), "us",
                     (SumCpuSeconds(path) - before) * 1e6 / kMore);
      }
      // Its end is nobody else's cost. Some descriptors come and go.
      if (!e2e::Eventually(e2e::Seconds(kLimitSeconds), [&] {
            return SumOpenFiles(path) < files + kMore / 2;
          })) {
        throw std::runtime_error(path.name() + ": connections do not end");
      }
    }
  }
}

int FittingConnections(const Path& path, int most, std::string* why) {
  std::map<pid_t, int> before;
  for (const Hop& hop : path.hops()) before[hop.pid] = e2e::OpenFiles(hop.pid);
  const StandingOrder trial = Hold(path, kTrial);
  *why = "as many as asked for";
  for (const Hop& hop : path.hops()) {
    const int limit = FileLimit(hop.pid);
    const double each =
        (e2e::OpenFiles(hop.pid) - before[hop.pid]) / double{kTrial};
    if (each < 0.5) continue;
    const int fitting =
        static_cast<int>(kShareOfLimit * (limit - before[hop.pid]) / each);
    if (fitting >= most) continue;
    most = fitting;
    *why = hop.role + ": " + Digits(each) + " of its " + Grouped(limit) +
           " descriptors for each";
  }
  return most;
}

}  // namespace fairway::bench
