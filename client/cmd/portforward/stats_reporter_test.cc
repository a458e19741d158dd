// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/stats_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/cmd/io_streams.h"

namespace fairway::cmd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

StatsRow Moved(uint64_t sent, uint64_t received) {
  StatsRow row;
  row.forward = "svc/web";
  row.sent_bytes = sent;
  row.received_bytes = received;
  return row;
}

TEST(AddRatesTest, IsWhatMovedInTheTime) {
  std::vector<StatsRow> now = {Moved(3000, 10), Moved(5, 5), Moved(7, 7)};
  AddRates({Moved(1000, 10), Moved(9, 0)}, absl::Seconds(2), &now);
  EXPECT_EQ(now[0].sent_per_second, 1000);
  EXPECT_EQ(now[0].received_per_second, 0);
  // Less than before, and not there before.
  EXPECT_EQ(now[1].sent_per_second, 0);
  EXPECT_EQ(now[1].received_per_second, 2.5);
  EXPECT_EQ(now[2].sent_per_second, 0);
  AddRates({Moved(0, 0)}, absl::ZeroDuration(), &now);
  EXPECT_EQ(now[0].sent_per_second, 0);
}

// What is reported of a forward that sends a byte between two looks at it, by
// somebody who is cancelled at the second.
std::string Report(IOStreams streams, std::ostringstream* err) {
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Console console(streams, Console::Panel::kOnTerminal);
    TaskGroup group(executor);
    uint64_t looks = 0;
    StatsPeriods periods;
    periods.on_terminal = absl::Milliseconds(1);
    periods.in_log = absl::Milliseconds(1);
    group.Spawn([&]() {
      return ReportStats(
          &console,
          [&]() {
            if (++looks == 2) group.Cancel();
            return std::vector<StatsRow>{Moved(looks, 0)};
          },
          periods);
    });
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(absl::StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  return err->str();
}

TEST(ReportStatsTest, WithoutATerminalThereIsALineARow) {
  std::ostringstream out;
  std::ostringstream err;
  IOStreams streams;
  streams.out = &out;
  streams.err_out = &err;
  const std::vector<std::string> lines =
      absl::StrSplit(Report(streams, &err), '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], HasSubstr("stats svc/web local=- pod=- open=0 total=0 "
                                  "sent=2 received=0 sentPerSecond="));
  EXPECT_THAT(lines[0], Not(HasSubstr("sentPerSecond=0 ")));
  EXPECT_THAT(lines[1], HasSubstr("sent=3 "));
  EXPECT_EQ(lines[2], "");
  EXPECT_EQ(out.str(), "");
}

TEST(ReportStatsTest, OnATerminalItIsATableToTheLast) {
  std::ostringstream out;
  std::ostringstream err;
  IOStreams streams;
  streams.out = &out;
  streams.err_out = &err;
  // Any descriptor whose size nobody knows.
  streams.err_terminal = 1000000;
  const std::string text = Report(streams, &err);
  EXPECT_THAT(text, AllOf(HasSubstr("FORWARD"), HasSubstr("\x1b[J"),
                          Not(HasSubstr("stats svc/web"))));
  EXPECT_THAT(text.substr(text.rfind("FORWARD")), HasSubstr(" 3B "));
}

TEST(ConsoleTest, OnlyLinesOfTheSameTerminalMoveThePanel) {
  for (const bool out_is_terminal : {false, true}) {
    std::ostringstream out;
    std::ostringstream err;
    IOStreams streams;
    streams.out = &out;
    streams.err_out = &err;
    streams.err_terminal = 1000000;
    streams.out_is_terminal = out_is_terminal;
    Console console(streams, Console::Panel::kOnTerminal);
    ASSERT_TRUE(console.has_panel());
    console.Paint({"HEAD"});
    const std::string painted = err.str();
    console.Out("Forwarding");
    EXPECT_EQ(out.str(), "Forwarding\n");
    EXPECT_EQ(err.str() != painted, out_is_terminal);
  }
}

TEST(ConsoleTest, LossyStreamsTakeTheLines) {
  std::ostringstream out;
  std::ostringstream err;
  std::ostringstream lossy_out;
  std::ostringstream lossy_err;
  Console console({nullptr, &out, &err, &lossy_out, &lossy_err},
                  Console::Panel::kOnTerminal);
  EXPECT_FALSE(console.has_panel());
  console.Out("a");
  console.Err("b");
  EXPECT_EQ(lossy_out.str() + lossy_err.str(), "a\nb\n");
  EXPECT_EQ(out.str() + err.str(), "");
}

}  // namespace
}  // namespace fairway::cmd
