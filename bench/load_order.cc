// SPDX-License-Identifier: Apache-2.0
#include "bench/load_order.h"

#include <optional>
#include <stdexcept>

#include "nlohmann/json.hpp"

namespace fairway::bench {
namespace {

// For the program to start, and to give up by itself.
constexpr double kSpareSeconds = 5;

std::vector<std::string> Argv(const std::vector<std::string>& order,
                              double limit_seconds) {
  std::vector<std::string> argv = {e2e::DataFile("bench/load"),
                                   std::to_string(limit_seconds)};
  argv.insert(argv.end(), order.begin(), order.end());
  return argv;
}

Answer Parse(const std::string& line, const std::string& complaint) {
  const nlohmann::json answer = nlohmann::json::parse(line, nullptr, false);
  if (!answer.is_object()) {
    throw std::runtime_error(complaint.empty() ? "load: no answer" : complaint);
  }
  return answer.get<Answer>();
}

}  // namespace

Answer CarryOut(const std::vector<std::string>& order, double limit_seconds) {
  const e2e::Result result = e2e::Run(
      Argv(order, limit_seconds), e2e::Seconds(limit_seconds + kSpareSeconds));
  return Parse(result.out, result.err);
}

StandingOrder::StandingOrder(const std::vector<std::string>& order,
                             double limit_seconds)
    : process_({Argv(order, limit_seconds), {}, ""}) {
  const std::optional<std::string> line =
      process_.ReadLine(e2e::Seconds(limit_seconds + kSpareSeconds));
  answer_ = Parse(line.value_or(""), "load: " + order.at(0) + " has failed");
}

}  // namespace fairway::bench
