// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kuberuntime/kuberuntime_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "kubelet/kuberuntime/labels.h"
#include "kubelet/kuberuntime/testing/fake_runtime.h"

namespace fairway::kubelet::kuberuntime {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

api::Pod MakePod(std::string name, std::vector<std::string> containers) {
  api::Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name + "-uid";
  pod.restart_policy = "Always";
  for (std::string& container : containers) {
    pod.containers.emplace_back().name = container;
    pod.containers.back().image = "busybox";
  }
  return pod;
}

// Runs a coroutine to its end and gives its value.
template <typename T>
T Await(std::function<Task<T>()> body) {
  absl::optional<T> value;
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    T result = co_await body();
    value.emplace(std::move(result));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  return *std::move(value);
}

class KubeRuntimeManagerTest : public ::testing::Test {
 protected:
  KubeRuntimeManagerTest()
      : logs_(MakeFolder()), manager_(runtime_, runtime_, Options()) {
    runtime_.images = {"busybox"};
  }
  ~KubeRuntimeManagerTest() override { std::filesystem::remove_all(logs_); }

  PodSyncResult Sync(const api::Pod& pod) {
    PodStatus status = Status(pod);
    return Await<PodSyncResult>([&] { return manager_.SyncPod(pod, status); });
  }

  PodStatus Status(const api::Pod& pod) {
    absl::StatusOr<PodStatus> status = Await<absl::StatusOr<PodStatus>>([&] {
      return manager_.GetPodStatus(pod.metadata.uid, pod.metadata.name,
                                   pod.metadata.namespace_);
    });
    EXPECT_THAT(status, IsOk());
    return *std::move(status);
  }

  Pods GetPods(PodsWanted wanted) {
    absl::StatusOr<Pods> pods =
        Await<absl::StatusOr<Pods>>([&] { return manager_.GetPods(wanted); });
    EXPECT_THAT(pods, IsOk());
    return *std::move(pods);
  }

  std::string WaitingFor(const api::Pod& pod, const std::string& container) {
    const WaitingReason* waiting =
        manager_.FindWaitingReason(pod.metadata.uid, container);
    return waiting == nullptr ? "" : waiting->reason;
  }

  static std::string MakeFolder() {
    char path[] = "/tmp/krt.XXXXXX";
    return mkdtemp(path);
  }
  RuntimeManagerOptions Options() {
    RuntimeManagerOptions options;
    options.pod_logs_root = logs_;
    options.now = [this] { return runtime_.now(); };
    return options;
  }

  const std::string logs_;
  FakeRuntime runtime_;
  KubeGenericRuntimeManager manager_;
};

TEST_F(KubeRuntimeManagerTest, StartsSandboxThenContainersInOrder) {
  api::Pod pod = MakePod("web", {"first", "second"});
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_THAT(runtime_.TakeCalls(),
              ElementsAre("RunPodSandbox web 0", "StartContainer web/first 0",
                          "StartContainer web/second 0"));
  PodSyncResult again = Sync(pod);
  EXPECT_THAT(again.status, IsOk());
  EXPECT_EQ(again.retry_after, absl::InfiniteDuration());
  EXPECT_THAT(runtime_.TakeCalls(), IsEmpty());
  EXPECT_EQ(Status(pod).ip, "10.88.0.7");
}

TEST_F(KubeRuntimeManagerTest, SandboxConfigSaysWhoseItIs) {
  api::Pod pod = MakePod(std::string(70, 'n'), {"main"});
  pod.metadata.labels["app"] = "x";
  pod.containers[0].ports.push_back({"http", 80, ""});
  EXPECT_THAT(Sync(pod).status, IsOk());
  const runtimeapi::PodSandboxConfig& config =
      runtime_.run_requests.front().config();
  EXPECT_EQ(config.metadata().uid(), pod.metadata.uid);
  EXPECT_EQ(config.metadata().namespace_(), "default");
  EXPECT_EQ(config.hostname(), std::string(63, 'n'));
  EXPECT_EQ(config.labels().at("app"), "x");
  EXPECT_EQ(config.labels().at(kPodUidLabel), pod.metadata.uid);
  EXPECT_EQ(config.labels().at(kPodNameLabel), pod.metadata.name);
  EXPECT_EQ(config.labels().at(kPodNamespaceLabel), "default");
  EXPECT_EQ(config.log_directory(),
            absl::StrCat(logs_, "/default_", pod.metadata.name, "_",
                         pod.metadata.uid));
  EXPECT_TRUE(std::filesystem::is_directory(config.log_directory()));
  EXPECT_EQ(config.port_mappings(0).container_port(), 80);
  EXPECT_EQ(config.linux().security_context().namespace_options().network(),
            runtimeapi::POD);
}

TEST_F(KubeRuntimeManagerTest, HostNetworkPodHasNoHostnameOfItsOwn) {
  api::Pod pod = MakePod("web", {"main"});
  pod.host_network = true;
  EXPECT_THAT(Sync(pod).status, IsOk());
  const runtimeapi::PodSandboxConfig& config =
      runtime_.run_requests.front().config();
  EXPECT_EQ(config.hostname(), "");
  EXPECT_EQ(config.linux().security_context().namespace_options().network(),
            runtimeapi::NODE);
}

TEST_F(KubeRuntimeManagerTest, ContainerConfigExpandsVariables) {
  api::Pod pod = MakePod("web", {"main"});
  pod.containers[0].command = {"sh", "-c"};
  pod.containers[0].args = {"echo $(GREETING) $$(GREETING) $(NOBODY) $x"};
  pod.containers[0].working_dir = "/srv";
  pod.containers[0].env = {{"NAME", "you"}, {"GREETING", "hi $(NAME)"}};
  EXPECT_THAT(Sync(pod).status, IsOk());
  const runtimeapi::ContainerConfig& config =
      runtime_.create_requests.front().config();
  EXPECT_THAT(config.command(), ElementsAre("sh", "-c"));
  EXPECT_THAT(config.args(),
              ElementsAre("echo hi you $(GREETING) $(NOBODY) $x"));
  EXPECT_EQ(config.envs(1).key(), "GREETING");
  EXPECT_EQ(config.envs(1).value(), "hi you");
  EXPECT_EQ(config.working_dir(), "/srv");
  EXPECT_EQ(config.image().image(), "sha256:busybox");
  EXPECT_EQ(config.log_path(), "main/0.log");
  EXPECT_EQ(config.labels().at(kContainerNameLabel), "main");
}

TEST_F(KubeRuntimeManagerTest, PullsImageThatIsMissing) {
  runtime_.images.clear();
  api::Pod pod = MakePod("web", {"main"});
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_THAT(runtime_.calls,
              ElementsAre("RunPodSandbox web 0", "PullImage busybox",
                          "StartContainer web/main 0"));
}

TEST_F(KubeRuntimeManagerTest, FailedPullIsRetriedWithBackoff) {
  runtime_.images.clear();
  runtime_.FailNext("PullImage", absl::UnavailableError("no registry"));
  api::Pod pod = MakePod("web", {"main"});
  PodSyncResult result = Sync(pod);
  EXPECT_THAT(result.status,
              StatusIs(StatusCode::kUnavailable, "ErrImagePull: no registry"));
  EXPECT_EQ(result.retry_after, absl::Seconds(10));
  EXPECT_EQ(WaitingFor(pod, "main"), "ErrImagePull");
  Sync(pod);
  EXPECT_EQ(WaitingFor(pod, "main"), "ImagePullBackOff");
  EXPECT_EQ(manager_.FindWaitingReason("web-uid", "main")->message,
            "Back-off pulling image \"busybox\"");
  runtime_.Advance(absl::Seconds(11));
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_EQ(WaitingFor(pod, "main"), "");
}

TEST_F(KubeRuntimeManagerTest, ContainerThatFailsToStartLeavesOthersAlone) {
  runtime_.FailNext("CreateContainer", absl::InternalError("broken"));
  api::Pod pod = MakePod("web", {"bad", "good"});
  PodSyncResult result = Sync(pod);
  EXPECT_THAT(result.status,
              StatusIs(StatusCode::kInternal, "CreateContainerError: broken"));
  EXPECT_EQ(WaitingFor(pod, "bad"), "CreateContainerError");
  EXPECT_THAT(runtime_.calls,
              ElementsAre("RunPodSandbox web 0", "StartContainer web/good 0"));
}

struct RestartCase {
  const char* policy;
  int exit_code;
  bool restarted;
};

class RestartPolicyTest : public KubeRuntimeManagerTest,
                          public ::testing::WithParamInterface<RestartCase> {};

TEST_P(RestartPolicyTest, DecidesOnContainerThatExited) {
  api::Pod pod = MakePod("web", {"main", "side"});
  pod.restart_policy = GetParam().policy;
  EXPECT_THAT(Sync(pod).status, IsOk());
  runtime_.TakeCalls();
  runtime_.ExitContainer("web", "main", GetParam().exit_code);
  EXPECT_THAT(Sync(pod).status, IsOk());
  if (GetParam().restarted) {
    EXPECT_THAT(runtime_.calls, ElementsAre("StartContainer web/main 1"));
  } else {
    EXPECT_THAT(runtime_.calls, IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, RestartPolicyTest,
                         ::testing::Values(RestartCase{"Always", 0, true},
                                           RestartCase{"Always", 1, true},
                                           RestartCase{"OnFailure", 0, false},
                                           RestartCase{"OnFailure", 1, true},
                                           RestartCase{"Never", 0, false},
                                           RestartCase{"Never", 1, false}),
                         [](const auto& info) {
                           return absl::StrCat(info.param.policy,
                                               info.param.exit_code);
                         });

TEST_F(KubeRuntimeManagerTest, RestartsBackOffAndDouble) {
  api::Pod pod = MakePod("web", {"main"});
  Sync(pod);
  runtime_.ExitContainer("web", "main", 1);
  EXPECT_THAT(Sync(pod).status, IsOk());  // the first restart comes at once
  runtime_.ExitContainer("web", "main", 1);
  PodSyncResult held = Sync(pod);
  EXPECT_THAT(held.status,
              StatusIs(StatusCode::kUnavailable,
                       "back-off 10s restarting failed container=main "
                       "pod=web_default(web-uid)"));
  EXPECT_GT(held.retry_after, absl::Seconds(9));
  EXPECT_LE(held.retry_after, absl::Seconds(10) + absl::Milliseconds(1));
  EXPECT_EQ(WaitingFor(pod, "main"), "CrashLoopBackOff");
  runtime_.Advance(absl::Seconds(11));
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_EQ(WaitingFor(pod, "main"), "");
  runtime_.ExitContainer("web", "main", 1);
  held = Sync(pod);
  EXPECT_THAT(held.status,
              StatusIs(StatusCode::kUnavailable, HasSubstr("back-off 20s")));
  // After it ran for long enough the wait begins anew.
  runtime_.Advance(absl::Seconds(21));
  EXPECT_THAT(Sync(pod).status, IsOk());
  runtime_.Advance(absl::Minutes(11));
  runtime_.ExitContainer("web", "main", 1);
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_THAT(runtime_.calls, ::testing::Contains("StartContainer web/main 4"));
}

TEST_F(KubeRuntimeManagerTest, KeepsOnlyTheLastEndedRun) {
  api::Pod pod = MakePod("web", {"main"});
  Sync(pod);
  for (int i = 0; i < 4; ++i) {
    runtime_.ExitContainer("web", "main", 1);
    runtime_.Advance(absl::Minutes(6));
    EXPECT_THAT(Sync(pod).status, IsOk());
  }
  EXPECT_EQ(runtime_.containers.size(), 2u);
  EXPECT_EQ(Status(pod).container_statuses[0].metadata().attempt(), 4u);
}

TEST_F(KubeRuntimeManagerTest, DeadSandboxIsMadeAnewWithItsContainers) {
  api::Pod pod = MakePod("web", {"main"});
  Sync(pod);
  runtime_.TakeCalls();
  runtime_.KillSandbox("web");
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_THAT(runtime_.calls,
              ElementsAre("StopPodSandbox sandbox-100", "RunPodSandbox web 1",
                          "StartContainer web/main 1"));
  Sync(pod);
  PodStatus status = Status(pod);
  EXPECT_EQ(status.sandbox_statuses[0].state(), runtimeapi::SANDBOX_READY);
}

TEST_F(KubeRuntimeManagerTest, OldSandboxGoesWithItsLastContainer) {
  api::Pod pod = MakePod("web", {"main"});
  Sync(pod);
  for (int i = 0; i < 3; ++i) {
    runtime_.KillSandbox("web");
    runtime_.Advance(absl::Minutes(20));
    Sync(pod);
  }
  Sync(pod);
  EXPECT_LE(runtime_.sandboxes.size(), 3u);
  EXPECT_EQ(Status(pod).sandbox_statuses[0].metadata().attempt(), 3u);
}

TEST_F(KubeRuntimeManagerTest, NeverRestartedPodGetsNoNewSandbox) {
  api::Pod pod = MakePod("job", {"main"});
  pod.restart_policy = "Never";
  Sync(pod);
  runtime_.ExitContainer("job", "main", 0);
  runtime_.TakeCalls();
  EXPECT_THAT(Sync(pod).status, IsOk());  // all done: the sandbox is stopped
  EXPECT_THAT(runtime_.TakeCalls(), ElementsAre("StopPodSandbox sandbox-100"));
  EXPECT_THAT(Sync(pod).status, IsOk());
  EXPECT_EQ(runtime_.sandboxes.size(), 1u);
  EXPECT_EQ(Status(pod).container_statuses.size(), 1u);
}

TEST_F(KubeRuntimeManagerTest, FailedSandboxIsRetried) {
  runtime_.FailNext("RunPodSandbox", absl::InternalError("no netns"));
  api::Pod pod = MakePod("web", {"main"});
  PodSyncResult result = Sync(pod);
  EXPECT_THAT(result.status,
              StatusIs(StatusCode::kInternal, "create pod sandbox: no netns"));
  EXPECT_EQ(result.retry_after, absl::Seconds(10));
  EXPECT_THAT(Sync(pod).status, IsOk());
}

TEST_F(KubeRuntimeManagerTest, KillPodStopsContainersThenSandbox) {
  api::Pod pod = MakePod("web", {"first", "second"});
  Sync(pod);
  runtime_.TakeCalls();
  Pods pods = GetPods(PodsWanted::kRunning);
  ASSERT_EQ(pods.size(), 1u);
  EXPECT_THAT(Await<absl::Status>(
                  [&] { return manager_.KillPod(pods[0], absl::Seconds(7)); }),
              IsOk());
  EXPECT_THAT(runtime_.TakeCalls(), ElementsAre("StopContainer web/first 7",
                                                "StopContainer web/second 7",
                                                "StopPodSandbox sandbox-100"));
  EXPECT_THAT(GetPods(PodsWanted::kRunning), IsEmpty());
  Pods left = GetPods(PodsWanted::kAll);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_THAT(Await<absl::Status>([&] { return manager_.RemovePod(left[0]); }),
              IsOk());
  EXPECT_TRUE(runtime_.sandboxes.empty());
  EXPECT_TRUE(runtime_.containers.empty());
  EXPECT_TRUE(std::filesystem::is_empty(logs_));
}

TEST_F(KubeRuntimeManagerTest, KillPodGivesAtLeastTwoSeconds) {
  api::Pod pod = MakePod("web", {"main"});
  Sync(pod);
  Pods pods = GetPods(PodsWanted::kRunning);
  EXPECT_THAT(Await<absl::Status>([&] {
                return manager_.KillPod(pods[0], absl::ZeroDuration());
              }),
              IsOk());
  EXPECT_THAT(runtime_.calls, ::testing::Contains("StopContainer web/main 2"));
}

TEST_F(KubeRuntimeManagerTest, StuckContainerEndsWithItsSandbox) {
  api::Pod pod = MakePod("web", {"main"});
  Sync(pod);
  runtime_.FailNext("StopContainer", absl::DeadlineExceededError("stuck"));
  Pods pods = GetPods(PodsWanted::kRunning);
  EXPECT_THAT(Await<absl::Status>(
                  [&] { return manager_.KillPod(pods[0], absl::Seconds(5)); }),
              IsOk());
  EXPECT_THAT(GetPods(PodsWanted::kRunning), IsEmpty());
}

TEST_F(KubeRuntimeManagerTest, GetPodsPassesOverWhatOthersMade) {
  runtimeapi::PodSandboxStatus& other = runtime_.sandboxes["crictl"];
  other.set_id("crictl");
  other.set_state(runtimeapi::SANDBOX_READY);
  EXPECT_THAT(GetPods(PodsWanted::kAll), IsEmpty());
}

TEST_F(KubeRuntimeManagerTest, PortForwardTakesTheReadySandbox) {
  for (const auto& [id, state, created] :
       {std::tuple("old-ready", runtimeapi::SANDBOX_READY, 1),
        std::tuple("newer-ready", runtimeapi::SANDBOX_READY, 2),
        std::tuple("newest-dead", runtimeapi::SANDBOX_NOTREADY, 3)}) {
    runtimeapi::PodSandboxStatus& sandbox = runtime_.sandboxes[id];
    sandbox.set_id(id);
    sandbox.set_state(state);
    sandbox.set_created_at(created);
    (*sandbox.mutable_labels())[kPodUidLabel] = "u1";
  }
  absl::StatusOr<net::http::Url> url =
      Await<absl::StatusOr<net::http::Url>>([&] {
        return manager_.GetPortForward("web", "default", "u1", {80, 443});
      });
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->ToString(), "http://127.0.0.1:4000/portforward/newer-ready");
  EXPECT_THAT(runtime_.port_forward_requests[0].port(), ElementsAre(80, 443));
  absl::StatusOr<std::vector<std::string>> ids =
      Await<absl::StatusOr<std::vector<std::string>>>(
          [&] { return manager_.GetSandboxIDByPodUID("u1", absl::nullopt); });
  ASSERT_THAT(ids, IsOk());
  EXPECT_THAT(*ids, ElementsAre("newer-ready", "old-ready", "newest-dead"));
}

TEST_F(KubeRuntimeManagerTest, PortForwardNamesThePodItCannotFind) {
  auto ask = [&] {
    return Await<absl::StatusOr<net::http::Url>>(
        [&] { return manager_.GetPortForward("web", "default", "u1", {}); });
  };
  EXPECT_THAT(ask(),
              StatusIs(StatusCode::kUnknown,
                       "failed to find sandboxID for pod web_default(u1)"));
  runtime_.FailNext("ListPodSandbox", absl::UnavailableError("runtime down"));
  EXPECT_THAT(ask(), StatusIs(StatusCode::kUnknown,
                              "failed to find sandboxID for pod "
                              "web_default(u1): rpc error: code = "
                              "Unavailable desc = runtime down"));
  (*runtime_.sandboxes["s1"].mutable_labels())[kPodUidLabel] = "u1";
  runtime_.FailNext("PortForward", absl::NotFoundError("no sandbox"));
  EXPECT_THAT(ask(), StatusIs(StatusCode::kNotFound,
                              "rpc error: code = NotFound desc = no sandbox"));
}

}  // namespace
}  // namespace fairway::kubelet::kuberuntime
