// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_NETNS_COUNTERS_H_
#define RUNTIME_NETNS_COUNTERS_H_

#include "base/metrics/metrics.h"

namespace fairway::runtime::netns {

// Attempts and failures, by {"dial": "netns" or "socat"}.
Counter& DialsTotal();
Counter& DialFailuresTotal();

}  // namespace fairway::runtime::netns

#endif  // RUNTIME_NETNS_COUNTERS_H_
