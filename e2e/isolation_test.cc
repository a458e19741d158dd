// SPDX-License-Identifier: Apache-2.0
// Fifty forwarded connections move data while others on the same kubectl do
// what freezes Kubernetes' own: nobody reads them, they are aborted, refused.
// Times with and without the others alternate in one run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/load.h"
#include "e2e/harness/socket.h"

namespace fairway::e2e {
namespace {

using ::testing::ContainsRegex;
using ::testing::IsEmpty;

constexpr uint16_t kEcho = 7001;
constexpr uint16_t kSource = 7002;
constexpr uint16_t kSink = 7003;
constexpr uint16_t kDeaf = 7004;        // never reads
constexpr uint16_t kDeafAWhile = 7005;  // for four seconds
constexpr uint16_t kRefused = 7999;

// Many short spans: what else the machine does falls into both kinds.
constexpr int kRounds = 24;
constexpr Seconds kSpan(0.6);
// Before a span: the buffers of one that is not read fill, or what the others
// left under way goes.
constexpr int kSettleMilliseconds = 300;

// Before an aborted download is, so much of it was read.
constexpr size_t kAbortAfterBytes = 256 * 1024;

// Runs until `over`; how often it did what it does.
using Disturbance = std::function<int(const std::atomic<bool>& over)>;

struct Comparison {
  Throughput alone;
  Throughput disturbed;
  // What is left of the MB/s when disturbed: of each round, whose two spans lie
  // side by side, sorted. The one in the middle is moved by the machine's other
  // work least.
  std::vector<double> kept;
  int disturbances = 0;

  double median_kept() const { return kept[kept.size() / 2]; }
};

class IsolationTest : public ::testing::Test {
 protected:
  void Start(Kubectl kubectl) {
    GoBeforeOthers(getpid());
    cluster_ = std::make_unique<Cluster>(ClusterOptions{});
    cluster_->CreatePod("load", {"echo:7001", "source:7002:1000000000000000",
                                 "sink:7003", "deaf:7004", "deaf:7005:4000"});
    // A pod's processes are a session of their own.
    for (const pid_t pid : Children(cluster_->pid("kubelet"))) {
      GoBeforeOthers(pid);
    }
    forward_ = std::make_unique<PortForward>(
        *cluster_, kubectl, "pod/load",
        std::vector<uint16_t>{kEcho, kSource, kSink, kDeaf, kDeafAWhile,
                              kRefused});
  }

  uint16_t Local(uint16_t remote) const { return forward_->local(remote); }

  LoadOptions Fifty() const {
    return {.echo_port = Local(kEcho),
            .source_port = Local(kSource),
            .sink_port = Local(kSink),
            .echoes = 30,
            .downloads = 10,
            .uploads = 10};
  }

  // The load alone, then disturbed, and again; the order changes each round.
  Comparison Compare(const Disturbance& disturb);

  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<PortForward> forward_;
};

Span SpanFromNow() {
  NapMilliseconds(kSettleMilliseconds);
  const auto begin = Clock::now();
  std::this_thread::sleep_for(kSpan);
  return {begin, Clock::now()};
}

Comparison IsolationTest::Compare(const Disturbance& disturb) {
  Comparison result;
  std::vector<Span> alone;
  std::vector<Span> disturbed;
  Load load(Fifty());
  NapMilliseconds(1000);
  auto disturbed_span = [&] {
    std::atomic<bool> over = false;
    std::thread others([&] { result.disturbances += disturb(over); });
    disturbed.push_back(SpanFromNow());
    over = true;
    others.join();
  };
  for (int round = 0; round < kRounds; ++round) {
    if (round % 2 == 1) disturbed_span();
    alone.push_back(SpanFromNow());
    if (round % 2 == 0) disturbed_span();
  }
  EXPECT_THAT(load.Stop(), IsEmpty());
  result.alone = load.During(alone);
  result.disturbed = load.During(disturbed);
  for (int round = 0; round < kRounds; ++round) {
    result.kept.push_back(load.During({disturbed[round]}).megabytes_per_second /
                          load.During({alone[round]}).megabytes_per_second);
  }
  std::sort(result.kept.begin(), result.kept.end());
  return result;
}

void Print(const char* what, const Throughput& seen) {
  std::printf("%-10s %7.1f MB/s  p50 %6.2f ms  p99 %6.2f ms  (%zu trips)\n",
              what, seen.megabytes_per_second, seen.p50_milliseconds,
              seen.p99_milliseconds, seen.round_trips);
}

void ExpectUndisturbed(const Comparison& seen) {
  Print("alone", seen.alone);
  Print("disturbed", seen.disturbed);
  std::printf("disturbed %d times; a round keeps %.3f (%.3f to %.3f)\n",
              seen.disturbances, seen.median_kept(), seen.kept[kRounds / 4],
              seen.kept[kRounds * 3 / 4]);
  EXPECT_GT(seen.alone.round_trips, 500u);
  EXPECT_GE(seen.median_kept(), 0.9);
  EXPECT_LT(seen.disturbed.p99_milliseconds, 2 * seen.alone.p99_milliseconds);
}

// A download that nobody reads, and another that is aborted over and over.
int StallAndAbort(uint16_t source, const std::atomic<bool>& over) {
  Connection unread(source, Seconds(30), 4096);
  int aborted = 0;
  while (!over) {
    Connection download(source);
    download.ReceiveExactly(kAbortAfterBytes);
    download.Reset();
    ++aborted;
  }
  unread.Reset();
  return aborted;
}

TEST_F(IsolationTest, OurKubectlWhileOneIsNotReadAndOneIsAborted) {
  Start(Kubectl::kOurs);
  const Comparison seen = Compare([this](const std::atomic<bool>& over) {
    return StallAndAbort(Local(kSource), over);
  });
  ExpectUndisturbed(seen);
  EXPECT_GE(seen.disturbances, kRounds);
  EXPECT_TRUE(forward_->running());
}

// How many lines of `text` have `words`.
int LinesWith(const std::string& text, const std::string& words) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(words) != std::string::npos) ++count;
  }
  return count;
}

TEST_F(IsolationTest, DebiansKubectlWhileConnectionsAreRefused) {
  Start(Kubectl::kDebian);
  const Comparison seen = Compare([this](const std::atomic<bool>& over) {
    int refused = 0;
    while (!over) {
      Connection connection(Local(kRefused));
      EXPECT_EQ(connection.ReceiveAll(), "");
      ++refused;
    }
    return refused;
  });
  ExpectUndisturbed(seen);
  EXPECT_GE(seen.disturbances, kRounds);
  EXPECT_EQ(LinesWith(forward_->Stderr(), "an error occurred forwarding"),
            seen.disturbances);
  EXPECT_TRUE(forward_->running());
}

// What the pod does not read lies in our server, up to
// SessionOptions::receive_buffer_bytes a stream.
TEST_F(IsolationTest, DebiansKubectlWhileAPodDoesNotReadWhatTheBufferHolds) {
  Start(Kubectl::kDebian);
  const std::string upload = RandomBytes(900 * 1024, 3);
  const Comparison seen = Compare([&](const std::atomic<bool>& over) {
    Connection connection(Local(kDeaf));
    connection.Send(upload);
    while (!over) NapMilliseconds(10);
    return 1;
  });
  ExpectUndisturbed(seen);
  EXPECT_EQ(seen.disturbances, kRounds);
  EXPECT_TRUE(forward_->running());
}

// Beyond that a peer without windows can only be held up as a whole: the log
// and the metrics name the stream, and all go on once it is read.
TEST_F(IsolationTest, DebiansKubectlWhileAPodDoesNotReadMoreIsHeldUpAndSaysSo) {
  Start(Kubectl::kDebian);
  Connection other(Local(kEcho));
  other.Send("before");
  EXPECT_EQ(other.ReceiveExactly(6), "before");
  Connection unread(Local(kDeafAWhile));
  std::future<void> upload = std::async(
      std::launch::async, [&] { unread.Send(RandomBytes(32 << 20, 4)); });
  EXPECT_TRUE(Eventually(Seconds(3.5), [&] {
    return cluster_->Metric("kubelet", "fairway_spdy_stalls_total") >= 1;
  }));
  EXPECT_GE(cluster_->Metric("kubelet", "fairway_spdy_stalled_bytes"), 1 << 20);
  EXPECT_THAT(cluster_->Log("kubelet"),
              ContainsRegex("spdy session .*: stream [0-9]+ is not read: "
                            "[0-9]+ bytes lie here"));
  other.Send("meanwhile");
  EXPECT_EQ(other.ReceiveExactly(9), "meanwhile");
  upload.get();
  EXPECT_EQ(cluster_->Metric("kubelet", "fairway_spdy_stalled_bytes"), 0);
  EXPECT_TRUE(forward_->running());
}

}  // namespace
}  // namespace fairway::e2e
