// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/podutils/podutils.go (v0.20.2)
#include "client/polymorphichelpers/podutils.h"

#include <algorithm>
#include <string>

namespace fairway::polymorphichelpers {
namespace {

absl::Time ParseTime(const std::string& text) {
  absl::Time time;
  std::string error;
  const bool parsed = absl::ParseTime(absl::RFC3339_full, text, &time, &error);
  return parsed ? time : absl::InfinitePast();
}

int OrderOfPhase(absl::string_view phase) {
  if (phase == api::kPodRunning) return 2;
  return phase == "Unknown" ? 1 : 0;
}

// A time that is not set counts as the latest. Mirrors: afterOrZero.
bool AfterOrUnset(absl::Time a, absl::Time b) {
  if (a == absl::InfinitePast() || b == absl::InfinitePast()) {
    return a == absl::InfinitePast();
  }
  return a > b;
}

}  // namespace

bool IsPodReady(const api::Pod& pod) {
  for (const api::PodCondition& condition : pod.conditions) {
    if (condition.type == "Ready") return condition.status == "True";
  }
  return false;
}

PodRank RankOf(const api::Pod& pod) {
  PodRank rank;
  rank.assigned = !pod.node_name.empty();
  rank.phase = OrderOfPhase(pod.phase);
  rank.ready = IsPodReady(pod);
  for (const api::PodCondition& condition : pod.conditions) {
    if (condition.type != "Ready" || condition.status != "True") continue;
    rank.ready_since = ParseTime(condition.last_transition_time);
    break;
  }
  for (const api::ContainerStatus& status : pod.container_statuses) {
    rank.restarts = std::max(rank.restarts, status.restart_count);
  }
  rank.created = ParseTime(pod.metadata.creation_timestamp);
  return rank;
}

bool ActivePodsLess(const PodRank& a, const PodRank& b) {
  if (a.assigned != b.assigned) return !a.assigned;
  if (a.phase != b.phase) return a.phase < b.phase;
  if (a.ready != b.ready) return !a.ready;
  if (a.ready && a.ready_since != b.ready_since) {
    return AfterOrUnset(a.ready_since, b.ready_since);
  }
  if (a.restarts != b.restarts) return a.restarts > b.restarts;
  if (a.created != b.created) return AfterOrUnset(a.created, b.created);
  return false;
}

}  // namespace fairway::polymorphichelpers
