// SPDX-License-Identifier: Apache-2.0
#include "client/polymorphichelpers/podutils.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace fairway::polymorphichelpers {
namespace {

struct Case {
  const char* name;
  const char* node;
  const char* phase;
  const char* ready;  // the condition's status; empty: there is none
  const char* ready_since;
  int restarts;
  const char* created;
};

api::Pod PodOf(const Case& c) {
  api::Pod pod;
  pod.metadata.name = c.name;
  pod.metadata.creation_timestamp = c.created;
  pod.node_name = c.node;
  pod.phase = c.phase;
  pod.conditions.push_back({"Initialized", "True", "2001-01-01T00:00:00Z"});
  if (c.ready[0] != '\0') {
    pod.conditions.push_back({"Ready", c.ready, c.ready_since});
  }
  pod.container_statuses.resize(2);
  pod.container_statuses[0].restart_count = c.restarts;
  return pod;
}

// From the worst to the best. The first nine are those of upstream's
// TestSortingActivePods.
const Case kOrder[] = {
    {"unscheduled", "", "Pending", "", "", 0, ""},
    {"pending", "bar", "Pending", "", "", 0, ""},
    {"unknown", "foo", "Unknown", "", "", 0, ""},
    {"running", "foo", "Running", "", "", 0, ""},
    {"ready, no one knows since when", "foo", "Running", "True", "", 0, ""},
    {"ready now", "foo", "Running", "True", "2021-05-01T00:00:00Z", 0, ""},
    {"restarted", "foo", "Running", "True", "2021-04-01T00:00:00Z", 7, ""},
    {"newer", "foo", "Running", "True", "2021-04-01T00:00:00Z", 3,
     "2021-05-01T00:00:00Z"},
    {"older", "foo", "Running", "True", "2021-04-01T00:00:00Z", 3,
     "2021-04-01T00:00:00Z"},
    {"other zone", "foo", "Running", "True", "2021-03-31T20:00:00-03:00", 0,
     ""},
    {"no restarts, newer", "foo", "Running", "True", "2021-03-31T00:00:00Z", 0,
     "2021-05-01T00:00:00.5Z"},
    {"no restarts, older", "foo", "Running", "True", "2021-03-31T00:00:00Z", 0,
     "2021-05-01T00:00:00Z"},
};

TEST(ActivePodsTest, SortsFromWorstToBest) {
  std::vector<std::string> want;
  std::vector<api::Pod> pods;
  for (const Case& c : kOrder) {
    want.push_back(c.name);
    pods.push_back(PodOf(c));
  }
  std::minstd_rand random(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(pods.begin(), pods.end(), random);
    std::sort(pods.begin(), pods.end(),
              [](const api::Pod& a, const api::Pod& b) {
                return ActivePodsLess(RankOf(a), RankOf(b));
              });
    std::vector<std::string> got;
    for (const api::Pod& pod : pods) got.push_back(pod.metadata.name);
    EXPECT_EQ(got, want);
  }
}

TEST(ActivePodsTest, WhatEndedIsAsGoodAsPending) {
  const PodRank pending = RankOf(PodOf({"a", "n", "Pending", "", "", 0, ""}));
  for (const char* phase : {"Succeeded", "Failed", ""}) {
    const PodRank ended = RankOf(PodOf({"a", "n", phase, "", "", 0, ""}));
    EXPECT_FALSE(ActivePodsLess(pending, ended)) << phase;
    EXPECT_FALSE(ActivePodsLess(ended, pending)) << phase;
  }
}

TEST(ActivePodsTest, WhenItBecameReadyCountsForTheReadyOnly) {
  const PodRank a =
      RankOf(PodOf({"a", "n", "Running", "False", "2021-01-01T00:00:00Z", 0,
                    "2021-01-01T00:00:00Z"}));
  const PodRank b =
      RankOf(PodOf({"b", "n", "Running", "False", "2022-01-01T00:00:00Z", 0,
                    "2021-01-01T00:00:00Z"}));
  EXPECT_FALSE(ActivePodsLess(a, b));
  EXPECT_FALSE(ActivePodsLess(b, a));
}

TEST(IsPodReadyTest, IsWhatTheConditionSays) {
  for (const char* status : {"True", "False", "Unknown", ""}) {
    EXPECT_EQ(IsPodReady(PodOf({"a", "n", "Running", status, "", 0, ""})),
              absl::string_view(status) == "True")
        << status;
  }
}

}  // namespace
}  // namespace fairway::polymorphichelpers
