// SPDX-License-Identifier: Apache-2.0
// The applications at the near end of a path, as a program of its own: neither
// its memory nor its CPU time is that of whoever measures.
//
//   load LIMIT download PORT CONNECTIONS BYTES     bytes: of each connection
//   load LIMIT upload PORT CONNECTIONS BYTES
//   load LIMIT echo PORT SECONDS
//   load LIMIT set-up PORT AT_A_TIME SECONDS
//   load LIMIT hold PORT COUNT
//   load LIMIT stall SOURCE_PORT DEAF_PORT
//
// Carries out one order and prints one line of JSON, or gives up after LIMIT
// seconds, says why on stderr and exits 1. What `hold` and `stall` made lives
// until the program is ended.
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/process/file_limit.h"
#include "bench/load_connections.h"
#include "bench/load_transfer.h"
#include "bench/samples.h"
#include "nlohmann/json.hpp"

namespace fairway::bench {
namespace {

constexpr int kHoldAtATime = 16;

// What is printed, and what has to live on then.
struct Outcome {
  nlohmann::json answer;
  std::vector<Descriptor> kept = {};
};

using Arguments = std::vector<double>;
using Carry = std::function<Outcome(const Arguments&, Clock::time_point limit)>;

struct Order {
  size_t arguments;
  Carry carry;
};

nlohmann::json OfSetUps(const SetUps& made) {
  nlohmann::json answer;
  answer["p50"] = Percentile(made.milliseconds, 0.5);
  answer["p99"] = Percentile(made.milliseconds, 0.99);
  answer["count"] = made.milliseconds.size();
  answer["seconds"] = made.seconds;
  return answer;
}

Outcome SetUpFor(const Arguments& of, Clock::time_point limit) {
  const auto start = Clock::now();
  return {OfSetUps(MakeConnections(
      of[0], of[1], limit, [start, seconds = of[2]](size_t made) {
        return made > 0 && SecondsSince(start) >= seconds;
      }))};
}

Outcome Hold(const Arguments& of, Clock::time_point limit) {
  Outcome outcome;
  outcome.answer = OfSetUps(MakeConnections(
      of[0], kHoldAtATime, limit,
      [count = of[1]](size_t made) { return made >= count; }, &outcome.kept));
  return outcome;
}

Outcome EchoFor(const Arguments& of, Clock::time_point limit) {
  const std::vector<double> microseconds = Echo(of[0], of[1], limit);
  nlohmann::json answer;
  answer["p50"] = Percentile(microseconds, 0.5);
  answer["p99"] = Percentile(microseconds, 0.99);
  answer["count"] = microseconds.size();
  return {answer};
}

Outcome StallBoth(const Arguments& of, Clock::time_point limit) {
  Outcome outcome;
  outcome.kept = Stall(of[0], of[1], limit);
  outcome.answer["stalled"] = outcome.kept.size();
  return outcome;
}

using Transfer = double (*)(uint16_t, int, uint64_t, Clock::time_point);

Carry Timed(Transfer transfer) {
  return [transfer](const Arguments& of, Clock::time_point limit) {
    nlohmann::json answer;
    answer["seconds"] = transfer(of[0], of[1], of[2], limit);
    return Outcome{answer};
  };
}

const std::map<std::string, Order>& Orders() {
  static const auto* orders =
      new std::map<std::string, Order>{{"download", {3, Timed(Download)}},
                                       {"upload", {3, Timed(Upload)}},
                                       {"echo", {2, EchoFor}},
                                       {"set-up", {3, SetUpFor}},
                                       {"hold", {2, Hold}},
                                       {"stall", {2, StallBoth}}};
  return *orders;
}

int Main(const std::vector<std::string>& args) {
  const auto order = args.size() < 3 ? Orders().end() : Orders().find(args[2]);
  if (order == Orders().end() || args.size() != 3 + order->second.arguments) {
    std::cerr << "load: want LIMIT ORDER ARGUMENT..." << std::endl;
    return 2;
  }
  RaiseFileLimit();
  Arguments arguments;
  for (size_t i = 3; i < args.size(); ++i) {
    arguments.push_back(std::strtod(args[i].c_str(), nullptr));
  }
  const auto limit =
      Clock::now() +
      std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(std::strtod(args[1].c_str(), nullptr)));
  try {
    const Outcome outcome = order->second.carry(arguments, limit);
    std::cout << outcome.answer << std::endl;
    // Whoever started this ends it.
    while (!outcome.kept.empty()) pause();
  } catch (const std::exception& e) {
    std::cerr << "load: " << args[2] << ": " << e.what() << std::endl;
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace fairway::bench

int main(int argc, char** argv) {
  return fairway::bench::Main(std::vector<std::string>(argv, argv + argc));
}
