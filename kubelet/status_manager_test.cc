// SPDX-License-Identifier: Apache-2.0
#include "kubelet/status_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/testing/fake_kube_client.h"

namespace fairway::kubelet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

api::Pod MakePod(std::string name, std::string phase) {
  api::Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name + "-uid";
  pod.phase = std::move(phase);
  return pod;
}

class Fixture {
 public:
  explicit Fixture(Executor executor)
      : client(executor),
        manager(executor, client, absl::Milliseconds(1)),
        group(executor) {}

  void Start() {
    group.Spawn([this] { return manager.Run(); });
  }
  Task<absl::Status> AwaitUpdates(size_t count) {
    while (client.status_updates.size() < count) {
      absl::Status waited = co_await client.WaitForChange();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> AwaitGone(std::string name) {
    while (client.FindPod("default", name) != nullptr) {
      absl::Status waited = co_await client.WaitForChange();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  FakeKubeClient client;
  StatusManager manager;
  TaskGroup group;
};

absl::Status RunTest(std::function<Task<absl::Status>(Fixture&)> body) {
  return RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture fixture(executor);
    absl::Status result = co_await WithDeadline(absl::Seconds(5), "test",
                                                [&] { return body(fixture); });
    fixture.group.Cancel();
    absl::Status joined = co_await fixture.group.Join();
    EXPECT_THAT(joined, StatusIs(absl::StatusCode::kCancelled));
    co_return result;
  });
}

TEST(StatusManagerTest, SendsEachChangeOnce) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("web", "Pending"));
                f.Start();
                f.manager.SetPodStatus(MakePod("web", "Pending"));
                absl::Status s = co_await f.AwaitUpdates(1);
                f.manager.SetPodStatus(MakePod("web", "Pending"));
                f.manager.SetPodStatus(MakePod("web", "Running"));
                s = co_await f.AwaitUpdates(2);
                EXPECT_EQ(f.client.status_updates[0].phase, "Pending");
                EXPECT_EQ(f.client.status_updates[1].phase, "Running");
                EXPECT_EQ(f.manager.GetPodStatus("web-uid")->phase, "Running");
                co_return s;
              }),
              IsOk());
}

TEST(StatusManagerTest, RetriesWhatWasNotTaken) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("web", ""));
                f.client.status_failures = 3;
                f.Start();
                f.manager.SetPodStatus(MakePod("web", "Running"));
                absl::Status s = co_await f.AwaitUpdates(1);
                EXPECT_EQ(f.client.status_updates[0].phase, "Running");
                co_return s;
              }),
              IsOk());
}

TEST(StatusManagerTest, TerminatedPodGetsItsLastStatusAndIsDeleted) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("web", "Running"));
                f.Start();
                f.manager.SetPodStatus(MakePod("web", "Running"));
                absl::Status s = co_await f.AwaitUpdates(1);
                f.manager.TerminatePod(MakePod("web", "Failed"));
                s = co_await f.AwaitGone("web");
                EXPECT_EQ(f.client.status_updates.back().phase, "Failed");
                EXPECT_THAT(f.client.deleted, ElementsAre("default/web"));
                co_return s;
              }),
              IsOk());
}

TEST(StatusManagerTest, DoesNotTouchSuccessorOfSameName) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                api::Pod successor = MakePod("web", "Pending");
                successor.metadata.uid = "other";
                f.client.PutPod(successor);
                f.client.PutPod(MakePod("last", ""));
                f.Start();
                f.manager.TerminatePod(MakePod("web", "Failed"));
                // Another pod's update shows that the first was worked off.
                f.manager.SetPodStatus(MakePod("zlast", "Running"));
                f.manager.SetPodStatus(MakePod("last", "Running"));
                absl::Status s = co_await f.AwaitUpdates(1);
                EXPECT_THAT(f.client.deleted, IsEmpty());
                EXPECT_EQ(f.client.FindPod("default", "web")->phase, "Pending");
                co_return s;
              }),
              IsOk());
}

TEST(StatusManagerTest, ForgottenPodIsNotSent) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("gone", ""));
                f.client.PutPod(MakePod("web", ""));
                f.manager.SetPodStatus(MakePod("gone", "Running"));
                f.manager.SetPodStatus(MakePod("web", "Running"));
                f.manager.RemovePod("gone-uid");
                EXPECT_EQ(f.manager.GetPodStatus("gone-uid"), nullptr);
                f.Start();
                absl::Status s = co_await f.AwaitUpdates(1);
                EXPECT_EQ(f.client.status_updates[0].metadata.name, "web");
                co_return s;
              }),
              IsOk());
}

}  // namespace
}  // namespace fairway::kubelet
