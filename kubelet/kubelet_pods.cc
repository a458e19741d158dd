// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet_pods.go, kubelet.go (v1.20.2): syncPod
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "kubelet/kubelet.h"
#include "kubelet/pod_status.h"
#include "net/grpc/error_string.h"

namespace fairway::kubelet {
namespace {

// `pod` with the status of `newer`.
void TakeStatus(const api::Pod& newer, api::Pod& pod) {
  pod.phase = newer.phase;
  pod.pod_ip = newer.pod_ip;
  pod.host_ip = newer.host_ip;
  pod.start_time = newer.start_time;
  pod.reason = newer.reason;
  pod.message = newer.message;
  pod.conditions = newer.conditions;
  pod.container_statuses = newer.container_statuses;
}

// Mirrors: killContainer's choice of a grace period.
absl::Duration GracePeriod(const api::Pod& pod) {
  return absl::Seconds(pod.metadata.deletion_timestamp.empty()
                           ? pod.termination_grace_period_seconds
                           : pod.metadata.deletion_grace_period_seconds);
}

// What of `pod` has to be stopped.
kuberuntime::Pod Running(const kuberuntime::Pod& pod) {
  kuberuntime::Pod running = pod;
  auto ended =
      std::remove_if(running.containers.begin(), running.containers.end(),
                     [](const runtimeapi::Container& container) {
                       return container.state() == runtimeapi::CONTAINER_EXITED;
                     });
  running.containers.erase(ended, running.containers.end());
  return running;
}

bool AnythingRuns(const kuberuntime::PodStatus& status) {
  return std::any_of(status.sandbox_statuses.begin(),
                     status.sandbox_statuses.end(),
                     [](const runtimeapi::PodSandboxStatus& sandbox) {
                       return sandbox.state() == runtimeapi::SANDBOX_READY;
                     });
}

}  // namespace

std::vector<api::Pod> Kubelet::GetPods() {
  std::vector<api::Pod> pods = pod_manager_.GetPods();
  for (api::Pod& pod : pods) {
    const api::Pod* newer = status_manager_.GetPodStatus(pod.metadata.uid);
    if (newer != nullptr) TakeStatus(*newer, pod);
  }
  return pods;
}

const api::Pod* Kubelet::GetPodByName(absl::string_view namespace_,
                                      absl::string_view name) {
  return pod_manager_.GetPodByName(namespace_, name);
}

Task<absl::StatusOr<net::http::Url>> Kubelet::GetPortForward(
    std::string name, std::string namespace_, std::string uid,
    std::vector<int32_t> ports) {
  absl::StatusOr<kuberuntime::Pods> pods =
      co_await runtime_.GetPods(kuberuntime::PodsWanted::kRunning);
  if (!pods.ok()) {
    co_return absl::Status(pods.status().code(),
                           net::grpc::ErrorString(pods.status()));
  }
  uid = pod_manager_.TranslatePodUID(uid);
  const std::string full_name = pod::BuildPodFullName(name, namespace_);
  const kuberuntime::Pod found = kuberuntime::FindPod(*pods, full_name, uid);
  if (found.IsEmpty()) {
    co_return absl::UnknownError(
        absl::StrCat("pod not found (\"", full_name, "\")"));
  }
  absl::StatusOr<net::http::Url> url = co_await runtime_.GetPortForward(
      std::move(name), std::move(namespace_), std::move(uid), std::move(ports));
  co_return url;
}

absl::Status Kubelet::Ready() {
  FAIRWAY_RETURN_IF_ERROR(relist_status_);
  if (!node_status_.registered()) {
    return absl::UnavailableError("node is not registered");
  }
  if (!source_.synced()) {
    return absl::UnavailableError("pods are not yet known");
  }
  return absl::OkStatus();
}

api::Pod Kubelet::GenerateStatus(const api::Pod& pod,
                                 const kuberuntime::PodStatus& runtime) const {
  return GenerateAPIPodStatus(
      pod, runtime,
      [this, &pod](const std::string& container) {
        return runtime_.FindWaitingReason(pod.metadata.uid, container);
      },
      runtime_name_, options_.node.node_ip, absl::Now());
}

Task<absl::StatusOr<kuberuntime::PodStatus>> Kubelet::GetRuntimeStatus(
    api::Pod pod) {
  if (runtime_name_.empty()) {
    runtimeapi::VersionRequest request;
    absl::StatusOr<runtimeapi::VersionResponse> version =
        co_await runtime_service_.Version(std::move(request));
    if (!version.ok()) co_return version.status();
    runtime_name_ = version->runtime_name();
  }
  const api::ObjectMeta& meta = pod.metadata;
  absl::StatusOr<kuberuntime::PodStatus> status =
      co_await runtime_.GetPodStatus(meta.uid, meta.name, meta.namespace_);
  co_return status;
}

Task<absl::Duration> Kubelet::SyncPod(api::Pod pod) {
  absl::StatusOr<kuberuntime::PodStatus> before =
      co_await GetRuntimeStatus(pod);
  const api::ObjectMeta& meta = pod.metadata;
  if (!before.ok()) {
    LOG(ERROR) << "status of pod " << meta.namespace_ << "/" << meta.name
               << ": " << before.status();
    co_return options_.retry;
  }
  // What was said here last is newer than what the API had.
  if (const api::Pod* said = status_manager_.GetPodStatus(meta.uid)) {
    TakeStatus(*said, pod);
  }
  pod = GenerateStatus(pod, *before);
  status_manager_.SetPodStatus(pod);
  if (IsTerminal(pod)) {
    if (!AnythingRuns(*before)) co_return options_.sync_frequency;
    absl::Status ended = co_await TerminatePod(pod);
    co_return ended.ok() ? options_.sync_frequency : options_.retry;
  }
  kuberuntime::PodStatus present = *before;
  kuberuntime::PodSyncResult result =
      co_await runtime_.SyncPod(pod, std::move(present));
  if (!result.status.ok()) {
    LOG(WARNING) << "sync pod " << meta.namespace_ << "/" << meta.name << ": "
                 << result.status;
  }
  absl::StatusOr<kuberuntime::PodStatus> after = co_await GetRuntimeStatus(pod);
  if (!after.ok()) co_return options_.retry;
  status_manager_.SetPodStatus(GenerateStatus(pod, *after));
  co_return std::min(result.retry_after, options_.sync_frequency);
}

Task<absl::StatusOr<kuberuntime::Pod>> Kubelet::FindRuntimePod(api::Pod pod) {
  absl::StatusOr<kuberuntime::Pods> pods =
      co_await runtime_.GetPods(kuberuntime::PodsWanted::kAll);
  if (!pods.ok()) co_return pods.status();
  kuberuntime::Pod found = kuberuntime::FindPod(*pods, "", pod.metadata.uid);
  found.id = pod.metadata.uid;
  found.name = pod.metadata.name;
  found.namespace_ = pod.metadata.namespace_;
  co_return found;
}

Task<absl::Status> Kubelet::TerminatePod(api::Pod pod) {
  absl::StatusOr<kuberuntime::Pod> found = co_await FindRuntimePod(pod);
  if (!found.ok()) co_return found.status();
  absl::Status killed =
      co_await runtime_.KillPod(Running(*found), GracePeriod(pod));
  FAIRWAY_CO_RETURN_IF_ERROR(killed);
  const api::ObjectMeta& meta = pod.metadata;
  if (pod_manager_.GetPodByUID(meta.uid) == nullptr) {
    co_return absl::OkStatus();
  }
  absl::StatusOr<kuberuntime::PodStatus> after = co_await GetRuntimeStatus(pod);
  if (!after.ok()) co_return after.status();
  if (const api::Pod* said = status_manager_.GetPodStatus(meta.uid)) {
    TakeStatus(*said, pod);
  }
  const api::Pod ended = GenerateStatus(pod, *after);
  if (pod.metadata.deletion_timestamp.empty()) {
    status_manager_.SetPodStatus(ended);
  } else {
    status_manager_.TerminatePod(ended);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Kubelet::RemovePod(api::Pod pod) {
  absl::StatusOr<kuberuntime::Pod> found = co_await FindRuntimePod(pod);
  if (!found.ok()) co_return found.status();
  absl::Status removed = co_await runtime_.RemovePod(*std::move(found));
  FAIRWAY_CO_RETURN_IF_ERROR(removed);
  status_manager_.RemovePod(pod.metadata.uid);
  relisted_.erase(pod.metadata.uid);
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet
