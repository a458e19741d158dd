// SPDX-License-Identifier: Apache-2.0
#include "kubelet/pod_status.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::kubelet {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'600'000'000);

api::Pod MakePod(std::string policy, int containers) {
  api::Pod pod;
  pod.metadata.name = "web";
  pod.metadata.uid = "u1";
  pod.restart_policy = std::move(policy);
  for (int i = 0; i < containers; ++i) {
    pod.containers.emplace_back().name = absl::StrCat("c", i);
    pod.containers.back().image = "busybox";
  }
  return pod;
}

const kuberuntime::WaitingReason* NothingWaits(const std::string&) {
  return nullptr;
}

// One letter a container: '-' none yet, 'c' created, 'r' running, '0' to '9'
// ended with that status.
kuberuntime::PodStatus Runtime(const std::string& states) {
  kuberuntime::PodStatus status;
  status.ip = "10.0.0.9";
  for (size_t i = 0; i < states.size(); ++i) {
    if (states[i] == '-') continue;
    runtimeapi::ContainerStatus& container =
        status.container_statuses.emplace_back();
    container.set_id(absl::StrCat("id", i));
    container.mutable_metadata()->set_name(absl::StrCat("c", i));
    container.mutable_metadata()->set_attempt(4);
    container.set_started_at(absl::ToUnixNanos(kNow));
    if (states[i] == 'c') {
      container.set_state(runtimeapi::CONTAINER_CREATED);
    } else if (states[i] == 'r') {
      container.set_state(runtimeapi::CONTAINER_RUNNING);
    } else {
      container.set_state(runtimeapi::CONTAINER_EXITED);
      container.set_exit_code(states[i] - '0');
      container.set_reason(states[i] == '0' ? "Completed" : "Error");
    }
  }
  return status;
}

std::string ConditionOf(const api::Pod& pod, const std::string& type) {
  for (const api::PodCondition& condition : pod.conditions) {
    if (condition.type == type) return condition.status;
  }
  return "";
}

api::Pod Generate(const api::Pod& pod, const std::string& states) {
  return GenerateAPIPodStatus(pod, Runtime(states), NothingWaits, "docker",
                              "192.0.2.1", kNow);
}

struct PhaseCase {
  const char* policy;
  const char* states;
  const char* phase;
};

class PhaseTest : public ::testing::TestWithParam<PhaseCase> {};

TEST_P(PhaseTest, FollowsFromContainers) {
  const std::string states = GetParam().states;
  api::Pod pod = MakePod(GetParam().policy, static_cast<int>(states.size()));
  EXPECT_EQ(Generate(pod, states).phase, GetParam().phase);
}

// After upstream's TestPodPhaseWithRestartAlways, Never and OnFailure.
INSTANTIATE_TEST_SUITE_P(
    Upstream, PhaseTest,
    ::testing::Values(PhaseCase{"Always", "--", "Pending"},
                      PhaseCase{"Always", "rr", "Running"},
                      PhaseCase{"Always", "00", "Running"},
                      PhaseCase{"Always", "11", "Running"},
                      PhaseCase{"Always", "r1", "Running"},
                      PhaseCase{"Always", "r-", "Pending"},
                      PhaseCase{"Always", "cr", "Pending"},
                      PhaseCase{"Never", "--", "Pending"},
                      PhaseCase{"Never", "rr", "Running"},
                      PhaseCase{"Never", "00", "Succeeded"},
                      PhaseCase{"Never", "11", "Failed"},
                      PhaseCase{"Never", "01", "Failed"},
                      PhaseCase{"Never", "r0", "Running"},
                      PhaseCase{"Never", "r-", "Pending"},
                      PhaseCase{"OnFailure", "--", "Pending"},
                      PhaseCase{"OnFailure", "rr", "Running"},
                      PhaseCase{"OnFailure", "00", "Succeeded"},
                      PhaseCase{"OnFailure", "11", "Running"},
                      PhaseCase{"OnFailure", "r1", "Running"},
                      PhaseCase{"OnFailure", "r-", "Pending"}));

TEST(PodStatusTest, RunningPodIsReady) {
  api::Pod pod = Generate(MakePod("Always", 1), "r");
  EXPECT_EQ(pod.pod_ip, "10.0.0.9");
  EXPECT_EQ(pod.host_ip, "192.0.2.1");
  EXPECT_EQ(pod.start_time, "2020-09-13T12:26:40Z");
  for (const char* type :
       {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    EXPECT_EQ(ConditionOf(pod, type), "True") << type;
  }
  ASSERT_EQ(pod.container_statuses.size(), 1u);
  const api::ContainerStatus& container = pod.container_statuses[0];
  EXPECT_EQ(container.container_id, "docker://id0");
  EXPECT_EQ(container.state, "running");
  EXPECT_EQ(container.started_at, "2020-09-13T12:26:40Z");
  EXPECT_EQ(container.restart_count, 4);
  EXPECT_TRUE(container.ready);
}

TEST(PodStatusTest, EndedContainerShowsHow) {
  api::Pod pod = Generate(MakePod("Never", 2), "r3");
  EXPECT_EQ(ConditionOf(pod, "Ready"), "False");
  EXPECT_EQ(pod.container_statuses[1].state, "terminated");
  EXPECT_EQ(pod.container_statuses[1].exit_code, 3);
  EXPECT_EQ(pod.container_statuses[1].reason, "Error");
}

TEST(PodStatusTest, ContainerThatCannotRunSaysWhy) {
  const kuberuntime::WaitingReason crash{"CrashLoopBackOff", "back-off 10s"};
  api::Pod pod = GenerateAPIPodStatus(
      MakePod("Always", 2), Runtime("1-"),
      [&](const std::string& name) { return name == "c0" ? &crash : nullptr; },
      "docker", "192.0.2.1", kNow);
  EXPECT_EQ(pod.container_statuses[0].state, "waiting");
  EXPECT_EQ(pod.container_statuses[0].reason, "CrashLoopBackOff");
  EXPECT_EQ(pod.container_statuses[0].message, "back-off 10s");
  EXPECT_EQ(pod.container_statuses[0].restart_count, 4);
  EXPECT_EQ(pod.container_statuses[1].reason, "ContainerCreating");
}

TEST(PodStatusTest, HostNetworkPodHasTheNodesAddress) {
  api::Pod pod = MakePod("Always", 1);
  pod.host_network = true;
  EXPECT_EQ(Generate(pod, "r").pod_ip, "192.0.2.1");
}

TEST(PodStatusTest, TerminalPodStaysAsItEnded) {
  api::Pod pod = Generate(MakePod("Never", 1), "0");
  ASSERT_TRUE(IsTerminal(pod));
  kuberuntime::PodStatus forgotten;
  api::Pod later = GenerateAPIPodStatus(pod, forgotten, NothingWaits, "docker",
                                        "192.0.2.1", kNow + absl::Hours(1));
  EXPECT_EQ(later.phase, "Succeeded");
  EXPECT_EQ(later.container_statuses[0].state, "terminated");
  EXPECT_EQ(later.pod_ip, "10.0.0.9");
  EXPECT_EQ(later.start_time, "2020-09-13T12:26:40Z");
  EXPECT_EQ(ConditionOf(later, "Ready"), "False");
}

TEST(PodStatusTest, KeepsConditionsOfOthers) {
  api::Pod pod = MakePod("Always", 1);
  pod.conditions = {{"example.com/gate", "True"}, {"Ready", "True"}};
  pod = Generate(pod, "-");
  EXPECT_EQ(ConditionOf(pod, "example.com/gate"), "True");
  EXPECT_EQ(ConditionOf(pod, "Ready"), "False");
  EXPECT_EQ(pod.conditions.size(), 5u);
}

}  // namespace
}  // namespace fairway::kubelet
