// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kubelet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/kuberuntime/testing/fake_runtime.h"
#include "kubelet/testing/fake_kube_client.h"

namespace fairway::kubelet {
namespace {

using absl::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

api::Pod MakePod(std::string name) {
  api::Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name + "-uid";
  pod.node_name = "n1";
  pod.restart_policy = "Always";
  pod.containers.emplace_back().name = "main";
  pod.containers.back().image = "busybox";
  return pod;
}

// One node; the API server and the runtime outlive its kubelet.
class Node {
 public:
  explicit Node(Executor executor)
      : executor_(executor), logs_(MakeFolder()), client(executor) {
    runtime.images = {"busybox"};
  }
  ~Node() { std::filesystem::remove_all(logs_); }

  void StartKubelet() {
    kubelet = std::make_unique<Kubelet>(executor_, client, runtime, runtime,
                                        Options());
    group_ = std::make_unique<TaskGroup>(executor_);
    group_->Spawn([this] { return kubelet->Run(); });
  }

  Task<absl::Status> StopKubelet() {
    if (group_ == nullptr) co_return absl::OkStatus();
    group_->Cancel();
    absl::Status joined = co_await group_->Join();
    group_.reset();
    kubelet.reset();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  }

  // Looks at every change of the API, and each relist.
  Task<absl::Status> Await(std::function<bool()> done) {
    while (!done()) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(1));
      if (!slept.ok()) co_return slept;
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> AwaitPhase(std::string name, std::string phase) {
    return Await([this, name, phase] {
      const api::Pod* pod = client.FindPod("default", name);
      return pod != nullptr && pod->phase == phase;
    });
  }
  Task<absl::Status> AwaitRuntimeEmpty() {
    return Await([this] {
      return runtime.sandboxes.empty() && runtime.containers.empty();
    });
  }

  void Delete(const std::string& name, int grace_seconds) {
    api::Pod pod = *client.FindPod("default", name);
    pod.metadata.deletion_timestamp = "2026-01-01T00:00:00Z";
    pod.metadata.deletion_grace_period_seconds = grace_seconds;
    client.PutPod(pod);
  }

 private:
  static std::string MakeFolder() {
    char path[] = "/tmp/klt.XXXXXX";
    return mkdtemp(path);
  }
  KubeletOptions Options() {
    KubeletOptions options;
    options.node.node_name = "n1";
    options.node.node_ip = "127.0.0.1";
    options.node.update_frequency = absl::Milliseconds(20);
    options.source.min_backoff = absl::Milliseconds(1);
    options.runtime.pod_logs_root = logs_;
    options.runtime.now = [this] { return runtime.now(); };
    options.workers.retry = absl::Milliseconds(2);
    options.relist_period = absl::Milliseconds(2);
    options.retry = absl::Milliseconds(2);
    return options;
  }

  const Executor executor_;
  const std::string logs_;
  std::unique_ptr<TaskGroup> group_;

 public:
  FakeKubeClient client;
  kuberuntime::FakeRuntime runtime;
  std::unique_ptr<Kubelet> kubelet;
};

absl::Status RunTest(std::function<Task<absl::Status>(Node&)> body) {
  return RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Node node(executor);
    absl::Status result = co_await WithDeadline(absl::Seconds(8), "test",
                                                [&] { return body(node); });
    absl::Status stopped = co_await node.StopKubelet();
    co_return result.ok() ? stopped : result;
  });
}

TEST(KubeletTest, PodThatIsBoundToTheNodeRuns) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.client.PutPod(MakePod("web"));
                api::Pod elsewhere = MakePod("elsewhere");
                elsewhere.node_name = "n2";
                n.client.PutPod(elsewhere);
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("web", "Running");
                const api::Pod& pod = *n.client.FindPod("default", "web");
                EXPECT_EQ(pod.pod_ip, "10.88.0.7");
                EXPECT_EQ(pod.host_ip, "127.0.0.1");
                EXPECT_THAT(pod.container_statuses[0].container_id,
                            HasSubstr("fake://container-"));
                EXPECT_THAT(n.runtime.calls,
                            ElementsAre("RunPodSandbox web 0",
                                        "StartContainer web/main 0"));
                s = co_await n.Await([&] { return n.kubelet->Ready().ok(); });
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, DeletedPodIsStoppedThenRemovedFromTheApi) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.client.PutPod(MakePod("web"));
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("web", "Running");
                n.runtime.TakeCalls();
                n.Delete("web", 9);
                s = co_await n.AwaitRuntimeEmpty();
                EXPECT_EQ(n.client.FindPod("default", "web"), nullptr);
                EXPECT_THAT(n.client.deleted, ElementsAre("default/web"));
                EXPECT_EQ(n.runtime.calls[0], "StopContainer web/main 9");
                EXPECT_THAT(n.runtime.calls[1], HasSubstr("StopPodSandbox"));
                const api::Pod& last = n.client.status_updates.back();
                EXPECT_EQ(last.container_statuses[0].state, "terminated");
                EXPECT_EQ(last.container_statuses[0].exit_code, 143);
                EXPECT_EQ(n.kubelet->GetPodByName("default", "web"), nullptr);
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, DeletionWaitsForARuntimeThatIsDown) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.client.PutPod(MakePod("web"));
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("web", "Running");
                for (int i = 0; i < 3; ++i) {
                  n.runtime.FailNext("StopPodSandbox",
                                     absl::UnavailableError("down"));
                }
                n.Delete("web", 1);
                s = co_await n.AwaitRuntimeEmpty();
                EXPECT_THAT(n.client.deleted, ElementsAre("default/web"));
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, PodThatVanishedFromTheApiIsStopped) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.client.PutPod(MakePod("web"));
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("web", "Running");
                n.client.RemovePod("default", "web");
                s = co_await n.AwaitRuntimeEmpty();
                EXPECT_THAT(n.runtime.calls,
                            Contains("StopContainer web/main 30"));
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, RestartedKubeletFindsItsPodsAndEndsOrphans) {
  EXPECT_THAT(
      RunTest([](Node& n) -> Task<absl::Status> {
        n.client.PutPod(MakePod("web"));
        api::Pod old = MakePod("old");
        old.termination_grace_period_seconds = 4;
        n.client.PutPod(old);
        n.StartKubelet();
        absl::Status s = co_await n.AwaitPhase("web", "Running");
        s = co_await n.AwaitPhase("old", "Running");
        s = co_await n.StopKubelet();
        EXPECT_EQ(n.runtime.sandboxes.size(), 2u);
        n.runtime.TakeCalls();
        n.client.RemovePod("default", "old");

        n.StartKubelet();
        s = co_await n.Await([&] { return n.runtime.sandboxes.size() == 1; });
        EXPECT_EQ(n.runtime.calls[0], "StopContainer old/main 4");
        EXPECT_THAT(n.runtime.calls, Not(Contains(HasSubstr("RunPodSandbox"))));
        EXPECT_THAT(n.runtime.calls, Not(Contains(HasSubstr("web/main"))));
        EXPECT_EQ(n.runtime.sandboxes.begin()->second.metadata().name(), "web");
        co_return s;
      }),
      IsOk());
}

TEST(KubeletTest, NothingIsEndedBeforeTheApiHasAnswered) {
  EXPECT_THAT(
      RunTest([](Node& n) -> Task<absl::Status> {
        n.client.PutPod(MakePod("web"));
        n.StartKubelet();
        absl::Status s = co_await n.AwaitPhase("web", "Running");
        s = co_await n.StopKubelet();
        n.runtime.TakeCalls();
        for (int i = 0; i < 10; ++i) {
          n.client.FailNextList(absl::UnavailableError("no server"));
        }
        const int lists = n.client.lists;
        n.StartKubelet();
        s = co_await n.Await([&] { return n.client.lists >= lists + 6; });
        EXPECT_TRUE(n.runtime.calls.empty());
        co_return s;
      }),
      IsOk());
}

TEST(KubeletTest, DeadContainerAndSandboxAreNoticed) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.client.PutPod(MakePod("web"));
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("web", "Running");
                n.runtime.ExitContainer("web", "main", 1);
                s = co_await n.Await([&] {
                  const api::Pod* pod = n.client.FindPod("default", "web");
                  return pod->container_statuses[0].restart_count == 1 &&
                         pod->container_statuses[0].state == "running";
                });
                n.runtime.KillSandbox("web");
                n.runtime.Advance(absl::Minutes(1));
                s = co_await n.Await([&] {
                  const api::Pod* pod = n.client.FindPod("default", "web");
                  return pod->container_statuses[0].restart_count == 2 &&
                         pod->container_statuses[0].state == "running";
                });
                EXPECT_THAT(n.runtime.calls, Contains("RunPodSandbox web 1"));
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, FinishedPodKeepsItsEndAndGivesUpItsSandbox) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                api::Pod job = MakePod("job");
                job.restart_policy = "Never";
                n.client.PutPod(job);
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("job", "Running");
                n.runtime.ExitContainer("job", "main", 0);
                s = co_await n.AwaitPhase("job", "Succeeded");
                s = co_await n.Await([&] {
                  return n.runtime.sandboxes.begin()->second.state() ==
                         runtimeapi::SANDBOX_NOTREADY;
                });
                // Nor does it run again once the runtime has forgotten it.
                n.runtime.sandboxes.clear();
                n.runtime.containers.clear();
                n.runtime.TakeCalls();
                s = co_await n.StopKubelet();
                n.StartKubelet();
                // Another pod's start shows that the first was looked at.
                n.client.PutPod(MakePod("later"));
                s = co_await n.AwaitPhase("later", "Running");
                EXPECT_THAT(n.runtime.calls,
                            ElementsAre("RunPodSandbox later 0",
                                        "StartContainer later/main 0"));
                EXPECT_EQ(n.client.FindPod("default", "job")->phase,
                          "Succeeded");
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, SuccessorOfSameNameRunsBesideTheEnd) {
  EXPECT_THAT(
      RunTest([](Node& n) -> Task<absl::Status> {
        n.client.PutPod(MakePod("web"));
        n.StartKubelet();
        absl::Status s = co_await n.AwaitPhase("web", "Running");
        n.client.RemovePod("default", "web");
        api::Pod successor = MakePod("web");
        successor.metadata.uid = "second";
        n.client.PutPod(successor);
        s = co_await n.AwaitPhase("web", "Running");
        s = co_await n.Await([&] { return n.runtime.sandboxes.size() == 1; });
        EXPECT_EQ(n.runtime.sandboxes.begin()->second.metadata().uid(),
                  "second");
        EXPECT_EQ(n.kubelet->GetPodByName("default", "web")->metadata.uid,
                  "second");
        co_return s;
      }),
      IsOk());
}

TEST(KubeletTest, PortForwardLeadsToThePodsSandbox) {
  EXPECT_THAT(
      RunTest([](Node& n) -> Task<absl::Status> {
        n.client.PutPod(MakePod("web"));
        n.StartKubelet();
        absl::Status s = co_await n.AwaitPhase("web", "Running");
        std::vector<int32_t> ports = {80};
        absl::StatusOr<net::http::Url> url = co_await n.kubelet->GetPortForward(
            "web", "default", "web-uid", ports);
        EXPECT_THAT(url, IsOk());
        EXPECT_EQ(url->ToString(),
                  absl::StrCat("http://127.0.0.1:4000/portforward/",
                               n.runtime.sandboxes.begin()->first));
        url =
            co_await n.kubelet->GetPortForward("nobody", "default", "x", ports);
        EXPECT_THAT(url, StatusIs(StatusCode::kUnknown,
                                  "pod not found (\"nobody_default\")"));
        co_return s;
      }),
      IsOk());
}

TEST(KubeletTest, PortForwardTranslatesTheUidOfAMirrorPod) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.client.PutPod(MakePod("web"));
                n.StartKubelet();
                absl::Status s = co_await n.AwaitPhase("web", "Running");
                api::Pod mirror = MakePod("web");
                mirror.metadata.uid = "mirror";
                mirror.metadata.annotations[pod::kConfigMirrorAnnotationKey] =
                    "hash";
                n.client.SendEvent({"ADDED", api::ToJson(mirror)});
                std::vector<int32_t> ports;
                bool found = false;
                while (!found && s.ok()) {
                  absl::StatusOr<net::http::Url> url =
                      co_await n.kubelet->GetPortForward("web", "default",
                                                         "mirror", ports);
                  found = url.ok();
                  s = co_await Sleep(absl::Milliseconds(1));
                }
                EXPECT_EQ(n.runtime.sandboxes.size(), 1u);
                co_return s;
              }),
              IsOk());
}

TEST(KubeletTest, ReadinessNamesWhatIsMissing) {
  EXPECT_THAT(RunTest([](Node& n) -> Task<absl::Status> {
                n.runtime.FailNext("ListPodSandbox",
                                   absl::UnavailableError("no runtime"));
                n.StartKubelet();
                EXPECT_THAT(n.kubelet->Ready(),
                            StatusIs(StatusCode::kUnavailable));
                absl::Status s =
                    co_await n.Await([&] { return n.kubelet->Ready().ok(); });
                co_return s;
              }),
              IsOk());
}

}  // namespace
}  // namespace fairway::kubelet
