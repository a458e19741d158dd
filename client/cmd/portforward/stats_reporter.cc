// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/stats_reporter.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/task/deadline.h"

namespace fairway::cmd {
namespace {

using Clock = std::chrono::steady_clock;

double Rate(uint64_t before, uint64_t now, absl::Duration elapsed) {
  if (now <= before || elapsed <= absl::ZeroDuration()) return 0;
  return static_cast<double>(now - before) / absl::ToDoubleSeconds(elapsed);
}

void Show(Console& console, const std::vector<StatsRow>& rows) {
  if (console.has_panel()) {
    console.Paint(StatsLines(rows, console.size().columns));
    return;
  }
  for (const StatsRow& row : rows) console.Err(StatsSnapshot(row));
}

}  // namespace

void AddRates(absl::Span<const StatsRow> before, absl::Duration elapsed,
              std::vector<StatsRow>* rows) {
  const size_t count = std::min(before.size(), rows->size());
  for (size_t i = 0; i < count; ++i) {
    StatsRow& row = (*rows)[i];
    row.sent_per_second = Rate(before[i].sent_bytes, row.sent_bytes, elapsed);
    row.received_per_second =
        Rate(before[i].received_bytes, row.received_bytes, elapsed);
  }
}

Task<absl::Status> ReportStats(Console* console,
                               std::function<std::vector<StatsRow>()> rows,
                               StatsPeriods periods) {
  const absl::Duration period =
      console->has_panel() ? periods.on_terminal : periods.in_log;
  std::vector<StatsRow> before = rows();
  Clock::time_point then = Clock::now();
  if (console->has_panel()) Show(*console, before);
  while (true) {
    absl::Status slept = co_await Sleep(period);
    std::vector<StatsRow> now = rows();
    const Clock::time_point time = Clock::now();
    AddRates(before, absl::FromChrono(time - then), &now);
    Show(*console, now);
    if (!slept.ok()) co_return slept;
    before = std::move(now);
    then = time;
  }
}

}  // namespace fairway::cmd
