// SPDX-License-Identifier: Apache-2.0
// What is between a local port and its pod is ended under load, over and over:
// the pod, the kubelet, the API server, the network. The port stays, whoever
// was connected is told, new connections work once the part is back, and every
// byte arrives at the pod that it was meant for.
//
// FAIRWAY_ROUNDS says how often each part is ended; without it that is seldom,
// for the time that it takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/network_path.h"
#include "e2e/harness/process.h"
#include "e2e/harness/visitors.h"

namespace fairway::e2e {
namespace {

using ::testing::IsEmpty;
using Clock = std::chrono::steady_clock;
using Time = Visit::Time;

constexpr uint16_t kSolo = 7001;  // witnesses' ports
constexpr uint16_t kWeb = 7002;
// From the part's return to the first byte of a new connection.
constexpr Seconds kBackWithin(5);
// From a part's end to the end of what went through it.
constexpr Seconds kToldWithin(1);
// How long parts are away.
constexpr Seconds kAway[] = {Seconds(0), Seconds(0.3), Seconds(1.5)};
constexpr Seconds kAwayLong(8);  // once in twenty

int Rounds(const std::string& session_per_connection) {
  const char* rounds = std::getenv("FAIRWAY_ROUNDS");
  if (rounds != nullptr) return std::atoi(rounds);
  return session_per_connection == "auto" ? 5 : 2;
}

// Which of the two forwards a part carries.
enum class Hits { kSolo, kWeb, kBoth };

struct Round {
  Time from;    // the part may be gone from here,
  Time until;   // is gone from here,
  Time back;    // is about to return from here,
  Time serves;  // and does its work again from here
};

// Parts of a forward's visits that were not as they should be, and how long
// things took.
struct Verdict {
  std::vector<std::string> faults;
  Seconds slowest_answer{0};  // since the part's return
  Seconds slowest_end{0};     // since its end
  size_t cut = 0;             // connections that were open at an end
  size_t visits = 0;
};

std::string SecondsAfter(Time when, Time start) {
  char text[32];
  std::snprintf(text, sizeof(text), "%+.3f s", Seconds(when - start).count());
  return text;
}

std::string Describe(const Visit& visit, const Round& round, size_t number) {
  std::string text = "round " + std::to_string(number) + ": " + visit.tag +
                     " opened at " + SecondsAfter(visit.opened, round.from);
  text += visit.answered
              ? ", answered at " + SecondsAfter(*visit.answered, round.from)
              : ", not answered";
  text += visit.ended ? ", ended at " + SecondsAfter(*visit.ended, round.from) +
                            " (" + visit.how + ")"
                      : ", not ended";
  return text + "; gone until " + SecondsAfter(round.until, round.from) +
         ", back at " + SecondsAfter(round.back, round.from);
}

// One that was open when the part ended.
void JudgeCut(const Visit& visit, const Round& round, size_t number,
              Verdict& verdict) {
  ++verdict.cut;
  if (!visit.ended || *visit.ended > round.until + kToldWithin) {
    verdict.faults.push_back("no end: " + Describe(visit, round, number));
    return;
  }
  verdict.slowest_end =
      std::max<Seconds>(verdict.slowest_end, *visit.ended - round.until);
}

// One that was new when the part was away, or came when it was back. In the
// first moments its end may not have been noticed yet; and a pod that runs, and
// does not listen yet, refuses.
void JudgeNew(const Visit& visit, const Round& round, size_t number,
              Verdict& verdict) {
  const Time start = std::max(visit.opened, round.back);
  if (visit.answered && *visit.answered <= start + kBackWithin) {
    verdict.slowest_answer =
        std::max<Seconds>(verdict.slowest_answer, *visit.answered - start);
    return;
  }
  const bool early = visit.opened < round.until + kToldWithin;
  const Time noticed = std::max(visit.opened, round.until);
  if (early && visit.ended && *visit.ended <= noticed + kToldWithin) return;
  const bool refused = visit.opened < round.serves && visit.ended &&
                       *visit.ended >= round.back &&
                       *visit.ended <= round.serves;
  if (refused) return;
  verdict.faults.push_back("no answer: " + Describe(visit, round, number));
}

bool Before(const std::optional<Time>& when, Time limit) {
  return when.has_value() && *when < limit;
}

// Judges the visits, up to `over`, of a forward that each of the rounds hit.
Verdict Judge(const std::vector<Visit>& visits,
              const std::vector<Round>& rounds, Time over) {
  Verdict verdict;
  verdict.visits = visits.size();
  for (const Visit& visit : visits) {
    for (size_t i = 0; i < rounds.size(); ++i) {
      const Round& round = rounds[i];
      const Time next = i + 1 == rounds.size() ? over : rounds[i + 1].from;
      // In a round that is not before its time and not after it.
      if (visit.opened >= next || Before(visit.ended, round.from)) continue;
      if (Before(visit.answered, round.from)) {
        const bool survived = i > 0 && visit.opened < rounds[i - 1].from;
        if (!survived) JudgeCut(visit, round, i, verdict);
        continue;
      }
      // Whose bytes have not come to a pod may come to one later, also after
      // the next round has begun.
      const bool undecided =
          !Before(visit.answered, next) && !Before(visit.ended, next) &&
          next < std::max(visit.opened, round.back) + kBackWithin;
      if (!undecided) JudgeNew(visit, round, i, verdict);
    }
  }
  return verdict;
}

// Connections that ended though nothing on their way did.
std::vector<std::string> Disturbed(const std::vector<Visit>& visits) {
  std::vector<std::string> disturbed;
  for (const Visit& visit : visits) {
    if (visit.ended && !visit.whole) {
      disturbed.push_back(visit.tag + " ended by " + visit.how);
    }
  }
  return disturbed;
}

class ReconnectTest : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new Cluster({.restartable = true});
    records_ = new std::string(cluster_->folder() + "/records");
    std::filesystem::create_directory(*records_);
    path_ = new NetworkPath(cluster_->port("kube-apiserver"));
    cluster_->Create(R"({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"},
                 "ports": [{"port": 80, "targetPort": 7002}]}})");
    StartPod("solo");
    StartPod("web-0");
    cluster_->WaitPod(Spec("solo"));
    cluster_->WaitPod(Spec("web-0"));
  }

  static void TearDownTestSuite() {
    EXPECT_EQ(cluster_->Stop(), 0);
    delete path_;
    delete cluster_;
    delete records_;
  }

  static PodSpec Spec(const std::string& name) {
    const bool solo = name == "solo";
    return {.name = name,
            .servers = {"--records=" + *records_,
                        "witness:" + std::to_string(solo ? kSolo : kWeb)},
            .labels = {{"app", solo ? "solo" : "web"}}};
  }
  static void StartPod(const std::string& name) {
    cluster_->StartPod(Spec(name));
  }
  // Until its container serves for the n-th time.
  static void WaitStarts(const std::string& name, int starts) {
    EXPECT_TRUE(Eventually(2 * kBackWithin, [&] {
      return cluster_->Starts(Spec(name)) >= starts;
    })) << cluster_->Log("kubelet");
  }
  static void DeletePod(const std::string& name) {
    const Result deleted = cluster_->RunKubectl(
        Kubectl::kOurs, {"delete", "pod", name, "--force", "--grace-period=0"});
    ASSERT_EQ(deleted.exit_status, 0) << deleted.err;
  }
  // Of the test that runs: pods and their records go from test to test.
  static std::string Letter() { return std::string(1, 'a' + test_); }
  static std::string WebPod() { return "web-" + std::to_string(web_); }

  void SetUp() override {
    ++test_;
    forward_ = std::make_unique<PortForward>(
        *cluster_, Kubectl::kOurs,
        std::vector<std::string>{
            "--address=127.0.0.1",
            "--server=https://127.0.0.1:" + std::to_string(path_->port()),
            "--ping-timeout=500ms",
            std::string("--session-per-connection=") + GetParam(), "pod/solo",
            ":" + std::to_string(kSolo), "--", "service/web", ":80"},
        2);
    solo_ = std::make_unique<Visitors>(
        VisitorOptions{forward_->local(kSolo), "s" + Letter(), /*steady=*/2,
                       /*bulk=*/1, /*fresh=*/1});
    web_visitors_ = std::make_unique<Visitors>(
        VisitorOptions{forward_->local(kWeb), "w" + Letter(), /*steady=*/2,
                       /*bulk=*/1, /*fresh=*/1});
  }

  // One round: `end`, some time, `begin`, and a new connection each.
  void RunRound(int number, Hits hits, const std::function<void()>& end,
                const std::function<void()>& begin,
                Seconds away_at_least = Seconds(0)) {
    for (Visitors* visitors : {solo_.get(), web_visitors_.get()}) {
      visitors->AddIdle(2);
      ASSERT_TRUE(visitors->IdleAreAnswered(kBackWithin)) << Said();
    }
    Round round;
    round.from = Clock::now();
    end();
    round.until = Clock::now();
    const Seconds away = std::max(
        number % 20 == 19 ? kAwayLong : kAway[number % 3], away_at_least);
    NapMilliseconds(static_cast<int>(away.count() * 1000));
    round.back = Clock::now();
    begin();
    round.serves = Clock::now();
    rounds_.push_back(round);
    if (hits != Hits::kWeb) solo_->AddIdle(1);
    if (hits != Hits::kSolo) web_visitors_->AddIdle(1);
    for (Visitors* visitors : {solo_.get(), web_visitors_.get()}) {
      ASSERT_TRUE(visitors->IdleAreAnswered(2 * kBackWithin))
          << "round " << number << ": " << Said();
    }
    // Long enough for all visitors to be at work again.
    NapMilliseconds(300);
  }

  std::string Said() const {
    return forward_->Stderr() + cluster_->Log("kubelet");
  }

  // After the last round.
  void JudgeAll(const char* part, Hits hits) {
    over_ = Clock::now();
    const std::vector<Visit> solo = solo_->Stop();
    const std::vector<Visit> web = web_visitors_->Stop();
    const auto records = ReadWitnessRecords(*records_);
    EXPECT_THAT(Misled(solo, "s" + Letter(), "solo", records), IsEmpty());
    EXPECT_THAT(Misled(web, "w" + Letter(), "web-", records), IsEmpty());
    JudgeForward(part, "pod/solo", solo, hits != Hits::kWeb);
    JudgeForward(part, "service/web", web, hits != Hits::kSolo);
    EXPECT_FALSE(forward_->Wait(Seconds(0)).has_value()) << forward_->Stderr();
    EXPECT_EQ(forward_->Stop(), 0);
    if (HasFailure()) std::printf("%s", forward_->Stderr().c_str());
  }

  void JudgeForward(const char* part, const char* target,
                    const std::vector<Visit>& visits, bool hit) {
    SCOPED_TRACE(target);
    if (!hit) {
      EXPECT_THAT(Disturbed(visits), IsEmpty());
      return;
    }
    const Verdict verdict = Judge(visits, rounds_, over_);
    EXPECT_THAT(verdict.faults, IsEmpty());
    EXPECT_GE(verdict.cut, 4 * rounds_.size());
    std::printf(
        "%s ended, %s, session-per-connection=%s, %zu rounds: a new "
        "connection's first byte after %.3f s at most, %zu open ones ended "
        "after %.3f s at most, %zu connections in all\n",
        part, target, GetParam(), rounds_.size(),
        verdict.slowest_answer.count(), verdict.cut,
        verdict.slowest_end.count(), verdict.visits);
  }

  static Cluster* cluster_;
  static NetworkPath* path_;
  static std::string* records_;
  static int test_;  // the test's number
  static int web_;   // the number of the service's pod
  std::unique_ptr<PortForward> forward_;
  std::unique_ptr<Visitors> solo_;
  std::unique_ptr<Visitors> web_visitors_;
  std::vector<Round> rounds_;
  Time over_;
};

Cluster* ReconnectTest::cluster_ = nullptr;
NetworkPath* ReconnectTest::path_ = nullptr;
std::string* ReconnectTest::records_ = nullptr;
int ReconnectTest::test_ = -1;
int ReconnectTest::web_ = 0;

TEST_P(ReconnectTest, ThePodIsDeletedAndMadeAgain) {
  for (int i = 0; i < Rounds(GetParam()) && !HasFatalFailure(); ++i) {
    RunRound(
        i, Hits::kSolo, [] { DeletePod("solo"); },
        [] {
          StartPod("solo");
          WaitStarts("solo", 1);
        });
  }
  JudgeAll("pod", Hits::kSolo);
}

TEST_P(ReconnectTest, AServicesPodIsReplaced) {
  for (int i = 0; i < Rounds(GetParam()) && !HasFatalFailure(); ++i) {
    const std::string old = WebPod();
    ++web_;
    // As a rollout does it, and as an eviction does it.
    const bool before = i % 2 == 0;
    if (before) {
      StartPod(WebPod());
      cluster_->WaitPod(Spec(WebPod()));
    }
    RunRound(
        i, Hits::kWeb, [&] { DeletePod(old); },
        [&] {
          if (before) return;
          StartPod(WebPod());
          WaitStarts(WebPod(), 1);
        });
  }
  JudgeAll("pod", Hits::kWeb);
}

TEST_P(ReconnectTest, TheKubeletIsKilled) {
  for (int i = 0; i < Rounds(GetParam()) && !HasFatalFailure(); ++i) {
    // Its pods end with it, and are started again by the next one.
    const int solo = cluster_->Starts(Spec("solo"));
    const int web = cluster_->Starts(Spec(WebPod()));
    RunRound(
        i, Hits::kBoth, [] { cluster_->Kill("kubelet"); },
        [&] {
          cluster_->Start("kubelet");
          WaitStarts("solo", solo + 1);
          WaitStarts(WebPod(), web + 1);
        });
  }
  JudgeAll("kubelet", Hits::kBoth);
}

TEST_P(ReconnectTest, TheApiServerIsKilled) {
  for (int i = 0; i < Rounds(GetParam()) && !HasFatalFailure(); ++i) {
    RunRound(
        i, Hits::kBoth, [] { cluster_->Kill("kube-apiserver"); },
        [] { cluster_->Start("kube-apiserver"); });
  }
  JudgeAll("API server", Hits::kBoth);
}

TEST_P(ReconnectTest, TheNetworkResetsWhatItCarries) {
  for (int i = 0; i < Rounds(GetParam()) && !HasFatalFailure(); ++i) {
    RunRound(
        i, Hits::kBoth, [] { path_->Cut(); }, [] { path_->Restore(); });
  }
  JudgeAll("network", Hits::kBoth);
}

TEST_P(ReconnectTest, TheNetworkFallsSilent) {
  for (int i = 0; i < Rounds(GetParam()) && !HasFatalFailure(); ++i) {
    // Away for so long that it is noticed.
    RunRound(
        i, Hits::kBoth, [] { path_->Freeze(); }, [] { path_->Restore(); },
        kToldWithin);
  }
  JudgeAll("silent network", Hits::kBoth);
}

INSTANTIATE_TEST_SUITE_P(Sessions, ReconnectTest,
                         ::testing::Values("auto", "always"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fairway::e2e
