// SPDX-License-Identifier: Apache-2.0
// What was sent is what arrives, whatever happens: two sessions under every
// disturbance that a seed can think of.
//
// FAIRWAY_SEED is the first seed, FAIRWAY_SEEDS how many are run:
//   bazel test //httpstream/spdy:property_test --test_env=FAIRWAY_SEED=4711
//       --test_env=FAIRWAY_SEEDS=1
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "httpstream/spdy/testing/scenario.h"
#include "httpstream/spdy/testing/scenario_run.h"

namespace fairway::httpstream::spdy {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kDefaultSeeds = 100;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t value = 0;
  if (text == nullptr) return otherwise;
  if (absl::SimpleAtoi(text, &value)) return value;
  ADD_FAILURE() << name << ": want a number, have " << text;
  return otherwise;
}

TEST(PropertyTest, WhatWasSentArrives) {
  const uint64_t first = FromEnvironment("FAIRWAY_SEED", 1);
  const uint64_t count = FromEnvironment("FAIRWAY_SEEDS", kDefaultSeeds);
  Outcome all;
  size_t failed = 0;
  for (uint64_t seed = first; seed - first < count; ++seed) {
    const Scenario scenario = MakeScenario(seed);
    const Outcome outcome = RunScenario(scenario);
    all.Add(outcome);
    if (outcome.faults.empty()) continue;
    ADD_FAILURE() << "FAIRWAY_SEED=" << seed << " FAIRWAY_SEEDS=1\n"
                  << absl::StrJoin(outcome.faults, "\n") << "\n"
                  << scenario.ToString();
    if (++failed == 10) break;
  }
  std::cout << count << " seeds from " << first << ": " << all.steps
            << " steps, " << all.streams << " streams, " << all.fins
            << " FINs, " << all.aborts << " resets and " << all.losses
            << " losses noticed, " << all.bytes << " bytes\n";
  if (count < kDefaultSeeds) return;
  // It is no proof if nothing happens.
  EXPECT_GT(all.fins, count);
  EXPECT_GT(all.aborts, count / 4);
  EXPECT_GT(all.losses, count / 10);
}

// The test can fail: faults that no transport has.
class BrokenTransport : public ::testing::TestWithParam<bool> {
 protected:
  std::vector<std::string> FaultsWith(GateFault::Kind kind, uint64_t seed) {
    Scenario scenario = MakeCalmScenario(seed, 3, 200);
    scenario.with_windows = GetParam();
    EXPECT_THAT(RunScenario(scenario).faults, IsEmpty());
    scenario.fault.kind = kind;
    scenario.fault.stream_id = 3;
    scenario.fault.total_bytes = 200;
    return RunScenario(scenario).faults;
  }
};

TEST_P(BrokenTransport, DroppedLastFrameIsNoticed) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_THAT(FaultsWith(GateFault::Kind::kDropLastData, seed),
                Contains(HasSubstr("hears the FIN after")))
        << seed;
  }
}

TEST_P(BrokenTransport, LostFinIsNoticed) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_THAT(FaultsWith(GateFault::Kind::kDropFin, seed),
                Contains(HasSubstr("hangs: far")))
        << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Peers, BrokenTransport, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "WithWindows" : "WithoutWindows";
                         });

}  // namespace
}  // namespace fairway::httpstream::spdy
