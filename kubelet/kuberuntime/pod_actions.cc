// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/kuberuntime_manager.go (v1.20.2):
// podActions, computePodActions
#include "kubelet/kuberuntime/pod_actions.h"

#include <algorithm>

namespace fairway::kubelet::kuberuntime {
namespace {

bool IsOnHostNetwork(const runtimeapi::PodSandboxStatus& status) {
  return status.linux().namespaces().options().network() ==
         runtimeapi::NamespaceMode::NODE;
}

// Mirrors: podSandboxChanged.
bool SandboxChanged(const api::Pod& pod, const PodStatus& status,
                    PodActions& actions) {
  if (status.sandbox_statuses.empty()) return true;
  const runtimeapi::PodSandboxStatus& newest = status.sandbox_statuses.front();
  actions.attempt = newest.metadata().attempt() + 1;
  const auto ready = std::count_if(
      status.sandbox_statuses.begin(), status.sandbox_statuses.end(),
      [](const runtimeapi::PodSandboxStatus& sandbox) {
        return sandbox.state() == runtimeapi::SANDBOX_READY;
      });
  if (ready > 1) return true;
  if (newest.state() != runtimeapi::SANDBOX_READY) return true;
  // Runtimes that do not report namespaces are taken at their word.
  if (newest.linux().has_namespaces() &&
      IsOnHostNetwork(newest) != pod.host_network) {
    return true;
  }
  actions.sandbox_id = newest.id();
  actions.attempt = newest.metadata().attempt();
  return false;
}

bool Succeeded(const runtimeapi::ContainerStatus* status) {
  return status != nullptr && status->state() == runtimeapi::CONTAINER_EXITED &&
         status->exit_code() == 0;
}

}  // namespace

bool ShouldContainerBeRestarted(const api::Pod& pod,
                                const runtimeapi::ContainerStatus* status) {
  if (!pod.metadata.deletion_timestamp.empty()) return false;
  if (status == nullptr) return true;
  switch (status->state()) {
    case runtimeapi::CONTAINER_RUNNING:
      return false;
    // Never came to run.
    case runtimeapi::CONTAINER_CREATED:
    case runtimeapi::CONTAINER_UNKNOWN:
      return true;
    default:
      break;
  }
  if (pod.restart_policy == "Never") return false;
  if (pod.restart_policy == "OnFailure") return status->exit_code() != 0;
  return true;
}

PodActions ComputePodActions(const api::Pod& pod, const PodStatus& status) {
  PodActions actions;
  if (SandboxChanged(pod, status, actions)) {
    actions.kill_pod = !status.sandbox_statuses.empty();
    const bool may_begin_anew = pod.restart_policy != "Never" ||
                                actions.attempt == 0 ||
                                status.container_statuses.empty();
    if (!may_begin_anew) return actions;
    for (size_t i = 0; i < pod.containers.size(); ++i) {
      const bool done =
          pod.restart_policy == "OnFailure" &&
          Succeeded(status.FindContainerStatusByName(pod.containers[i].name));
      if (!done) actions.containers_to_start.push_back(i);
    }
    actions.create_sandbox = !actions.containers_to_start.empty();
    return actions;
  }
  size_t keep = 0;
  for (size_t i = 0; i < pod.containers.size(); ++i) {
    const runtimeapi::ContainerStatus* container =
        status.FindContainerStatusByName(pod.containers[i].name);
    if (ShouldContainerBeRestarted(pod, container)) {
      actions.containers_to_start.push_back(i);
    } else if (container != nullptr &&
               container->state() == runtimeapi::CONTAINER_RUNNING) {
      ++keep;
    }
  }
  actions.kill_pod = keep == 0 && actions.containers_to_start.empty();
  return actions;
}

}  // namespace fairway::kubelet::kuberuntime
