// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/stats_table.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace fairway::cmd {
namespace {

TEST(HumanBytesTest, IsShort) {
  const std::vector<std::pair<double, const char*>> cases = {
      {0, "0B"},         {1, "1B"},         {999, "999B"},   {999.6, "1.0K"},
      {1000, "1.0K"},    {1024, "1.0K"},    {10188, "9.9K"}, {10189, "10K"},
      {1023487, "999K"}, {1023488, "1.0M"}, {1.5e9, "1.4G"}, {3e12, "2.7T"},
      {2e15, "1.8P"},    {5e18, "4.3E"},
  };
  for (const auto& [bytes, want] : cases) {
    EXPECT_EQ(HumanBytes(bytes), want) << bytes;
  }
}

TEST(HumanRoundTripTest, IsShort) {
  const std::vector<std::pair<absl::Duration, const char*>> cases = {
      {absl::ZeroDuration(), "0us"},        {absl::Microseconds(350), "350us"},
      {absl::Nanoseconds(999600), "1.0ms"}, {absl::Microseconds(1234), "1.2ms"},
      {absl::Milliseconds(85), "85ms"},     {absl::Milliseconds(1234), "1.2s"},
  };
  for (const auto& [round_trip, want] : cases) {
    EXPECT_EQ(HumanRoundTrip(round_trip), want);
  }
}

std::vector<StatsRow> TwoRows() {
  StatsRow web;
  web.forward = "svc/web";
  web.local = "8080,8443";
  web.pod = "web-7d4b9c6f5d-x2b4k";
  web.open = 3;
  web.total = 1234;
  web.sent_bytes = 12345;
  web.received_bytes = 5000000;
  web.sent_per_second = 100;
  web.received_per_second = 2e6;
  web.round_trip = absl::Microseconds(850);
  StatsRow db;
  db.forward = "statefulset/database";
  db.local = "unix:/run/db.sock";
  db.last_error = "lost connection to pod/db-0:\x1b[2J reset";
  return {web, db};
}

TEST(StatsLinesTest, AWideTerminalShowsEverything) {
  EXPECT_EQ(
      absl::StrJoin(StatsLines(TwoRows(), 200), "\n"),
      "FORWARD               LOCAL              POD                   OPEN  "
      "TOTAL  SENT    RATE  RECV    RATE    RTT\n"
      "svc/web               8080,8443          web-7d4b9c6f5d-x2b4k     3   "
      "1234   12K  100B/s  4.8M  1.9M/s  850us\n"
      "statefulset/database  unix:/run/db.sock  -                        0   "
      "   0    0B    0B/s    0B    0B/s      -\n"
      "  last error: lost connection to pod/db-0:?[2J reset");
}

TEST(StatsLinesTest, ANarrowOneLeavesColumnsOutAndCutsNames) {
  EXPECT_EQ(
      absl::StrJoin(StatsLines(TwoRows(), 80), "\n"),
      "FORWARD      LOCAL         POD           OPEN  SENT    RATE  RECV    "
      "RATE    RTT\n"
      "svc/web      8080,8443     web-7..x2b4k     3   12K  100B/s  4.8M  "
      "1.9M/s  850us\n"
      "state..base  unix:...sock  -                0    0B    0B/s    0B    "
      "0B/s      -\n"
      "  last error: lost connection to pod/db-0:?[2J reset");
}

TEST(StatsLinesTest, NoLineIsWiderThanTheTerminal) {
  for (size_t width = 1; width < 200; ++width) {
    for (const std::string& line : StatsLines(TwoRows(), width)) {
      EXPECT_LE(line.size(), width) << line;
    }
  }
}

TEST(StatsSnapshotTest, IsALineOfALog) {
  const std::vector<StatsRow> rows = TwoRows();
  EXPECT_EQ(StatsSnapshot(rows[0]),
            "stats svc/web local=8080,8443 pod=web-7d4b9c6f5d-x2b4k open=3 "
            "total=1234 sent=12345 received=5000000 sentPerSecond=100 "
            "receivedPerSecond=2000000 roundTrip=850us");
  EXPECT_EQ(StatsSnapshot(rows[1]),
            "stats statefulset/database local=unix:/run/db.sock pod=- open=0 "
            "total=0 sent=0 received=0 sentPerSecond=0 receivedPerSecond=0 "
            "roundTrip=- lastError=\"lost connection to pod/db-0:?[2J reset\"");
}

}  // namespace
}  // namespace fairway::cmd
