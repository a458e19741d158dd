// SPDX-License-Identifier: Apache-2.0
#include "base/process/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway {
namespace {

using absl::StatusCode;

absl::StatusOr<ExitState> RunShell(const std::string& script,
                                   ChildOptions options = {}) {
  absl::StatusOr<ExitState> result = absl::UnknownError("not run");
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    options.argv = {"/bin/sh", "-c", script};
    absl::StatusOr<std::unique_ptr<Child>> child =
        Child::Start(executor, options);
    if (!child.ok()) co_return child.status();
    result = co_await (*child)->Wait();
    co_return result.status();
  });
  if (!status.ok()) return status;
  return result;
}

TEST(ChildTest, TellsExitStatusAndSignal) {
  absl::StatusOr<ExitState> ended = RunShell("exit 3");
  ASSERT_THAT(ended, IsOk());
  EXPECT_EQ(ended->ToString(), "exit status 3");
  ended = RunShell("kill -KILL $$");
  ASSERT_THAT(ended, IsOk());
  EXPECT_EQ(ended->ToString(), "signal: killed");
}

TEST(ChildTest, AppendsOutputToItsFileAndAddsEnvironment) {
  ChildOptions options;
  options.env = {"FAIRWAY_TEST=x y"};
  options.stdout_path = ::testing::TempDir() + "/out";
  options.stderr_path = options.stdout_path;
  ASSERT_THAT(RunShell("echo $FAIRWAY_TEST; echo bad >&2", options), IsOk());
  std::ifstream file(options.stdout_path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), "x y\nbad\n");
}

TEST(ChildTest, MissingProgramIsNotFound) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Child>> child =
        Child::Start(executor, {.argv = {"/no/such"}});
    co_return child.status();
  });
  EXPECT_THAT(status,
              StatusIs(StatusCode::kNotFound,
                       "fork/exec /no/such: no such file or directory"));
}

TEST(ChildTest, StopKillsWhatIgnoresSigterm) {
  absl::StatusOr<ExitState> ended = absl::UnknownError("");
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    ChildOptions options;
    options.argv = {"/bin/sleep", "60"};
    // Ignored signals are inherited.
    auto before = std::signal(SIGTERM, SIG_IGN);
    absl::StatusOr<std::unique_ptr<Child>> child =
        Child::Start(executor, options);
    std::signal(SIGTERM, before);
    if (!child.ok()) co_return child.status();
    ended = co_await (*child)->Stop(absl::Milliseconds(200));
    co_return ended.status();
  });
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(ended->signal, SIGKILL);
}

TEST(FindProgramTest, SaysWhereItLooked) {
  EXPECT_THAT(FindProgram("base/process/child_test"), IsOk());
  EXPECT_THAT(
      FindProgram("no/such-program"),
      StatusIs(StatusCode::kNotFound, ::testing::HasSubstr("no/such-program")));
}

}  // namespace
}  // namespace fairway
