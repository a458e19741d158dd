// SPDX-License-Identifier: Apache-2.0
// What `kubectl port-forward --stats` shows, as text.
#ifndef CLIENT_CMD_PORTFORWARD_STATS_TABLE_H_
#define CLIENT_CMD_PORTFORWARD_STATS_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace fairway::cmd {

// One forward at one moment.
struct StatsRow {
  std::string forward;  // its name
  std::string local;    // "8080,8443"
  std::string pod;      // "web-1"; empty: none at the moment
  uint64_t open = 0;
  uint64_t total = 0;
  uint64_t sent_bytes = 0;  // to the pod
  uint64_t received_bytes = 0;
  double sent_per_second = 0;
  double received_per_second = 0;
  absl::optional<absl::Duration> round_trip;
  std::string last_error;
};

// "0B", "999B", "1.0K", "12M", "1.5G": powers of 1024, at most four letters.
std::string HumanBytes(double bytes);

// "350us", "1.2ms", "85ms", "1.2s".
std::string HumanRoundTrip(absl::Duration round_trip);

// A header, and a line for each row; under it, its last error, if it has one.
// No line is wider than `width`: columns are left out, those that are missed
// least first, and long names and errors are cut in their middle. Bytes that
// are not printable ASCII are shown as '?'.
std::vector<std::string> StatsLines(absl::Span<const StatsRow> rows,
                                    size_t width);

// The row as a line of a log: "stats svc/web local=8080 pod=web-1 open=1 ...".
std::string StatsSnapshot(const StatsRow& row);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_STATS_TABLE_H_
