// SPDX-License-Identifier: Apache-2.0
// The whole path on real parts: kubectl, API server and kubelet as processes of
// their own over TLS, a pod of either runtime, both ways into it, with and
// without the kubelet's redirect, SPDY by itself and inside WebSocket.
// FAIRWAY_E2E_RUNTIME and FAIRWAY_E2E_KUBECTL (BUILD.bazel) choose which four
// of the cases, and whose kubectl, a target runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/process/testing/as_root.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/docker.h"
#include "e2e/harness/socket.h"

namespace fairway::e2e {
namespace {

using ::testing::HasSubstr;

constexpr uint16_t kEcho = 7001;
constexpr uint16_t kLate = 7002;   // answers after the FIN, at once
constexpr uint16_t kLater = 7003;  // answers 1.5 s after the FIN
constexpr uint16_t kPage = 8080;
constexpr uint16_t kRefused = 7999;
constexpr size_t kHundredMegabytes = 100 * 1000 * 1000;

Kubectl WhichKubectl() {
  const char* which = std::getenv("FAIRWAY_E2E_KUBECTL");
  return which != nullptr && std::string(which) == "debian" ? Kubectl::kDebian
                                                            : Kubectl::kOurs;
}

std::string Runtime() { return std::getenv("FAIRWAY_E2E_RUNTIME"); }

// Whoever is not root gets root's Docker by sudo, for the whole test.
const bool kMayUseDocker = Runtime() != "docker" || RunAsRoot();

struct Case {
  const char* dial;
  bool redirect;
  // For our kubectl; Debian's speaks SPDY only. Each is met with both ways into
  // the pod, with a redirect and without one.
  bool websocket;
};

class PortForwardTest : public ::testing::TestWithParam<Case> {
 protected:
  // One cluster and one session serve all tests of a case, as they would serve
  // a person: what one test leaves broken, the next one meets.
  static void SetUpCase(const Case& c) {
    ClusterOptions options;
    options.runtime = Runtime();
    options.dial = c.dial;
    options.redirect = c.redirect;
    ASSERT_TRUE(kMayUseDocker);
    if (options.runtime == "docker") {
      if (docker_ == nullptr) docker_ = std::make_unique<Docker>();
      options.docker_endpoint = docker_->endpoint();
      options.pause_image = kPodServerImage;
    }
    cluster_ = std::make_unique<Cluster>(options);
    cluster_->CreatePod(
        "load", {"echo:7001", "late:7002:0", "late:7003:1500", "http:8080"});
    forward_ = std::make_unique<PortForward>(
        *cluster_, WhichKubectl(), "pod/load",
        std::vector<uint16_t>{kEcho, kLate, kLater, kPage, kRefused},
        std::vector<std::string>{},
        std::vector<std::string>{
            std::string("KUBECTL_PORT_FORWARD_WEBSOCKETS=") +
            (c.websocket ? "true" : "false")});
  }

  static void TearDownTestSuite() {
    forward_.reset();
    cluster_.reset();
    docker_.reset();
  }

  static uint16_t Local(uint16_t remote) { return forward_->local(remote); }

  static std::unique_ptr<Docker> docker_;
  static std::unique_ptr<Cluster> cluster_;
  static std::unique_ptr<PortForward> forward_;
};

std::unique_ptr<Docker> PortForwardTest::docker_;
std::unique_ptr<Cluster> PortForwardTest::cluster_;
std::unique_ptr<PortForward> PortForwardTest::forward_;

// Sends all, then FIN, then reads all.
std::string Exchange(uint16_t port, const std::string& bytes) {
  Connection connection(port, Seconds(60));
  connection.Send(bytes);
  connection.SendFin();
  return connection.ReceiveAll();
}

void MoveHundredMegabytesBothWays(uint16_t port) {
  const std::string sent = RandomBytes(kHundredMegabytes, 1);
  Connection connection(port, Seconds(60));
  std::thread sender([&] {
    connection.Send(sent);
    connection.SendFin();
  });
  const std::string received = connection.ReceiveAll();
  sender.join();
  EXPECT_EQ(received.size(), sent.size());
  EXPECT_EQ(Sha256Hex(received), Sha256Hex(sent));
}

void TwoHundredInSequence(uint16_t port) {
  for (int i = 0; i < 200; ++i) {
    const std::string sent = RandomBytes(1 + (i * 7919) % 60000, i);
    ASSERT_EQ(Sha256Hex(Exchange(port, sent)), Sha256Hex(sent)) << i;
  }
}

void FiftyAtOnce(uint16_t port) {
  std::vector<std::future<bool>> done;
  for (int i = 0; i < 50; ++i) {
    done.push_back(std::async(std::launch::async, [port, i] {
      const std::string sent = RandomBytes(100000 + i * 1000, 1000 + i);
      return Sha256Hex(Exchange(port, sent)) == Sha256Hex(sent);
    }));
  }
  for (size_t i = 0; i < done.size(); ++i) {
    EXPECT_TRUE(done[i].get()) << "connection " << i;
  }
}

void AnswerAfterHalfClose(uint16_t port) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Exchange(port, "asked"), "asked");
  EXPECT_GT(std::chrono::steady_clock::now() - start, Seconds(1.4));
}

// The refused connection ends, and one that was open before goes on.
void RefusedBesideGood(uint16_t refused, uint16_t good) {
  Connection open(good);
  open.Send("before");
  EXPECT_EQ(open.ReceiveExactly(6), "before");
  Connection bad(refused);
  EXPECT_EQ(bad.ReceiveAll(), "");
  open.Send("after");
  EXPECT_EQ(open.ReceiveExactly(5), "after");
  EXPECT_EQ(Exchange(good, "new"), "new");
}

TEST_P(PortForwardTest, EveryByteOnEveryWay) {
  ASSERT_NO_FATAL_FAILURE(SetUpCase(GetParam()));
  MoveHundredMegabytesBothWays(Local(kEcho));
  TwoHundredInSequence(Local(kLate));
  FiftyAtOnce(Local(kLate));
  AnswerAfterHalfClose(Local(kLater));
  RefusedBesideGood(Local(kRefused), Local(kEcho));
  EXPECT_THAT(Exchange(Local(kPage), "GET / HTTP/1.0\r\n\r\n"),
              HasSubstr("Hello from"));
  EXPECT_TRUE(forward_->running());
  EXPECT_THAT(forward_->Stderr(), HasSubstr("refused"));

  // The transport and the way that the case claims were those taken.
  const Case& c = GetParam();
  EXPECT_EQ(cluster_->Metric("kube-apiserver",
                             "apiserver_stream_tunnel_requests_total",
                             "code=\"101\""),
            c.websocket && WhichKubectl() == Kubectl::kOurs ? 1 : 0);
  const std::string taken = std::string("dial=\"") + c.dial + "\"";
  const std::string other =
      std::string("dial=\"") +
      (std::string(c.dial) == "socat" ? "netns" : "socat") + "\"";
  EXPECT_GE(
      cluster_->Metric("kubelet", "runtime_port_forward_dials_total", taken),
      250);
  EXPECT_EQ(
      cluster_->Metric("kubelet", "runtime_port_forward_dials_total", other),
      0);
  const double redirects =
      cluster_->Metric("kubelet", "kubelet_portforward_redirects_total");
  const double followed = cluster_->Metric(
      "kube-apiserver", "apiserver_proxy_redirects_followed_total");
  if (c.redirect) {
    EXPECT_GE(redirects, 1);
    EXPECT_GE(followed, 1);
  } else {
    EXPECT_EQ(redirects, 0);
    EXPECT_EQ(followed, 0);
  }

  EXPECT_EQ(forward_->Stop(), 0);
  forward_.reset();
  EXPECT_EQ(cluster_->Stop(), 0);
  cluster_.reset();
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  return Runtime() + "_" + info.param.dial +
         (info.param.redirect ? "_redirect" : "_proxy") +
         (info.param.websocket ? "_websocket" : "_spdy");
}

INSTANTIATE_TEST_SUITE_P(Matrix, PortForwardTest,
                         ::testing::Values(Case{"netns", false, true},
                                           Case{"netns", true, false},
                                           Case{"socat", false, false},
                                           Case{"socat", true, true}),
                         CaseName);

}  // namespace
}  // namespace fairway::e2e
