// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/leftovers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/process/subprocess.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::runtime::process {
namespace {

namespace fs = std::filesystem;

class LeftoversTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fwlo.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Runs `body` beside a session of two processes, its leader and a sleeper;
  // returns how the leader ended.
  static ExitState WithSession(const std::function<void(pid_t leader)>& body) {
    ExitState state;
    absl::Status status = RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      std::array<int, 2> out{};
      if (pipe(out.data()) != 0) co_return absl::InternalError("pipe");
      SubprocessOptions options;
      options.path = "/bin/sh";
      options.argv = {"sh", "-c", "sleep 1000 & echo up; wait"};
      options.env = {"PATH=/bin:/usr/bin"};
      options.stdout_fd = out[1];
      options.new_session = true;
      auto child = Subprocess::Start(executor, options);
      close(out[1]);
      std::array<char, 3> word{};
      EXPECT_EQ(read(out[0], word.data(), word.size()), 3);
      close(out[0]);
      if (!child.ok()) co_return child.status();
      body((*child)->pid());
      // Does nothing to those that have gone.
      (*child)->SignalGroup(SIGTERM);
      absl::StatusOr<ExitState> ended = co_await (*child)->Wait();
      if (ended.ok()) state = *ended;
      co_return ended.status();
    });
    EXPECT_THAT(status, IsOk());
    return state;
  }

  std::string directory_;
};

TEST_F(LeftoversTest, KillsRecordedSessionsAndForgetsThem) {
  const ExitState state = WithSession([this](pid_t leader) {
    Leftovers before(directory_ + "/containers");
    ASSERT_THAT(before.Open(), IsOk());
    ASSERT_THAT(before.Record("c1", leader), IsOk());
    Leftovers after(directory_ + "/containers");
    ASSERT_THAT(after.Open(), IsOk());
    EXPECT_EQ(after.KillAll(), 2);
    EXPECT_EQ(after.KillAll(), 0);
  });
  EXPECT_EQ(state.signal, SIGKILL);
  EXPECT_TRUE(fs::is_empty(directory_ + "/containers"));
}

TEST_F(LeftoversTest, SparesAProcessWithTheSameNumberAndAnotherStart) {
  const ExitState state = WithSession([this](pid_t leader) {
    Leftovers leftovers(directory_);
    ASSERT_THAT(leftovers.Record("c1", leader), IsOk());
    std::string boot_id;
    std::ifstream(directory_ + "/c1") >> boot_id;
    std::ofstream(directory_ + "/c1") << boot_id << " " << leader << " 1\n";
    EXPECT_EQ(leftovers.KillAll(), 0);
  });
  EXPECT_EQ(state.signal, SIGTERM);
}

TEST_F(LeftoversTest, SparesAllAfterAReboot) {
  const ExitState state = WithSession([this](pid_t leader) {
    Leftovers leftovers(directory_);
    std::ofstream(directory_ + "/c1") << "another-boot " << leader << " "
                                      << *ProcessStartTime(leader) << "\n";
    EXPECT_EQ(leftovers.KillAll(), 0);
  });
  EXPECT_EQ(state.signal, SIGTERM);
}

TEST_F(LeftoversTest, IgnoresFilesThatAreNotItsOwn) {
  std::ofstream(directory_ + "/c1") << "nonsense";
  std::ofstream(directory_ + "/c2") << "boot 0 0";
  Leftovers leftovers(directory_);
  EXPECT_EQ(leftovers.KillAll(), 0);
}

TEST_F(LeftoversTest, ForgottenContainersAreSpared) {
  const ExitState state = WithSession([this](pid_t leader) {
    Leftovers leftovers(directory_);
    ASSERT_THAT(leftovers.Record("c1", leader), IsOk());
    leftovers.Forget("c1");
    EXPECT_EQ(leftovers.KillAll(), 0);
  });
  EXPECT_EQ(state.signal, SIGTERM);
}

}  // namespace
}  // namespace fairway::runtime::process
