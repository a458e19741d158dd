// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/pod_link.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "client/tools/portforward/testing/fake_pods.h"

namespace fairway::portforward {
namespace {

LinkTimes ShortTimes() {
  LinkTimes times = ReconnectTimes();
  times.min_pause = absl::Milliseconds(20);
  times.max_pause = absl::Seconds(60);
  times.max_pause_wanted = absl::Milliseconds(80);
  times.company_after = absl::Milliseconds(100);
  times.attempt_timeout = absl::Milliseconds(450);
  times.beyond_doubt = absl::Milliseconds(50);
  return times;
}

struct Fixture {
  explicit Fixture(Executor executor)
      : pods(executor),
        source(&pods, {}),
        link(
            executor, [this]() { return source.NewDialer(pod); },
            SessionPerConnection::kAuto, GiveUp::kAnyway, ShortTimes(),
            [this]() {
              ++changes;
              changed.NotifyAll();
            }),
        changed(executor) {
    pod.uid = "A";
  }

  // Until there is a way, or none.
  Task<absl::Status> WaitUp(bool up) {
    while ((link.sessions() != nullptr) != up) {
      absl::Status waited = co_await changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    co_return absl::OkStatus();
  }

  FakePods pods;
  FakePodSource source;
  TargetPod pod;
  int changes = 0;
  PodLink link;
  Condition changed;
};

// Runs `body` with a link that was opened, and closes it behind it.
void RunOpened(std::function<Task<absl::Status>(Fixture&)> body) {
  absl::Status status = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status ran = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status opened = co_await f.link.Open();
          FAIRWAY_CO_RETURN_IF_ERROR(opened);
          absl::Status done = co_await body(f);
          co_return done;
        });
    f.link.StopWaiting();
    absl::Status closed = co_await f.link.Close();
    EXPECT_THAT(closed, IsOk());
    EXPECT_EQ(f.link.sessions(), nullptr);
    closed = co_await f.pods.Close();
    co_return ran;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(PodLinkTest, FirstAttemptIsTheCallersAndIsNotRepeated) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    f.pods["A"].dial_error = absl::PermissionDeniedError("forbidden");
    absl::Status opened = co_await f.link.Open();
    EXPECT_THAT(opened, StatusIs(absl::StatusCode::kPermissionDenied,
                                 "error upgrading connection: forbidden"));
    opened = co_await Sleep(absl::Milliseconds(100));
    EXPECT_EQ(f.pods["A"].dials, 1u);
    absl::Status closed = co_await f.link.Close();
    co_return closed;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(PodLinkTest, PausesGrowUntilSomebodyWaits) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
    f.pods["A"].sessions[0]->Lose();
    // Attempts after 20, 60, 140, 300 and 620 ms; the next after 1260.
    absl::Status status = co_await Sleep(absl::Milliseconds(1000));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_TRUE(f.link.failing());
    EXPECT_THAT(f.link.error(),
                StatusIs(absl::StatusCode::kUnavailable, "no kubelet"));
    const size_t dials = f.pods["A"].dials;
    EXPECT_GE(dials, 4u);
    EXPECT_LE(dials, 7u);
    f.pods["A"].dial_error = absl::OkStatus();
    const absl::Time before = absl::Now();
    f.link.Want();
    status = co_await f.WaitUp(true);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_LT(absl::Now() - before, absl::Milliseconds(200));
    EXPECT_FALSE(f.link.failing());
    co_return absl::OkStatus();
  });
}

TEST(PodLinkTest, PausesGrowAgainWhenNobodyWaitsAnyMore) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
    f.pods["A"].sessions[0]->Lose();
    f.link.Want();
    absl::Status status = co_await Sleep(absl::Milliseconds(1000));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_LE(f.pods["A"].dials, 8u);
    co_return absl::OkStatus();
  });
}

TEST(PodLinkTest, AttemptThatHangsGetsCompany) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].hold = true;
    f.pods["A"].sessions[0]->Lose();
    // The first and two more hang ...
    absl::Status status = co_await f.pods.WaitDials("A", 4);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_TRUE(f.link.failing());
    EXPECT_EQ(f.link.sessions(), nullptr);
    // ... and go on hanging, unlike the next.
    f.pods["A"].hold_first = 4;
    f.pods["A"].hold = false;
    const absl::Time before = absl::Now();
    status = co_await f.WaitUp(true);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_LT(absl::Now() - before, absl::Milliseconds(200));
    EXPECT_EQ(f.pods["A"].dials, 5u);
    co_return absl::OkStatus();
  });
}

TEST(PodLinkTest, AttemptThatOnlyTakesTimeSucceedsBesideItsCompany) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].hold = true;
    f.pods["A"].sessions[0]->Lose();
    absl::Status status = co_await f.pods.WaitDials("A", 3);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].hold_from = 3;
    f.pods.Release("A");
    status = co_await f.WaitUp(true);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 3u);
    EXPECT_EQ(f.pods["A"].held, 0u);
    co_return absl::OkStatus();
  });
}

TEST(PodLinkTest, AttemptsThatHangAreGivenUp) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].hold = true;
    f.pods["A"].sessions[0]->Lose();
    absl::Status status = co_await f.pods.WaitDials("A", 12);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // Each lasts for four and a half of the pauses between them.
    EXPECT_LE(f.pods["A"].most_held, 5u);
    co_return absl::OkStatus();
  });
}

TEST(PodLinkTest, DoubtIsNoLossUntilTheNextAttemptFails) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    PodLink::ProviderPtr first = f.link.sessions();
    auto lease = co_await first->Acquire();
    if (!lease.ok()) co_return lease.status();
    f.link.Doubt(first);
    // It was made right now.
    EXPECT_EQ(f.link.sessions(), first);
    absl::Status status = co_await Sleep(absl::Milliseconds(60));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.link.Doubt(first);
    f.link.Doubt(first);
    EXPECT_FALSE(f.link.failing());
    status = co_await f.WaitUp(true);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 2u);
    EXPECT_NE(f.link.sessions(), first);
    // Who had the old one keeps it.
    EXPECT_EQ(f.pods["A"].open(), 2u);
    (*lease)->End(ConnectionEnd::kInGoodOrder);
    status = co_await f.pods.WaitOpen("A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // An old doubt says nothing of the new one.
    status = co_await Sleep(absl::Milliseconds(60));
    f.link.Doubt(first);
    EXPECT_NE(f.link.sessions(), nullptr);
    // And now the next attempt fails.
    f.pods["A"].dial_error = absl::NotFoundError("pods \"web-0\" not found");
    f.link.Doubt(PodLink::ProviderPtr(f.link.sessions()));
    while (!f.link.failing()) {
      status = co_await f.changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    EXPECT_THAT(f.link.error(), StatusIs(absl::StatusCode::kNotFound));
    co_return absl::OkStatus();
  });
}

TEST(PodLinkTest, StoppedLinkDialsNoMoreAndKeepsWhatIsInUse) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    PodLink::ProviderPtr sessions = f.link.sessions();
    auto lease = co_await sessions->Acquire();
    if (!lease.ok()) co_return lease.status();
    f.link.Stop();
    EXPECT_EQ(f.link.sessions(), nullptr);
    EXPECT_FALSE(f.link.failing());
    auto none = co_await sessions->Acquire();
    EXPECT_THAT(none, StatusIs(absl::StatusCode::kUnavailable));
    absl::Status status = co_await Sleep(absl::Milliseconds(100));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 1u);
    EXPECT_EQ(f.pods["A"].open(), 1u);
    f.link.Need();
    status = co_await f.WaitUp(true);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].open(), 2u);
    (*lease)->End(ConnectionEnd::kInGoodOrder);
    status = co_await f.pods.WaitOpen("A", 1);
    co_return status;
  });
}

TEST(PodLinkTest, StopEndsAnAttempt) {
  RunOpened([](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].hold = true;
    f.pods["A"].sessions[0]->Lose();
    absl::Status status = co_await f.pods.WaitDials("A", 2);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.link.Stop();
    status = co_await Sleep(absl::Milliseconds(300));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 2u);
    EXPECT_EQ(f.pods["A"].held, 0u);
    EXPECT_FALSE(f.link.failing());
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::portforward
