// SPDX-License-Identifier: Apache-2.0
// Runs a Scenario to its end, and finds what is wrong with it.
//
// No clock is asked: tasks that pause go on when chance chooses them, and when
// nothing is left to do while somebody still waits, that is a fault by name. So
// a run is the same each time but for the order of what the sessions keep in
// hash tables.
#ifndef HTTPSTREAM_SPDY_TESTING_SCENARIO_RUN_H_
#define HTTPSTREAM_SPDY_TESTING_SCENARIO_RUN_H_

#include <cstddef>
#include <string>
#include <vector>

#include "httpstream/spdy/testing/scenario.h"

namespace fairway::httpstream::spdy {

// What happened.
struct Outcome {
  // In the order in which they were seen; empty if all was as it should be.
  std::vector<std::string> faults;
  size_t steps = 0;
  size_t streams = 0;  // that both ends had
  size_t fins = 0;     // heard
  size_t aborts = 0;   // calls that a reset of the peer ended
  size_t losses = 0;   // and those that the session's end did
  size_t bytes = 0;    // heard, each as it was sent

  void Add(const Outcome& other);
};

Outcome RunScenario(const Scenario& scenario);

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_SCENARIO_RUN_H_
