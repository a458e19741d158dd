// SPDX-License-Identifier: Apache-2.0
#include "kubelet/pod/api_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/testing/fake_kube_client.h"

namespace fairway::kubelet::pod {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

api::Pod MakePod(std::string name, std::string uid) {
  api::Pod pod;
  pod.metadata.name = std::move(name);
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = std::move(uid);
  pod.node_name = "n1";
  return pod;
}

// An ApiSource at a fake server; writes what it is told as "ADD web/u1".
class Fixture {
 public:
  explicit Fixture(Executor executor)
      : client(executor),
        heard(executor),
        source(client, Options(), [this](PodUpdate update) { Record(update); }),
        group(executor) {}

  void Start() {
    group.Spawn([this] { return source.Run(); });
  }

  Task<absl::Status> AwaitUpdates(size_t count) {
    while (updates.size() < count) {
      absl::Status waited = co_await heard.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> AwaitWatches(size_t count) {
    while (client.watched_from.size() < count) {
      absl::Status waited = co_await client.WaitForChange();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> Stop() {
    group.Cancel();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(absl::StatusCode::kCancelled));
    co_return absl::OkStatus();
  }

  FakeKubeClient client;
  Condition heard;
  ApiSource source;
  TaskGroup group;
  std::vector<std::string> updates;

 private:
  static ApiSourceOptions Options() {
    ApiSourceOptions options;
    options.node_name = "n1";
    options.min_backoff = absl::Milliseconds(1);
    options.max_backoff = absl::Milliseconds(4);
    return options;
  }

  void Record(const PodUpdate& update) {
    const char* words[] = {"ADD", "UPDATE", "REMOVE"};
    updates.push_back(absl::StrCat(words[static_cast<int>(update.operation)],
                                   " ", update.pod.metadata.name, "/",
                                   update.pod.metadata.uid));
    heard.NotifyAll();
  }
};

absl::Status RunTest(std::function<Task<absl::Status>(Fixture&)> body) {
  return RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture fixture(executor);
    absl::Status result = co_await WithDeadline(absl::Seconds(5), "test",
                                                [&] { return body(fixture); });
    absl::Status stopped = co_await fixture.Stop();
    if (result.ok()) result = stopped;
    co_return result;
  });
}

TEST(ApiSourceTest, TellsListedPodsThenEvents) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("web", "u1"));
                EXPECT_FALSE(f.source.synced());
                f.Start();
                absl::Status s = co_await f.AwaitWatches(1);
                EXPECT_TRUE(f.source.synced());
                f.client.PutPod(MakePod("db", "u2"));
                f.client.PutPod(MakePod("web", "u1"));
                f.client.RemovePod("default", "web");
                s = co_await f.AwaitUpdates(4);
                EXPECT_THAT(f.updates,
                            ElementsAre("ADD web/u1", "ADD db/u2",
                                        "UPDATE web/u1", "REMOVE web/u1"));
                EXPECT_EQ(f.client.lists, 1);
                co_return s;
              }),
              IsOk());
}

TEST(ApiSourceTest, ResumesWatchFromLastVersionWhenServerEndsIt) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.Start();
                absl::Status s = co_await f.AwaitWatches(1);
                f.client.PutPod(MakePod("web", "u1"));  // version 101
                s = co_await f.AwaitUpdates(1);
                f.client.EndWatch(absl::OkStatus());
                s = co_await f.AwaitWatches(2);
                EXPECT_THAT(f.client.watched_from, ElementsAre("100", "101"));
                EXPECT_EQ(f.client.lists, 1);
                co_return s;
              }),
              IsOk());
}

TEST(ApiSourceTest, RelistsAfterGoneAndMakesUpForWhatWasMissed) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("web", "u1"));
                f.Start();
                absl::Status s = co_await f.AwaitWatches(1);
                f.client.ForgetPod("default", "web");
                f.client.EndWatch(api::NewGone("too old resource version"));
                s = co_await f.AwaitUpdates(2);
                EXPECT_THAT(f.updates,
                            ElementsAre("ADD web/u1", "REMOVE web/u1"));
                EXPECT_EQ(f.client.lists, 2);
                co_return s;
              }),
              IsOk());
}

TEST(ApiSourceTest, ErrorEventMeansRelist) {
  EXPECT_THAT(
      RunTest([](Fixture& f) -> Task<absl::Status> {
        f.Start();
        absl::Status s = co_await f.AwaitWatches(1);
        f.client.SendEvent(
            {"ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})"});
        s = co_await f.AwaitWatches(2);
        EXPECT_EQ(f.client.lists, 2);
        co_return s;
      }),
      IsOk());
}

TEST(ApiSourceTest, EventThatCannotBeReadMeansRelist) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.Start();
                absl::Status s = co_await f.AwaitWatches(1);
                f.client.SendEvent({"ADDED", R"({"metadata":7})"});
                s = co_await f.AwaitWatches(2);
                f.client.SendEvent({"SURPRISE", "{}"});
                s = co_await f.AwaitWatches(3);
                EXPECT_THAT(f.updates, IsEmpty());
                EXPECT_EQ(f.client.lists, 3);
                co_return s;
              }),
              IsOk());
}

TEST(ApiSourceTest, ServerThatIsAwayIsAskedAgain) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                for (int i = 0; i < 3; ++i) {
                  f.client.FailNextList(absl::UnavailableError("refused"));
                }
                f.client.PutPod(MakePod("web", "u1"));
                f.Start();
                absl::Status s = co_await f.AwaitUpdates(1);
                EXPECT_EQ(f.client.lists, 4);
                co_return s;
              }),
              IsOk());
}

TEST(ApiSourceTest, BookmarkOnlyMovesTheVersion) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.Start();
                absl::Status s = co_await f.AwaitWatches(1);
                f.client.SendEvent(
                    {"BOOKMARK",
                     R"({"kind":"Pod","metadata":{"resourceVersion":"555"}})"});
                f.client.EndWatch(absl::OkStatus());
                s = co_await f.AwaitWatches(2);
                EXPECT_THAT(f.client.watched_from, ElementsAre("100", "555"));
                EXPECT_THAT(f.updates, IsEmpty());
                co_return s;
              }),
              IsOk());
}

TEST(ApiSourceTest, SuccessorOfSameNameFollowsRemoval) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.PutPod(MakePod("web", "old"));
                f.Start();
                absl::Status s = co_await f.AwaitWatches(1);
                f.client.ForgetPod("default", "web");
                f.client.EndWatch(absl::UnavailableError("lost"));
                s = co_await f.AwaitUpdates(2);
                f.client.PutPod(MakePod("web", "new"));
                s = co_await f.AwaitUpdates(3);
                EXPECT_THAT(f.updates,
                            ElementsAre("ADD web/old", "REMOVE web/old",
                                        "ADD web/new"));
                co_return s;
              }),
              IsOk());
}

}  // namespace
}  // namespace fairway::kubelet::pod
