// SPDX-License-Identifier: Apache-2.0
// A server that is silent for longer than --ping-timeout is dead; one that is
// slow, or a kubectl that slept itself, is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

namespace fairway::e2e {
namespace {

using ::testing::HasSubstr;

constexpr uint16_t kEcho = 7001;
// kubectl asks at least so often, and sooner for a short --ping-timeout.
constexpr Seconds kPingPeriod(5);

// Whether SPDY is inside WebSocket.
class DeadPeerTest : public ::testing::TestWithParam<bool> {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new Cluster(ClusterOptions{});
    cluster_->CreatePod("load", {"echo:7001"});
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  void Start(const std::string& ping_timeout,
             const std::string& reconnect = "true") {
    forward_ = std::make_unique<PortForward>(
        *cluster_, Kubectl::kOurs, "pod/load", std::vector<uint16_t>{kEcho},
        std::vector<std::string>{"--ping-timeout=" + ping_timeout,
                                 "--reconnect=" + reconnect},
        std::vector<std::string>{
            std::string("KUBECTL_PORT_FORWARD_WEBSOCKETS=") +
            (GetParam() ? "true" : "false")});
    open_ = std::make_unique<Connection>(forward_->local(kEcho));
    Echo("before");
  }

  void Echo(const std::string& bytes) {
    open_->Send(bytes);
    EXPECT_EQ(open_->ReceiveExactly(bytes.size()), bytes);
  }

  static Cluster* cluster_;
  std::unique_ptr<PortForward> forward_;
  std::unique_ptr<Connection> open_;
};

Cluster* DeadPeerTest::cluster_ = nullptr;

// A process stands still as long as this lives.
class Frozen {
 public:
  explicit Frozen(pid_t pid) : pid_(pid) { kill(pid_, SIGSTOP); }
  ~Frozen() { kill(pid_, SIGCONT); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  const pid_t pid_;
};

TEST_P(DeadPeerTest, ASilentServerEndsKubectlWithALine) {
  const Seconds timeout(2);
  Start("2s", "false");
  const Frozen frozen(cluster_->pid("kube-apiserver"));
  const auto start = std::chrono::steady_clock::now();
  const std::optional<int> status =
      forward_->Wait(timeout + timeout / 3 + Seconds(2));
  EXPECT_EQ(status, 1) << forward_->Stderr();
  EXPECT_GT(std::chrono::steady_clock::now() - start, timeout);
  EXPECT_THAT(forward_->Stderr(), HasSubstr("error: lost connection to pod"));
  EXPECT_TRUE(open_->EndsByReset());
}

TEST_P(DeadPeerTest, AServerThatIsSilentForLessIsWaitedFor) {
  Start("7s");
  {
    // Longer than a period: a ping goes unanswered meanwhile.
    const Frozen frozen(cluster_->pid("kube-apiserver"));
    std::this_thread::sleep_for(kPingPeriod + Seconds(0.5));
  }
  Echo("after");
  EXPECT_FALSE(forward_->Wait(Seconds(2)).has_value()) << forward_->Stderr();
  EXPECT_TRUE(forward_->running()) << forward_->Stderr();
  Echo("later");
  EXPECT_EQ(forward_->Stop(), 0);
}

TEST_P(DeadPeerTest, KubectlLivesThroughItsOwnSleep) {
  Start("2s");
  {
    const Frozen frozen(forward_->pid());
    std::this_thread::sleep_for(kPingPeriod + Seconds(3));
  }
  Echo("after");
  EXPECT_FALSE(forward_->Wait(Seconds(3)).has_value()) << forward_->Stderr();
  EXPECT_TRUE(forward_->running()) << forward_->Stderr();
  Echo("later");
  EXPECT_EQ(forward_->Stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Transports, DeadPeerTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "WebSocket" : "Spdy";
                         });

}  // namespace
}  // namespace fairway::e2e
