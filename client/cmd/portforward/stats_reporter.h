// SPDX-License-Identifier: Apache-2.0
// `kubectl port-forward --stats`: the table in its place on a terminal, and
// lines of a log elsewhere.
#ifndef CLIENT_CMD_PORTFORWARD_STATS_REPORTER_H_
#define CLIENT_CMD_PORTFORWARD_STATS_REPORTER_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/task/task.h"
#include "client/cmd/portforward/console.h"
#include "client/cmd/portforward/stats_table.h"

namespace fairway::cmd {

struct StatsPeriods {
  absl::Duration on_terminal = absl::Seconds(1);
  absl::Duration in_log = absl::Seconds(5);
};

// What moved since `before`, where a row of the same number stood, `elapsed`
// ago.
void AddRates(absl::Span<const StatsRow> before, absl::Duration elapsed,
              std::vector<StatsRow>* rows);

// Shows what `rows` gives (without rates) again and again, until cancelled;
// then a last time. `console` outlives the Task.
Task<absl::Status> ReportStats(Console* console,
                               std::function<std::vector<StatsRow>()> rows,
                               StatsPeriods periods = {});

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_STATS_REPORTER_H_
