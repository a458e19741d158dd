// SPDX-License-Identifier: Apache-2.0
// How connections through our kubectl end, both ways into a pod: every FIN,
// reset and signal arrives as what it is, and nothing that was sent before it
// is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

namespace fairway::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint16_t kEcho = 7001;
constexpr uint16_t kSource = 7002;  // without an end
constexpr uint16_t kSink = 7003;
constexpr uint16_t kReset = 7004;   // after kResetAfter bytes
constexpr uint16_t kMinute = 7005;  // answers a minute after the FIN
constexpr uint16_t kLater = 7006;   // answers 1.5 s after the FIN
constexpr uint16_t kTwenty = 7007;  // kTwentyMegabytes, then FIN
constexpr uint16_t kOpen = 7009;
constexpr size_t kResetAfter = 100000;
constexpr size_t kTwentyMegabytes = 20 * 1000 * 1000;

// A way into the pod, with a kubectl of its own.
struct Way {
  std::unique_ptr<Cluster> cluster;
  std::unique_ptr<PortForward> forward;
  std::future<std::string> minute;  // what came of the one that takes long

  uint16_t Local(uint16_t remote) const { return forward->local(remote); }
};

std::unique_ptr<PortForward> Forward(const Cluster& cluster) {
  return std::make_unique<PortForward>(
      cluster, Kubectl::kOurs, "pod/load",
      std::vector<uint16_t>{kEcho, kSource, kSink, kReset, kMinute, kLater,
                            kTwenty, kOpen});
}

std::string AnswerOf(uint16_t port, const std::string& asked, Seconds timeout) {
  Connection connection(port, timeout);
  connection.Send(asked);
  connection.SendFin();
  return connection.ReceiveAll();
}

const char* const kDials[] = {"netns", "socat"};

class EndsTest : public ::testing::TestWithParam<const char*> {
 protected:
  // Both clusters live at the same time, so that the minute passes once, and
  // while the other tests run.
  static void SetUpTestSuite() {
    ways_ = new std::map<std::string, Way>();
    for (const char* dial : kDials) {
      Way& way = (*ways_)[dial];
      ClusterOptions options;
      options.dial = dial;
      way.cluster = std::make_unique<Cluster>(options);
      way.cluster->CreatePod(
          "load", {"echo:7001", "source:7002:1000000000000000", "sink:7003",
                   "reset:7004:100000", "late:7005:60000", "late:7006:1500",
                   "source:7007:20000000", "open:7009"});
      way.forward = Forward(*way.cluster);
      way.minute = std::async(std::launch::async, [&way] {
        return AnswerOf(way.Local(kMinute), RandomBytes(3000000, 1),
                        Seconds(75));
      });
    }
  }

  static void TearDownTestSuite() {
    delete ways_;
    ways_ = nullptr;
  }

  Way& way() { return ways_->at(GetParam()); }
  uint16_t Local(uint16_t remote) { return way().Local(remote); }

  struct PodsView {
    int open = -1;            // connections
    uint64_t sunk_bytes = 0;  // by sinks, up to a FIN
  };
  PodsView View(const PortForward& forward) {
    std::istringstream words(Connection(forward.local(kOpen)).ReceiveAll());
    PodsView view;
    words >> view.open >> view.sunk_bytes;
    return view;
  }

  // How long the pod had one connection more than `before`.
  Seconds TimeUntilOpen(int before) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(Eventually(
        Seconds(5), [&] { return View(*way().forward).open == before; }));
    return std::chrono::steady_clock::now() - start;
  }

  static std::map<std::string, Way>* ways_;
};

std::map<std::string, Way>* EndsTest::ways_ = nullptr;

TEST_P(EndsTest, AnAbortedDownloadFreesThePodsSocketWithinASecond) {
  const int before = View(*way().forward).open;
  for (int i = 0; i < 3; ++i) {
    Connection download(Local(kSource));
    download.ReceiveExactly(1 << 20);
    EXPECT_EQ(View(*way().forward).open, before + 1);
    download.Reset();
    EXPECT_LT(TimeUntilOpen(before), Seconds(1));
  }
}

TEST_P(EndsTest, AnAbortedDownloadThatNobodyReadFreesItToo) {
  const int before = View(*way().forward).open;
  Connection download(Local(kSource), Seconds(30), 4096);
  download.ReceiveExactly(1);
  // Until no buffer on the way takes any more.
  NapMilliseconds(1500);
  EXPECT_EQ(View(*way().forward).open, before + 1);
  download.Reset();
  EXPECT_LT(TimeUntilOpen(before), Seconds(1));
}

TEST_P(EndsTest, AnAbortedUploadFreesItToo) {
  const int before = View(*way().forward).open;
  Connection upload(Local(kSink));
  upload.Send(RandomBytes(1 << 20, 2));
  EXPECT_TRUE(Eventually(
      Seconds(5), [&] { return View(*way().forward).open == before + 1; }));
  upload.Reset();
  EXPECT_LT(TimeUntilOpen(before), Seconds(1));
}

TEST_P(EndsTest, APodsResetIsAResetHereAndOneLine) {
  Connection other(Local(kEcho));
  other.Send("before");
  EXPECT_EQ(other.ReceiveExactly(6), "before");
  const size_t said = way().forward->Stderr().size();
  Connection connection(Local(kReset));
  connection.Send(RandomBytes(kResetAfter, 3));
  EXPECT_TRUE(connection.EndsByReset());
  std::string lines;
  EXPECT_TRUE(Eventually(Seconds(5), [&] {
    lines = way().forward->Stderr().substr(said);
    return !lines.empty() && lines.back() == '\n';
  }));
  EXPECT_THAT(lines, HasSubstr("error copying between local connection and "
                               "remote stream: "));
  EXPECT_EQ(lines.find('\n'), lines.size() - 1) << lines;
  other.Send("after");
  EXPECT_EQ(other.ReceiveExactly(5), "after");
}

TEST_P(EndsTest, WhatWasSentBeforeTheFinArrivesThoughKubectlIsToldToEnd) {
  std::unique_ptr<PortForward> forward = Forward(*way().cluster);
  const uint64_t before = View(*way().forward).sunk_bytes;
  {
    Connection upload(forward->local(kSink));
    upload.Send(RandomBytes(kTwentyMegabytes, 4));
    upload.SendFin();
    EXPECT_TRUE(
        Eventually(Seconds(10), [&] { return upload.FinIsAcknowledged(); }));
    // The application has done its part, and goes.
  }
  EXPECT_EQ(forward->Stop(SIGTERM), 0);
  EXPECT_TRUE(Eventually(Seconds(5), [&] {
    return View(*way().forward).sunk_bytes == before + kTwentyMegabytes;
  })) << View(*way().forward).sunk_bytes - before;
}

// The pod is done with it; the application has not read it yet.
TEST_P(EndsTest, WhatThePodSentBeforeItsFinArrivesThoughKubectlIsToldToEnd) {
  std::unique_ptr<PortForward> forward = Forward(*way().cluster);
  const int before = View(*way().forward).open;
  Connection download(forward->local(kLater), Seconds(10), 4096);
  const std::string sent = RandomBytes(1 << 20, 5);
  download.Send(sent);
  download.SendFin();
  EXPECT_EQ(download.ReceiveExactly(1), sent.substr(0, 1));
  EXPECT_TRUE(Eventually(Seconds(5),
                         [&] { return View(*way().forward).open == before; }));
  std::future<int> stopped =
      std::async(std::launch::async, [&] { return forward->Stop(SIGTERM); });
  EXPECT_EQ(Sha256Hex(sent[0] + download.ReceiveAll()), Sha256Hex(sent));
  EXPECT_EQ(stopped.get(), 0);
}

TEST_P(EndsTest, AnAnswerThatStartsAMinuteAfterTheFinArrivesWhole) {
  EXPECT_EQ(Sha256Hex(way().minute.get()), Sha256Hex(RandomBytes(3000000, 1)));
  EXPECT_TRUE(way().forward->running());
  EXPECT_THAT(way().forward->Stderr(), Not(HasSubstr("timed out")));
}

// The last: it ends the cluster.
TEST_P(EndsTest, OpenConnectionsEndInGoodOrderWhenTheKubeletIsToldToEnd) {
  Connection download(Local(kTwenty), Seconds(10));
  std::string got = download.ReceiveExactly(1 << 20);
  std::future<std::string> later = std::async(std::launch::async, [this] {
    return AnswerOf(Local(kLater), RandomBytes(1 << 20, 6), Seconds(10));
  });
  EXPECT_TRUE(
      Eventually(Seconds(5), [&] { return View(*way().forward).open >= 2; }));
  kill(way().cluster->pid("kubelet"), SIGTERM);
  download.SendFin();
  got += download.ReceiveAll();
  EXPECT_EQ(got.size(), kTwentyMegabytes);
  EXPECT_EQ(Sha256Hex(later.get()), Sha256Hex(RandomBytes(1 << 20, 6)));
}

INSTANTIATE_TEST_SUITE_P(Dials, EndsTest, ::testing::ValuesIn(kDials),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fairway::e2e
