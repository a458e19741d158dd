// SPDX-License-Identifier: Apache-2.0
#include "kubelet/node_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/kuberuntime/testing/fake_runtime.h"
#include "kubelet/testing/fake_kube_client.h"

namespace fairway::kubelet {
namespace {

using ::testing::HasSubstr;

class Fixture {
 public:
  explicit Fixture(Executor executor)
      : client(executor),
        node_status(client, runtime, Options()),
        group(executor) {}

  void Start() {
    group.Spawn([this] { return node_status.Run(); });
  }
  Task<absl::Status> AwaitUpdates(int count) {
    while (client.node_status_updates < count) {
      absl::Status waited = co_await client.WaitForChange();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  FakeKubeClient client;
  kuberuntime::FakeRuntime runtime;
  NodeStatus node_status;
  TaskGroup group;

 private:
  static NodeStatusOptions Options() {
    NodeStatusOptions options;
    options.node_name = "n1";
    options.node_ip = "127.0.0.1";
    options.kubelet_port = 41234;
    options.update_frequency = absl::Milliseconds(1);
    options.register_backoff = absl::Milliseconds(1);
    return options;
  }
};

absl::Status RunTest(std::function<Task<absl::Status>(Fixture&)> body) {
  return RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture fixture(executor);
    fixture.Start();
    absl::Status result = co_await WithDeadline(absl::Seconds(5), "test",
                                                [&] { return body(fixture); });
    fixture.group.Cancel();
    absl::Status joined = co_await fixture.group.Join();
    EXPECT_THAT(joined, StatusIs(absl::StatusCode::kCancelled));
    co_return result;
  });
}

TEST(NodeStatusTest, RegistersAndTellsHowToReachIt) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                absl::Status s = co_await f.AwaitUpdates(1);
                EXPECT_TRUE(f.node_status.registered());
                absl::StatusOr<api::Node> node =
                    api::NodeFromJson(f.client.nodes["n1"]);
                EXPECT_THAT(node, IsOk());
                EXPECT_TRUE(node->ready);
                EXPECT_EQ(node->kubelet_port, 41234);
                EXPECT_EQ(node->addresses.size(), 2u);
                EXPECT_EQ(node->addresses[0].type, "InternalIP");
                EXPECT_EQ(node->addresses[0].address, "127.0.0.1");
                EXPECT_EQ(node->addresses[1].type, "Hostname");
                EXPECT_EQ(node->addresses[1].address, "n1");
                EXPECT_THAT(f.client.nodes["n1"], HasSubstr("fake://1.0"));
                EXPECT_THAT(f.client.nodes["n1"], HasSubstr("v1.20.2+fairway"));
                co_return s;
              }),
              IsOk());
}

TEST(NodeStatusTest, KeepsWhatOthersWroteToTheNode) {
  EXPECT_THAT(
      RunTest([](Fixture& f) -> Task<absl::Status> {
        absl::Status s = co_await f.AwaitUpdates(1);
        f.client.nodes["n1"] =
            R"({"kind":"Node","metadata":{"name":"n1","labels":{"a":"b"}},
                "status":{"conditions":[{"type":"Custom","status":"True"},
                {"type":"Ready","status":"True",
                 "lastTransitionTime":"2001-01-01T00:00:00Z"}]}})";
        s = co_await f.AwaitUpdates(f.client.node_status_updates + 2);
        EXPECT_THAT(f.client.nodes["n1"], HasSubstr(R"("a":"b")"));
        EXPECT_THAT(f.client.nodes["n1"], HasSubstr("Custom"));
        EXPECT_THAT(f.client.nodes["n1"], HasSubstr("2001-01-01T00:00:00Z"));
        co_return s;
      }),
      IsOk());
}

TEST(NodeStatusTest, NodeIsNotReadyWhileTheRuntimeIsDown) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                absl::Status s = co_await f.AwaitUpdates(1);
                for (int i = 0; i < 50; ++i) {
                  f.runtime.FailNext("Status",
                                     absl::UnavailableError("no socket"));
                }
                s = co_await f.AwaitUpdates(f.client.node_status_updates + 2);
                EXPECT_FALSE(api::NodeFromJson(f.client.nodes["n1"])->ready);
                EXPECT_THAT(f.client.nodes["n1"],
                            HasSubstr("container runtime is down: no socket"));
                s = co_await f.AwaitUpdates(f.client.node_status_updates + 60);
                EXPECT_TRUE(api::NodeFromJson(f.client.nodes["n1"])->ready);
                co_return s;
              }),
              IsOk());
}

TEST(NodeStatusTest, ConflictIsTriedAgainAtOnce) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                f.client.node_conflicts = 4;
                absl::Status s =
                    co_await f.AwaitUpdates(f.client.node_status_updates + 1);
                EXPECT_EQ(f.client.node_conflicts, 0);
                co_return s;
              }),
              IsOk());
}

TEST(NodeStatusTest, RegistersAgainWhenSomebodyDeletesTheNode) {
  EXPECT_THAT(RunTest([](Fixture& f) -> Task<absl::Status> {
                absl::Status s = co_await f.AwaitUpdates(1);
                f.client.nodes.clear();
                s = co_await f.AwaitUpdates(f.client.node_status_updates + 2);
                EXPECT_EQ(f.client.nodes.count("n1"), 1u);
                co_return s;
              }),
              IsOk());
}

}  // namespace
}  // namespace fairway::kubelet
