// SPDX-License-Identifier: Apache-2.0
// Thousands of forwarded connections at once: all are served, and afterwards
// no process keeps anything of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/process/file_limit.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/crowd.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

namespace fairway::e2e {
namespace {

constexpr uint16_t kEcho = 7001;
constexpr uint16_t kOpen = 7009;
constexpr Seconds kTimeout(100);

struct Shape {
  const char* name;
  int connections;
  int at_a_time;  // so many come at the same moment
  const char* session_per_connection;
  // Where each connection has a session, a kubelet that relayed would need four
  // descriptors for it, and a process has at most 20,000 on many machines.
  bool redirect;
};

struct Usage {
  int files = 0;
  int threads = 0;
  double pss_mebibytes = 0;
};

class ScaleTest : public ::testing::TestWithParam<Shape> {
 protected:
  void Start() {
    GoBeforeOthers(getpid());
    RaiseFileLimit();
    ClusterOptions options;
    options.redirect = GetParam().redirect;
    options.verbosity = 0;
    cluster_ = std::make_unique<Cluster>(options);
    cluster_->CreatePod("load", {"echo:7001", "open:7009"});
    forward_ = std::make_unique<PortForward>(
        *cluster_, Kubectl::kOurs, "pod/load",
        std::vector<uint16_t>{kEcho, kOpen},
        std::vector<std::string>{std::string("--session-per-connection=") +
                                 GetParam().session_per_connection});
    pids_ = {{"kubectl", forward_->pid()},
             {"kube-apiserver", cluster_->pid("kube-apiserver")},
             {"kubelet", cluster_->pid("kubelet")}};
  }

  std::map<std::string, Usage> UsageNow() const {
    std::map<std::string, Usage> usage;
    for (const auto& [name, pid] : pids_) {
      usage[name] = {OpenFiles(pid), Threads(pid), PssBytes(pid) / 1048576.0};
    }
    return usage;
  }

  std::string PodsView() const {
    return Connection(forward_->local(kOpen)).ReceiveAll();
  }

  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<PortForward> forward_;
  std::map<std::string, pid_t> pids_;
};

// Prints how long it took since the last call.
class Stopwatch {
 public:
  void Print(const char* what) {
    const auto now = std::chrono::steady_clock::now();
    std::printf("%-28s %6.1f s\n", what, Seconds(now - last_).count());
    last_ = now;
  }

 private:
  std::chrono::steady_clock::time_point last_ =
      std::chrono::steady_clock::now();
};

TEST_P(ScaleTest, AllAreServedAtOnceAndNothingIsLeft) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const int count = GetParam().connections;
  // Once through, so that what is made once is there.
  EXPECT_EQ(PodsView(), "0 0\n");
  {
    Crowd few(forward_->local(kEcho), kTimeout);
    few.Grow(10);
    few.End();
  }
  ASSERT_TRUE(Eventually(Seconds(10), [&] { return PodsView() == "0 0\n"; }));
  NapMilliseconds(1000);
  const auto before = UsageNow();

  Stopwatch watch;
  {
    Crowd crowd(forward_->local(kEcho), kTimeout);
    for (int i = 0; i < count; i += GetParam().at_a_time) {
      crowd.Grow(GetParam().at_a_time);
    }
    watch.Print("all are served");
    NapMilliseconds(2000);
    const auto held = UsageNow();
    for (const auto& [name, usage] : held) {
      std::printf(
          "%-15s %6d files %4d threads, PSS %7.1f MiB, %5.1f KiB each\n",
          name.c_str(), usage.files, usage.threads, usage.pss_mebibytes,
          (usage.pss_mebibytes - before.at(name).pss_mebibytes) * 1024 / count);
    }
    EXPECT_EQ(PodsView(), std::to_string(count) + " 0\n");
    watch.Print("held");
    crowd.Echo('b');
    watch.Print("each echoes again");
    crowd.End();
    watch.Print("ended");
  }
  EXPECT_TRUE(forward_->running());
  EXPECT_EQ(forward_->Stderr(), "");

  for (const auto& [name, was] : before) {
    SCOPED_TRACE(name);
    const pid_t pid = pids_.at(name);
    // One session may be on its way out, and one be kept ready.
    EXPECT_TRUE(
        Eventually(Seconds(15),
                   [&, was = was] { return OpenFiles(pid) <= was.files + 4; }))
        << OpenFiles(pid) << " files, " << was.files << " before";
    EXPECT_LE(Threads(pid), was.threads);
  }
  EXPECT_EQ(PodsView(), "0 0\n");
  watch.Print("back");
  EXPECT_EQ(forward_->Stop(), 0);
  EXPECT_EQ(cluster_->Stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ScaleTest,
    ::testing::Values(Shape{"OneSession", 10000, 10000, "auto", false},
                      Shape{"ASessionEach", 5000, 500, "always", true}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fairway::e2e
