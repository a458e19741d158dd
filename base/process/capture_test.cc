// SPDX-License-Identifier: Apache-2.0
#include "base/process/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway {
namespace {

using ::testing::HasSubstr;

struct Program {
  std::string script;
  size_t max_bytes = 1 << 20;
  absl::Duration timeout = absl::Seconds(8);
  bool own_group = true;
};

absl::StatusOr<Captured> Capture(const Program& run) {
  absl::StatusOr<Captured> captured = absl::UnknownError("not run");
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    SubprocessOptions options;
    options.path = "/bin/sh";
    options.argv = {"sh", "-c", run.script};
    options.env = {"PATH=/usr/bin:/bin"};
    options.own_group = run.own_group;
    captured =
        co_await RunAndCapture(std::move(options), run.max_bytes, run.timeout);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  return captured;
}

TEST(CaptureTest, GathersStdoutAndTheEnd) {
  absl::StatusOr<Captured> captured =
      Capture({"echo out; echo err >&2; exit 3"});
  ASSERT_THAT(captured, IsOk());
  EXPECT_EQ(captured->output, "out\n");
  EXPECT_EQ(captured->exit_state.exit_code, 3);
}

TEST(CaptureTest, AllOfALongOutputComes) {
  absl::StatusOr<Captured> captured =
      Capture({"head -c 700000 /dev/zero | tr '\\0' x"});
  ASSERT_THAT(captured, IsOk());
  EXPECT_EQ(captured->output, std::string(700000, 'x'));
}

TEST(CaptureTest, EndlessOutputIsCutOff) {
  EXPECT_THAT(Capture({"yes", 4096}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "/bin/sh: wrote more than 4096 bytes"));
}

TEST(CaptureTest, WhatRunsTooLongIsEnded) {
  Program run{"exec sleep 100"};
  run.timeout = absl::Milliseconds(50);
  EXPECT_THAT(Capture(run), StatusIs(absl::StatusCode::kDeadlineExceeded,
                                     HasSubstr("/bin/sh: timed out")));
}

TEST(CaptureTest, AProcessLeftBehindIsNotWaitedFor) {
  absl::StatusOr<Captured> captured =
      Capture({"sleep 5 & echo done", 1 << 20, absl::Seconds(4)});
  ASSERT_THAT(captured, IsOk());
  EXPECT_EQ(captured->output, "done\n");
}

TEST(CaptureTest, ProcessGroupIsItsOwnOrTheParents) {
  const char script[] = "cut -d' ' -f5 /proc/$$/stat";
  Program run{script};
  EXPECT_NE(Capture(run)->output, absl::StrCat(getpgrp(), "\n"));
  run.own_group = false;
  EXPECT_EQ(Capture(run)->output, absl::StrCat(getpgrp(), "\n"));
}

TEST(CaptureTest, WhatIsNoProgramIsAnError) {
  absl::Status ran = RunLoop([]() -> Task<absl::Status> {
    SubprocessOptions options;
    options.path = "/nope";
    absl::StatusOr<Captured> captured =
        co_await RunAndCapture(std::move(options), 10, absl::Seconds(5));
    co_return captured.status();
  });
  EXPECT_THAT(ran, StatusIs(absl::StatusCode::kNotFound,
                            "fork/exec /nope: no such file or directory"));
}

}  // namespace
}  // namespace fairway
