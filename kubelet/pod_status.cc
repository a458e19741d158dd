// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet_pods.go (v1.20.2): generateAPIPodStatus,
// getPhase; pkg/kubelet/status/generate.go
#include "kubelet/pod_status.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/time/go_time.h"

namespace fairway::kubelet {
namespace {

// How the containers stand, for the phase.
struct Tally {
  size_t waiting = 0;
  size_t running = 0;
  size_t stopped = 0;
  size_t succeeded = 0;
};

std::string FormatNanos(int64_t nanos) {
  return nanos == 0 ? "" : FormatRFC3339(absl::FromUnixNanos(nanos));
}

api::ContainerStatus ConvertStatus(const runtimeapi::ContainerStatus& from,
                                   absl::string_view runtime_name) {
  api::ContainerStatus to;
  to.container_id = absl::StrCat(runtime_name, "://", from.id());
  to.restart_count = static_cast<int32_t>(from.metadata().attempt());
  switch (from.state()) {
    case runtimeapi::CONTAINER_RUNNING:
      to.state = "running";
      to.ready = true;
      to.started_at = FormatNanos(from.started_at());
      break;
    case runtimeapi::CONTAINER_EXITED:
      to.state = "terminated";
      to.exit_code = from.exit_code();
      to.reason = from.reason();
      to.message = from.message();
      to.started_at = FormatNanos(from.started_at());
      to.finished_at = FormatNanos(from.finished_at());
      break;
    default:
      to.state = "waiting";
      to.reason = "ContainerCreating";
      break;
  }
  return to;
}

void Count(const api::ContainerStatus& status,
           const runtimeapi::ContainerStatus* last, Tally& tally) {
  const bool ended =
      last != nullptr && last->state() == runtimeapi::CONTAINER_EXITED;
  if (status.state == "running") {
    ++tally.running;
  } else if (ended) {
    ++tally.stopped;
    if (last->exit_code() == 0) ++tally.succeeded;
  } else {
    ++tally.waiting;
  }
}

// Mirrors: getPhase.
absl::string_view GetPhase(const api::Pod& pod, const Tally& tally) {
  if (tally.waiting > 0) return api::kPodPending;
  if (tally.running > 0) return api::kPodRunning;
  if (tally.stopped == 0) return api::kPodPending;
  if (pod.restart_policy == "Always" || pod.restart_policy.empty()) {
    return api::kPodRunning;
  }
  if (tally.stopped == tally.succeeded) return api::kPodSucceeded;
  return pod.restart_policy == "Never" ? api::kPodFailed : api::kPodRunning;
}

void KeepStatus(const api::Pod& pod, const std::string& container,
                api::Pod& result) {
  for (const api::ContainerStatus& status : pod.container_statuses) {
    if (status.name != container) continue;
    result.container_statuses.push_back(status);
    result.container_statuses.back().ready = false;
  }
}

void SetCondition(api::Pod& pod, absl::string_view type, bool value) {
  const std::string status = value ? "True" : "False";
  for (api::PodCondition& condition : pod.conditions) {
    if (absl::string_view(condition.type) != type) continue;
    condition.status = status;
    return;
  }
  pod.conditions.push_back({std::string(type), status});
}

}  // namespace

bool IsTerminal(const api::Pod& pod) {
  return absl::string_view(pod.phase) == api::kPodSucceeded ||
         absl::string_view(pod.phase) == api::kPodFailed;
}

api::Pod GenerateAPIPodStatus(const api::Pod& pod,
                              const kuberuntime::PodStatus& runtime,
                              const FindWaiting& find_waiting,
                              absl::string_view runtime_name,
                              absl::string_view host_ip, absl::Time now) {
  api::Pod result = pod;
  Tally tally;
  bool all_ready = true;
  result.container_statuses.clear();
  for (const api::Container& container : pod.containers) {
    const runtimeapi::ContainerStatus* last =
        runtime.FindContainerStatusByName(container.name);
    if (last == nullptr && IsTerminal(pod)) {
      // The runtime has forgotten how it ended.
      KeepStatus(pod, container.name, result);
      all_ready = false;
      continue;
    }
    api::ContainerStatus status;
    if (last != nullptr) status = ConvertStatus(*last, runtime_name);
    const kuberuntime::WaitingReason* waiting = find_waiting(container.name);
    if (last == nullptr || (status.state != "running" && waiting != nullptr)) {
      const std::string id = status.container_id;
      const int32_t restarts = status.restart_count;
      status = {};
      status.container_id = id;
      status.restart_count = restarts;
      status.state = "waiting";
      status.reason = waiting ? waiting->reason : "ContainerCreating";
      status.message = waiting ? waiting->message : "";
    }
    status.name = container.name;
    status.image = container.image;
    all_ready = all_ready && status.ready;
    Count(status, last, tally);
    result.container_statuses.push_back(std::move(status));
  }
  if (!IsTerminal(pod)) result.phase = std::string(GetPhase(pod, tally));

  result.host_ip = std::string(host_ip);
  if (result.start_time.empty()) result.start_time = FormatRFC3339(now);
  if (pod.host_network) {
    result.pod_ip = result.host_ip;
  } else if (!runtime.ip.empty() || !IsTerminal(result)) {
    result.pod_ip = runtime.ip;
  }
  SetCondition(result, "Initialized", true);
  SetCondition(result, "Ready", all_ready && !IsTerminal(result));
  SetCondition(result, "ContainersReady", all_ready && !IsTerminal(result));
  SetCondition(result, "PodScheduled", true);
  return result;
}

}  // namespace fairway::kubelet
