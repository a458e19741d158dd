// SPDX-License-Identifier: Apache-2.0
#include "kubelet/pod_workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"

namespace fairway::kubelet {
namespace {

using ::testing::ElementsAre;

api::Pod MakePod(std::string uid) {
  api::Pod pod;
  pod.metadata.name = uid;
  pod.metadata.uid = std::move(uid);
  return pod;
}

// Workers whose hooks note what they are called for; sync waits while `held`.
class Fixture {
 public:
  explicit Fixture(Executor executor, size_t max_syncs)
      : changed(executor),
        workers(executor,
                {[this](api::Pod pod) { return Sync(std::move(pod)); },
                 [this](api::Pod pod) { return Terminate(std::move(pod)); },
                 [this](api::Pod pod) { return Remove(std::move(pod)); }},
                {max_syncs, absl::Milliseconds(1)}) {}

  Task<absl::Status> AwaitCalls(size_t count) {
    while (calls.size() < count) {
      absl::Status waited = co_await changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }
  void Release() {
    held = false;
    changed.NotifyAll();
  }

  Condition changed;
  std::vector<std::string> calls;
  bool held = false;
  int terminate_failures = 0;
  absl::Duration again = absl::InfiniteDuration();
  size_t syncing = 0;
  size_t most_syncing = 0;
  PodWorkers workers;

 private:
  void Note(const char* what, const api::Pod& pod) {
    calls.push_back(absl::StrCat(what, " ", pod.metadata.uid));
    changed.NotifyAll();
  }
  Task<absl::Duration> Sync(api::Pod pod) {
    ++syncing;
    most_syncing = std::max(most_syncing, syncing);
    Note("sync", pod);
    while (held) {
      absl::Status waited = co_await changed.Wait();
      if (!waited.ok()) break;
    }
    --syncing;
    co_return again;
  }
  Task<absl::Status> Terminate(api::Pod pod) {
    Note("terminate", pod);
    if (terminate_failures > 0) {
      --terminate_failures;
      co_return absl::UnavailableError("runtime down");
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> Remove(api::Pod pod) {
    Note("remove", pod);
    co_return absl::OkStatus();
  }
};

absl::Status RunTest(size_t max_syncs,
                     std::function<Task<absl::Status>(Fixture&)> body) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture fixture(executor, max_syncs);
    TaskGroup group(executor);
    absl::Status result = co_await WithDeadline(absl::Seconds(5), "test",
                                                [&] { return body(fixture); });
    // A Join() that is cancelled cancels the workers.
    group.Spawn([&fixture] { return fixture.workers.Join(); });
    group.Cancel();
    absl::Status joined = co_await group.Join();
    if (!absl::IsCancelled(joined) && result.ok()) result = joined;
    co_return result;
  });
}

TEST(PodWorkersTest, SyncsOnUpdateWakeAndTime) {
  EXPECT_THAT(RunTest(4,
                      [](Fixture& f) -> Task<absl::Status> {
                        f.workers.UpdatePod(MakePod("a"));
                        absl::Status s = co_await f.AwaitCalls(1);
                        f.workers.Wake("a");
                        s = co_await f.AwaitCalls(2);
                        f.again = absl::Milliseconds(1);
                        f.workers.UpdatePod(MakePod("a"));
                        s = co_await f.AwaitCalls(6);
                        f.workers.Wake("nobody");
                        EXPECT_EQ(f.workers.size(), 1u);
                        co_return s;
                      }),
              IsOk());
}

TEST(PodWorkersTest, WhatComesDuringASyncIsNotLost) {
  EXPECT_THAT(RunTest(4,
                      [](Fixture& f) -> Task<absl::Status> {
                        f.held = true;
                        f.workers.UpdatePod(MakePod("a"));
                        absl::Status s = co_await f.AwaitCalls(1);
                        f.workers.Wake("a");
                        f.workers.Wake("a");
                        f.Release();
                        s = co_await f.AwaitCalls(2);
                        co_return s;
                      }),
              IsOk());
}

TEST(PodWorkersTest, NoMoreThanSoManyAtATime) {
  EXPECT_THAT(RunTest(3,
                      [](Fixture& f) -> Task<absl::Status> {
                        f.held = true;
                        for (int i = 0; i < 10; ++i) {
                          f.workers.UpdatePod(MakePod(absl::StrCat("p", i)));
                        }
                        absl::Status s = co_await f.AwaitCalls(3);
                        EXPECT_EQ(f.syncing, 3u);
                        f.Release();
                        s = co_await f.AwaitCalls(10);
                        EXPECT_EQ(f.most_syncing, 3u);
                        co_return s;
                      }),
              IsOk());
}

TEST(PodWorkersTest, DeletedPodIsTerminatedAndRemovedWhenTheApiForgetsIt) {
  EXPECT_THAT(
      RunTest(4,
              [](Fixture& f) -> Task<absl::Status> {
                f.terminate_failures = 2;
                f.workers.UpdatePod(MakePod("a"));
                absl::Status s = co_await f.AwaitCalls(1);
                api::Pod deleted = MakePod("a");
                deleted.metadata.deletion_timestamp = "2026-01-01T00:00:00Z";
                f.workers.UpdatePod(deleted);
                s = co_await f.AwaitCalls(4);
                EXPECT_TRUE(f.workers.Has("a"));
                f.workers.RemovePod(deleted);
                s = co_await f.AwaitCalls(5);
                EXPECT_THAT(f.calls,
                            ElementsAre("sync a", "terminate a", "terminate a",
                                        "terminate a", "remove a"));
                co_return s;
              }),
      IsOk());
}

TEST(PodWorkersTest, StoppingDoesNotWaitForASlot) {
  EXPECT_THAT(RunTest(1,
                      [](Fixture& f) -> Task<absl::Status> {
                        f.held = true;
                        f.workers.UpdatePod(MakePod("busy"));
                        f.workers.RemovePod(MakePod("orphan"));
                        absl::Status s = co_await f.AwaitCalls(3);
                        EXPECT_THAT(f.calls,
                                    ElementsAre("sync busy", "terminate orphan",
                                                "remove orphan"));
                        f.Release();
                        co_return s;
                      }),
              IsOk());
}

}  // namespace
}  // namespace fairway::kubelet
