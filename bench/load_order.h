// SPDX-License-Identifier: Apache-2.0
// Orders to the program `load`.
#ifndef BENCH_LOAD_ORDER_H_
#define BENCH_LOAD_ORDER_H_

#include <map>
#include <string>
#include <vector>

#include "e2e/harness/process.h"

namespace fairway::bench {

using Answer = std::map<std::string, double>;

// Has one order carried out ({"download", "8001", "8", "1000000"}), and gives
// up after `limit_seconds`. Errors: throws std::runtime_error with the load's
// words when it fails.
Answer CarryOut(const std::vector<std::string>& order, double limit_seconds);

// An order whose connections live as long as this.
class StandingOrder {
 public:
  StandingOrder(const std::vector<std::string>& order, double limit_seconds);
  const Answer& answer() const { return answer_; }

 private:
  e2e::Process process_;
  Answer answer_;
};

}  // namespace fairway::bench

#endif  // BENCH_LOAD_ORDER_H_
