// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_TOOLS_PORTFORWARD_FORWARD_STATS_H_
#define CLIENT_TOOLS_PORTFORWARD_FORWARD_STATS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace fairway::portforward {

// What a forwarder has done until now.
struct ForwardStats {
  std::string target;             // "service/web"; empty until it was found
  std::vector<std::string> pods;  // where there is a way to, by their names
  uint64_t open_connections = 0;  // those that wait for a way, too
  uint64_t total_connections = 0;
  uint64_t sent_bytes = 0;      // to the pods
  uint64_t received_bytes = 0;  // from the pods
  // Of a PING to the pod's end of a session, the last that was answered.
  absl::optional<absl::Duration> round_trip;
  std::string last_error;  // as its line said it; empty: none yet
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_FORWARD_STATS_H_
