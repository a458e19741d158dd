// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_NETNS_POD_ADDRESS_H_
#define RUNTIME_NETNS_POD_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace fairway::runtime::netns {

// How many there are.
inline constexpr uint32_t kPodAddresses = 512 * 254;

// The address that a pod without one of its own reports: one of 198.18.0.0/15,
// which RFC 2544 sets apart for benchmarks, made from its UID. `attempt` gives
// others when two pods' are the same.
std::string PodAddress(absl::string_view pod_uid, uint32_t attempt);

}  // namespace fairway::runtime::netns

#endif  // RUNTIME_NETNS_POD_ADDRESS_H_
