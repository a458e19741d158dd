// SPDX-License-Identifier: Apache-2.0
#include "base/process/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/process/file_limit.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"

namespace fairway {
namespace {

using absl::StatusCode;
using ::testing::Eq;

SubprocessOptions Shell(const std::string& script) {
  return {.path = "/bin/sh", .argv = {"sh", "-c", script}, .env = {"A=b"}};
}

// What `options`' program writes on stdout.
std::string OutputOf(SubprocessOptions options) {
  std::array<int, 2> fds{};
  EXPECT_EQ(pipe(fds.data()), 0);
  options.stdout_fd = fds[1];
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto child = Subprocess::Start(executor, options);
    if (!child.ok()) co_return child.status();
    absl::StatusOr<ExitState> ended = co_await (*child)->Wait();
    co_return ended.status();
  });
  EXPECT_THAT(status, IsOk());
  close(fds[1]);
  std::string output;
  std::array<char, 4096> buffer{};
  for (ssize_t n; (n = read(fds[0], buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), n);
  }
  close(fds[0]);
  return output;
}

bool HasNoChildren() {
  return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

TEST(SubprocessTest, ReportsExitStatusAndLeavesNoZombie) {
  ExitState state;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto child = Subprocess::Start(executor, Shell("exit 7"));
    if (!child.ok()) co_return child.status();
    absl::StatusOr<ExitState> ended = co_await (*child)->Wait();
    if (ended.ok()) state = *ended;
    co_return ended.status();
  });
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(state.exit_code, 7);
  EXPECT_EQ(state.ToString(), "exit status 7");
  EXPECT_TRUE(HasNoChildren());
}

TEST(SubprocessTest, SignalEndsTheWholeGroup) {
  ExitState state;
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe(fds.data()), 0);
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    SubprocessOptions options = Shell("sleep 1000 & echo started; wait");
    options.stdout_fd = fds[1];
    auto child = Subprocess::Start(executor, options);
    close(fds[1]);
    if (!child.ok()) co_return child.status();
    std::array<char, 8> word{};
    EXPECT_EQ(read(fds[0], word.data(), word.size()), 8);
    (*child)->SignalGroup(SIGKILL);
    absl::StatusOr<ExitState> ended = co_await (*child)->Wait();
    if (ended.ok()) state = *ended;
    co_return ended.status();
  });
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(state.ToString(), "signal: killed");
  EXPECT_EQ(state.exit_code, 137);
  // The sleeper held the pipe's other end, and has gone too.
  char byte;
  EXPECT_EQ(read(fds[0], &byte, 1), 0);
  close(fds[0]);
}

TEST(SubprocessTest, MissingProgramIsAnErrorInGosWords) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto child =
        Subprocess::Start(executor, {.path = "/nowhere/x", .argv = {"x"}});
    co_return child.status();
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kNotFound,
                               "fork/exec /nowhere/x: no such file or "
                               "directory"));
  EXPECT_TRUE(HasNoChildren());
}

TEST(SubprocessTest, ChildSeesOnlyWhatItWasGiven) {
  std::array<int, 2> leaked{};
  ASSERT_EQ(pipe(leaked.data()), 0);  // without O_CLOEXEC
  SubprocessOptions options = Shell("echo $A; pwd; ls /proc/self/fd | wc -l");
  options.working_directory = "/tmp";
  // The fourth is that of ls itself.
  EXPECT_EQ(OutputOf(options), "b\n/tmp\n4\n");
  close(leaked[0]);
  close(leaked[1]);
}

TEST(SubprocessTest, SignalsAreAtTheirDefaults) {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  const std::string output = OutputOf(Shell(
      "grep SigBlk /proc/self/status | cut -f2; kill -PIPE $$; echo ignored"));
  sigaction(SIGPIPE, &before, nullptr);
  EXPECT_EQ(output, "0000000000000000\n");
}

TEST(SubprocessTest, DestructionKillsAndReaps) {
  pid_t pid = 0;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto child = Subprocess::Start(executor, Shell("sleep 1000"));
    if (!child.ok()) co_return child.status();
    pid = (*child)->pid();
    EXPECT_TRUE(ProcessStartTime(pid).has_value());
    child->reset();
    co_return absl::OkStatus();
  });
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(ProcessStartTime(pid), std::nullopt);
  EXPECT_TRUE(HasNoChildren());
}

TEST(SubprocessTest, CancelledWaitLeavesTheChildRunning) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto child = Subprocess::Start(executor, Shell("sleep 1000"));
    if (!child.ok()) co_return child.status();
    absl::Status waited = co_await WithDeadline(
        absl::Milliseconds(20), "wait", [&]() -> Task<absl::Status> {
          absl::StatusOr<ExitState> ended = co_await (*child)->Wait();
          co_return ended.status();
        });
    EXPECT_THAT(waited, StatusIs(StatusCode::kDeadlineExceeded));
    EXPECT_EQ((*child)->exit_state(), nullptr);
    EXPECT_EQ(kill((*child)->pid(), 0), 0);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_TRUE(HasNoChildren());
}

TEST(LookPathTest, FindsExecutablesOnly) {
  absl::StatusOr<std::string> found = LookPath("sh", "/nowhere:/bin");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(*found, "/bin/sh");
  EXPECT_THAT(LookPath("passwd", "/etc"),
              StatusIs(StatusCode::kNotFound,
                       "exec: \"passwd\": executable file not found in "
                       "$PATH"));
  EXPECT_THAT(LookPath("/etc/passwd", "/bin"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(LookPath("", "/bin"), StatusIs(StatusCode::kNotFound));
}

TEST(ProcessStartTimeTest, NamesAProcess) {
  EXPECT_TRUE(ProcessStartTime(getpid()).has_value());
  EXPECT_THAT(ProcessStartTime(getpid()), Eq(ProcessStartTime(getpid())));
  EXPECT_EQ(ProcessStartTime(4194305), std::nullopt);  // above the highest pid
}

TEST(SubprocessTest, StopKillsWhatIgnoresSigterm) {
  absl::StatusOr<ExitState> ended = absl::UnknownError("");
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::array<int, 2> out{};
    EXPECT_EQ(pipe(out.data()), 0);
    SubprocessOptions options =
        Shell("trap '' TERM; echo deaf; while :; do sleep 1; done");
    options.env = CurrentEnvironment();
    options.stdout_fd = out[1];
    absl::StatusOr<std::unique_ptr<Subprocess>> child =
        Subprocess::Start(executor, options);
    close(out[1]);
    if (!child.ok()) co_return child.status();
    char word[4];
    EXPECT_EQ(read(out[0], word, sizeof(word)), 4);
    close(out[0]);
    ended = co_await (*child)->Stop(absl::Milliseconds(50));
    co_return ended.status();
  });
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(ended->signal, SIGKILL);
}

TEST(SubprocessTest, HasTheFileLimitFromBeforeItWasRaised) {
  rlimit low = {0, 0};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &low), 0);
  low.rlim_cur = 250;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  RaiseFileLimit();
  EXPECT_EQ(OutputOf(Shell("ulimit -Sn; ulimit -Hn")),
            absl::StrCat("250\n", low.rlim_max, "\n"));
}

}  // namespace
}  // namespace fairway
