// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/podutils/podutils.go (v0.20.2)
// Which of several pods is the better one.
#ifndef CLIENT_POLYMORPHICHELPERS_PODUTILS_H_
#define CLIENT_POLYMORPHICHELPERS_PODUTILS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "api/object.h"

namespace fairway::polymorphichelpers {

// Whether its condition "Ready" is "True".
bool IsPodReady(const api::Pod& pod);

// What ActivePods compares, without the pod.
struct PodRank {
  bool assigned = false;  // to a node
  int phase = 0;          // Pending and the ended 0, Unknown 1, Running 2
  bool ready = false;
  // When it became so; InfinitePast() if it is not said, as for `created`.
  absl::Time ready_since = absl::InfinitePast();
  int32_t restarts = 0;  // of the container that restarted most
  absl::Time created = absl::InfinitePast();
};
PodRank RankOf(const api::Pod& pod);

// Mirrors: ActivePods.Less: the worse of two is the less. Not assigned <
// assigned, by phase, not ready < ready, ready for a shorter time < longer,
// more restarts < fewer, younger < older; no time at all is the least.
bool ActivePodsLess(const PodRank& a, const PodRank& b);

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_PODUTILS_H_
