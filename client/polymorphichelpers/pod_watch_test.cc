// SPDX-License-Identifier: Apache-2.0
#include "client/polymorphichelpers/pod_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "client/polymorphichelpers/testing/fake_pods_api.h"

namespace fairway::polymorphichelpers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PodWatchTimes FastTimes() {
  PodWatchTimes times;
  times.first_pause = absl::Milliseconds(1);
  times.early_pause = absl::Milliseconds(4);
  times.poll_period = absl::Milliseconds(2);
  times.refused_for = absl::Milliseconds(30);
  return times;
}

PodQuery OfApp() { return {"ns", "", "app=web"}; }
PodQuery OfPod() { return {"ns", "x", ""}; }

// A watch of an API of pods.
struct Rig {
  Rig(Executor executor, PodQuery query, PodWatchTimes times = FastTimes())
      : api(executor),
        client(api.NewClient()),
        watch(executor, client.get(), std::move(query), times) {}

  // "all a:u1 b:u1", "put a:u1", "gone a:u1".
  Task<absl::StatusOr<std::string>> Next() {
    absl::StatusOr<PodChange> change = co_await watch.Next();
    if (!change.ok()) co_return change.status();
    std::string text = change->kind == PodChange::Kind::kAll   ? "all"
                       : change->kind == PodChange::Kind::kPut ? "put"
                                                               : "gone";
    for (const api::Pod& pod : change->pods) {
      absl::StrAppend(&text, " ", pod.metadata.name, ":", pod.metadata.uid);
    }
    co_return text;
  }

  FakePodsApi api;
  std::unique_ptr<rest::RESTClient> client;
  PodWatch watch;
};

// Expects the next change to be this.
#define EXPECT_NEXT(rig, want)                                       \
  do {                                                               \
    absl::StatusOr<std::string> next_of_rig = co_await (rig).Next(); \
    if (!next_of_rig.ok()) co_return next_of_rig.status();           \
    EXPECT_EQ(*next_of_rig, want);                                   \
  } while (false)

TEST(PodWatchTest, ListsThenWatchesFromThere) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    rig.api.Put(RunningPod("a"));
    rig.api.Put(RunningPod("b"));
    EXPECT_NEXT(rig, "all a:u1 b:u1");
    rig.api.Put(RunningPod("c"));
    EXPECT_NEXT(rig, "put c:u1");
    rig.api.Put(RunningPod("a", "u2"));
    EXPECT_NEXT(rig, "put a:u2");
    rig.api.Delete("b");
    EXPECT_NEXT(rig, "gone b:u1");
    EXPECT_THAT(rig.api.log,
                ElementsAre("list labelSelector=app=web",
                            "watch labelSelector=app=web resourceVersion=12"));
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, APodIsWatchedFromTheVersionThatIsKnown) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfPod());
    rig.api.Put(RunningPod("x"));
    rig.watch.ResumeFrom("11");
    rig.api.Put(RunningPod("x", "u2"));
    EXPECT_NEXT(rig, "put x:u2");
    EXPECT_THAT(
        rig.api.log,
        ElementsAre("watch fieldSelector=metadata.name=x resourceVersion=11"));
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, GoesOnWhereAnEndedOrBrokenWatchWas) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfPod());
    rig.watch.ResumeFrom("10");
    rig.api.Put(RunningPod("x"));
    EXPECT_NEXT(rig, "put x:u1");
    rig.api.EndWatches();
    rig.api.Put(RunningPod("x", "u2"));
    EXPECT_NEXT(rig, "put x:u2");
    // Of a bookmark only the version counts.
    rig.api.Send("BOOKMARK",
                 R"({"kind":"Pod","metadata":{"resourceVersion":"12"}})");
    rig.api.BreakWatches();
    rig.api.Delete("x");
    EXPECT_NEXT(rig, "gone x:u2");
    for (const std::string& line : rig.api.log) {
      EXPECT_THAT(line, HasSubstr("watch ")) << line;
    }
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, AVersionThatIsGoneIsListedAnew) {
  for (const bool as_event : {false, true}) {
    RunTest([as_event](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, OfApp());
      rig.api.Put(RunningPod("a"));
      rig.watch.ResumeFrom("3");
      rig.api.oldest = 11;
      rig.api.gone_as_event = as_event;
      EXPECT_NEXT(rig, "all a:u1");
      rig.api.Put(RunningPod("b"));
      EXPECT_NEXT(rig, "put b:u1");
      EXPECT_THAT(
          rig.api.log,
          ElementsAre("watch labelSelector=app=web resourceVersion=3",
                      "list labelSelector=app=web",
                      "watch labelSelector=app=web resourceVersion=11"));
      co_return absl::OkStatus();
    });
  }
}

TEST(PodWatchTest, AnErrorThatCannotBeReadIsListedAnew) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    EXPECT_NEXT(rig, "all");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::Status asked = co_await rig.api.WaitForRequests(2);
      rig.api.Send("ERROR", R"(["?"])");
      co_return asked;
    });
    EXPECT_NEXT(rig, "all");
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

TEST(PodWatchTest, AnOutageIsWaitedOut) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    rig.api.Put(RunningPod("a"));
    EXPECT_NEXT(rig, "all a:u1");
    TaskGroup group(executor);
    std::string told;
    group.Spawn([&rig, &told]() -> Task<absl::Status> {
      absl::StatusOr<std::string> next = co_await rig.Next();
      told = next.ok() ? *next : next.status().ToString();
      co_return absl::OkStatus();
    });
    rig.api.down = absl::UnavailableError("connect: connection refused");
    rig.api.BreakWatches();
    rig.api.Put(RunningPod("a", "u2"));
    absl::Status asked = co_await rig.api.WaitForRequests(8);
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    EXPECT_EQ(told, "");
    rig.api.down = absl::OkStatus();
    absl::Status joined = co_await group.Join();
    EXPECT_EQ(told, "put a:u2");
    co_return joined;
  });
}

TEST(PodWatchTest, AServerThatIsBackIsNoticedAtOnce) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp(), PodWatchTimes());
    rig.api.down = absl::UnavailableError("connect: connection refused");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::StatusOr<std::string> next = co_await rig.Next();
      co_return next.status();
    });
    absl::Status asked = co_await rig.api.WaitForRequests(5);
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    rig.api.down = absl::OkStatus();
    const absl::Time back = absl::Now();
    absl::Status joined = co_await group.Join();
    EXPECT_LT(absl::Now() - back, absl::Seconds(1));
    co_return joined;
  });
}

TEST(PodWatchTest, LateInATroublePausesAreLonger) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    PodWatchTimes times = FastTimes();
    times.early = absl::ZeroDuration();
    times.late_pause = absl::Milliseconds(400);
    Rig rig(executor, OfApp(), times);
    rig.api.down = absl::UnavailableError("connect: connection refused");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::StatusOr<std::string> next = co_await rig.Next();
      co_return next.status();
    });
    // 1, 2, 4, ... 256, 400 ms, less a quarter at most.
    const absl::Time begin = absl::Now();
    absl::Status asked = co_await rig.api.WaitForRequests(11);
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    EXPECT_GE(absl::Now() - begin, absl::Milliseconds(650));
    rig.api.down = absl::OkStatus();
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

TEST(PodWatchTest, WhoMayNotWatchAsksAgainAndAgain) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    rig.api.forbidden = {"watch"};
    EXPECT_NEXT(rig, "all");
    rig.api.Put(RunningPod("a"));
    EXPECT_NEXT(rig, "all a:u1");
    EXPECT_NEXT(rig, "all a:u1");
    EXPECT_THAT(rig.api.log,
                ElementsAre("list labelSelector=app=web",
                            "watch labelSelector=app=web resourceVersion=10",
                            "list labelSelector=app=web",
                            "list labelSelector=app=web"));
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, AWatchIsTriedAgainLater) {
  for (const PodQuery& query : {OfApp(), OfPod()}) {
    RunTest([query](Executor executor) -> Task<absl::Status> {
      PodWatchTimes times = FastTimes();
      times.poll_for = absl::Milliseconds(20);
      Rig rig(executor, query, times);
      rig.api.forbidden = {"watch"};
      if (!query.name.empty()) rig.api.forbidden.insert("list");
      EXPECT_NEXT(rig, "all");
      EXPECT_NEXT(rig, "all");
      rig.api.forbidden = {};
      while (rig.api.watches() == 0) {
        rig.api.Put(RunningPod("x"));
        absl::StatusOr<std::string> next = co_await rig.Next();
        if (!next.ok()) co_return next.status();
      }
      co_return absl::OkStatus();
    });
  }
}

TEST(PodWatchTest, WhoMayOnlyGetIsServedByGet) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfPod());
    rig.api.forbidden = {"watch", "list"};
    rig.watch.ResumeFrom("10");
    EXPECT_NEXT(rig, "all");
    rig.api.Put(RunningPod("x"));
    EXPECT_NEXT(rig, "all x:u1");
    rig.api.Delete("x");
    EXPECT_NEXT(rig, "all");
    EXPECT_THAT(rig.api.log,
                ElementsAre("watch fieldSelector=metadata.name=x "
                            "resourceVersion=10",
                            "list fieldSelector=metadata.name=x", "get pods/x",
                            "get pods/x", "get pods/x"));
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, WhoMaySeeNothingIsToldAfterAWhile) {
  for (const PodQuery& query : {OfApp(), OfPod()}) {
    RunTest([query](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, query);
      rig.api.forbidden = {"watch", "list", "get"};
      const absl::Time begin = absl::Now();
      absl::StatusOr<std::string> next = co_await rig.Next();
      EXPECT_THAT(next, StatusIs(absl::StatusCode::kPermissionDenied));
      EXPECT_GE(absl::Now() - begin, FastTimes().refused_for);
      co_return absl::OkStatus();
    });
  }
}

// Lets three requests be refused, then none.
Task<absl::StatusOr<std::string>> NextAfterRefusals(Rig* rig,
                                                    Executor executor) {
  rig->api.forbidden = {"list", "watch"};
  TaskGroup group(executor);
  absl::StatusOr<std::string> told = absl::UnknownError("not run");
  group.Spawn([rig, &told]() -> Task<absl::Status> {
    absl::StatusOr<std::string> next = co_await rig->Next();
    told = std::move(next);
    co_return absl::OkStatus();
  });
  absl::Status asked =
      co_await rig->api.WaitForRequests(rig->api.log.size() + 3);
  rig->api.forbidden = {"watch"};
  absl::Status joined = co_await group.Join();
  if (!asked.ok()) co_return asked;
  if (!joined.ok()) co_return joined;
  co_return told;
}

TEST(PodWatchTest, ARefusalThatPassesIsNone) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    PodWatchTimes times = FastTimes();
    times.refused_for = absl::Milliseconds(500);
    Rig rig(executor, OfApp(), times);
    absl::StatusOr<std::string> told =
        co_await NextAfterRefusals(&rig, executor);
    if (!told.ok()) co_return told.status();
    EXPECT_EQ(*told, "all");
    // The next one begins anew.
    absl::Status slept = co_await Sleep(times.refused_for);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
    told = co_await NextAfterRefusals(&rig, executor);
    if (!told.ok()) co_return told.status();
    EXPECT_EQ(*told, "all");
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, WhoDoubtsIsToldAllAnew) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    PodWatchTimes times = FastTimes();
    times.doubt_after = absl::ZeroDuration();
    Rig rig(executor, OfApp(), times);
    rig.api.Put(RunningPod("a"));
    EXPECT_NEXT(rig, "all a:u1");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      while (rig.api.log.size() < 3) {
        rig.watch.Doubt();
        absl::Status slept = co_await Sleep(absl::Milliseconds(1));
        if (!slept.ok()) co_return slept;
      }
      co_return absl::OkStatus();
    });
    EXPECT_NEXT(rig, "all a:u1");
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

TEST(PodWatchTest, WhoDoubtsEndsAPause) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    PodWatchTimes times;
    times.first_pause = absl::Minutes(1);
    times.early_pause = absl::Minutes(1);
    Rig rig(executor, OfApp(), times);
    rig.api.down = absl::UnavailableError("connect: connection refused");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::StatusOr<std::string> next = co_await rig.Next();
      co_return next.status();
    });
    absl::Status asked = co_await rig.api.WaitForRequests(1);
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    rig.api.down = absl::OkStatus();
    while (group.running() > 0) {
      rig.watch.Doubt();
      absl::Status slept = co_await Sleep(absl::Milliseconds(1));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
    }
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

TEST(PodWatchTest, ManyDoubtsAreNotManyRequests) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    PodWatchTimes times;
    times.first_pause = absl::Minutes(1);
    times.early_pause = absl::Minutes(1);
    Rig rig(executor, OfApp(), times);
    rig.api.down = absl::UnavailableError("connect: connection refused");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::StatusOr<std::string> next = co_await rig.Next();
      co_return next.status();
    });
    for (int i = 0; i < 100; ++i) {
      rig.watch.Doubt();
      absl::Status slept = co_await Sleep(absl::Milliseconds(1));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
    }
    EXPECT_LE(rig.api.log.size(), 3u);
    group.Cancel();
    absl::Status joined = co_await group.Join();
    joined.IgnoreError();
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, ThereIsNoDoubtWhereThereWasNewsJustNow) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    rig.api.Put(RunningPod("a"));
    EXPECT_NEXT(rig, "all a:u1");
    rig.api.Put(RunningPod("b"));
    EXPECT_NEXT(rig, "put b:u1");
    rig.watch.Doubt();
    rig.api.Put(RunningPod("c"));
    EXPECT_NEXT(rig, "put c:u1");
    EXPECT_EQ(rig.api.log.size(), 2u);
    co_return absl::OkStatus();
  });
}

TEST(PodWatchTest, ASilentWatchIsMadeAnew) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    PodWatchTimes times = FastTimes();
    times.silence = absl::Milliseconds(5);
    Rig rig(executor, OfApp(), times);
    EXPECT_NEXT(rig, "all");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::Status watched = co_await rig.api.WaitForRequests(4);
      rig.api.Put(RunningPod("a"));
      co_return watched;
    });
    EXPECT_NEXT(rig, "put a:u1");
    absl::Status joined = co_await group.Join();
    EXPECT_EQ(rig.api.log[0], "list labelSelector=app=web");
    EXPECT_EQ(rig.api.log[3], "watch labelSelector=app=web resourceVersion=10");
    co_return joined;
  });
}

TEST(PodWatchTest, GoesOnAfterACancelledCall) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    EXPECT_NEXT(rig, "all");
    rig.api.Put(RunningPod("a"));
    EXPECT_NEXT(rig, "put a:u1");
    TaskGroup group(executor);
    absl::Status ended;
    group.Spawn([&rig, &ended]() -> Task<absl::Status> {
      absl::StatusOr<std::string> next = co_await rig.Next();
      ended = next.status();
      co_return absl::OkStatus();
    });
    group.Cancel();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(ended, StatusIs(absl::StatusCode::kCancelled));
    EXPECT_EQ(rig.api.watches(), 0u);
    rig.api.Put(RunningPod("b"));
    EXPECT_NEXT(rig, "put b:u1");
    EXPECT_EQ(rig.api.log.back(),
              "watch labelSelector=app=web resourceVersion=11");
    co_return joined;
  });
}

TEST(PodWatchTest, WhatIsNoPodIsPassedOver) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, OfApp());
    EXPECT_NEXT(rig, "all");
    TaskGroup group(executor);
    group.Spawn([&rig]() -> Task<absl::Status> {
      absl::Status asked = co_await rig.api.WaitForRequests(2);
      rig.api.Send("MODIFIED", R"({"kind":"Pod","status":{"phase":1}})");
      rig.api.Send("NEWS", R"({"kind":"Pod","metadata":{"name":"n"}})");
      rig.api.Put(RunningPod("a"));
      co_return asked;
    });
    EXPECT_NEXT(rig, "put a:u1");
    EXPECT_EQ(rig.api.log.size(), 2u);
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

}  // namespace
}  // namespace fairway::polymorphichelpers
