// SPDX-License-Identifier: Apache-2.0
#include "base/process/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"

namespace fairway {
namespace {

struct Program {
  std::string script;
  size_t max_bytes = 1 << 20;
  bool own_group = true;
};

SubprocessOptions Shell(const std::string& script) {
  SubprocessOptions options;
  options.path = "/bin/sh";
  options.argv = {"sh", "-c", script};
  options.env = {"PATH=/usr/bin:/bin"};
  return options;
}

absl::StatusOr<Captured> Capture(const Program& run) {
  absl::StatusOr<Captured> captured = absl::UnknownError("not run");
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    SubprocessOptions options = Shell(run.script);
    options.own_group = run.own_group;
    Executor executor = co_await kThisExecutor;
    auto program =
        CapturedProgram::Start(executor, std::move(options), run.max_bytes);
    if (!program.ok()) co_return program.status();
    captured = co_await (*program)->Wait();
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

TEST(CaptureTest, AWaitThatIsCancelledMayBeRepeated) {
  std::array<int, 2> in{};
  ASSERT_EQ(pipe(in.data()), 0);
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    SubprocessOptions options = Shell("echo one; read line; echo $line");
    options.stdin_fd = in[0];
    Executor executor = co_await kThisExecutor;
    auto program = CapturedProgram::Start(executor, std::move(options), 100);
    if (!program.ok()) co_return program.status();
    absl::StatusOr<Captured> captured = co_await WithDeadline<Captured>(
        absl::Milliseconds(20), "wait",
        [&program]() -> Task<absl::StatusOr<Captured>> {
          absl::StatusOr<Captured> waited = co_await (*program)->Wait();
          co_return waited;
        });
    EXPECT_THAT(captured, StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_EQ(write(in[1], "two\n", 4), 4);
    captured = co_await (*program)->Wait();
    if (!captured.ok()) co_return captured.status();
    EXPECT_EQ(captured->output, "one\ntwo\n");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  close(in[0]);
  close(in[1]);
}

TEST(CaptureTest, WhatIsStoppedMayEndInGoodOrder) {
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    SubprocessOptions options = Shell(
        "trap 'echo end; exit' TERM; echo ready >&2; while :; do sleep 0.01; "
        "done");
    options.stderr_fd = ready[1];
    Executor executor = co_await kThisExecutor;
    auto program = CapturedProgram::Start(executor, std::move(options), 100);
    if (!program.ok()) co_return program.status();
    char first = 0;
    EXPECT_EQ(read(ready[0], &first, 1), 1);
    absl::Status stopped = co_await (*program)->Stop();
    EXPECT_THAT(stopped, IsOk());
    absl::StatusOr<Captured> captured = co_await (*program)->Wait();
    if (!captured.ok()) co_return captured.status();
    EXPECT_EQ(captured->output, "end\n");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  close(ready[0]);
  close(ready[1]);
}

TEST(CaptureTest, AProcessLeftBehindIsNotWaitedFor) {
  absl::StatusOr<Captured> captured = Capture({"sleep 100 & echo done"});
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
    Executor executor = co_await kThisExecutor;
    co_return CapturedProgram::Start(executor, std::move(options), 10).status();
  });
  EXPECT_THAT(ran, StatusIs(absl::StatusCode::kNotFound,
                            "fork/exec /nope: no such file or directory"));
}

}  // namespace
}  // namespace fairway
