// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/counters.h"

namespace fairway::runtime::netns {

Counter& DialsTotal() {
  static Counter& counter =
      *new Counter("runtime_port_forward_dials_total",
                   "Connections to pods' ports that were attempted.");
  return counter;
}

Counter& DialFailuresTotal() {
  static Counter& counter =
      *new Counter("runtime_port_forward_dial_failures_total",
                   "Connections to pods' ports that were not made.");
  return counter;
}

}  // namespace fairway::runtime::netns
