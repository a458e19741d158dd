// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/kuberuntime_manager.go,
// pkg/kubelet/kuberuntime/kuberuntime_gc.go (v1.20.2)
#include "kubelet/kuberuntime/kuberuntime_manager.h"

#include <glog/logging.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/task/task_group.h"
#include "kubelet/kuberuntime/labels.h"

namespace fairway::kubelet::kuberuntime {
namespace {

// Upstream's minimumGracePeriodInSeconds: time for a process to react at all.
constexpr absl::Duration kMinimumGracePeriod = absl::Seconds(2);

template <typename Object>
std::string Label(const Object& object, const char* key) {
  auto found = object.labels().find(key);
  return found == object.labels().end() ? std::string() : found->second;
}

template <typename Status>
bool NewestFirst(const Status& a, const Status& b) {
  return a.created_at() > b.created_at();
}

absl::Time FinishedAt(const runtimeapi::ContainerStatus& status) {
  return absl::FromUnixNanos(status.finished_at());
}

void KeepFirst(absl::Status& first, const absl::Status& status) {
  if (first.ok()) first = status;
}

}  // namespace

KubeGenericRuntimeManager::KubeGenericRuntimeManager(
    cri::RuntimeService& runtime_service,
    cri::ImageManagerService& image_service, RuntimeManagerOptions options)
    : runtime_service_(runtime_service),
      image_service_(image_service),
      options_(std::move(options)),
      restart_backoff_(options_.initial_backoff, options_.max_backoff),
      image_backoff_(options_.initial_backoff, options_.max_backoff) {}

Task<absl::StatusOr<Pods>> KubeGenericRuntimeManager::GetPods(
    PodsWanted wanted) {
  runtimeapi::ListPodSandboxRequest sandboxes_request;
  runtimeapi::ListContainersRequest containers_request;
  if (wanted == PodsWanted::kRunning) {
    sandboxes_request.mutable_filter()->mutable_state()->set_state(
        runtimeapi::SANDBOX_READY);
    containers_request.mutable_filter()->mutable_state()->set_state(
        runtimeapi::CONTAINER_RUNNING);
  }
  absl::StatusOr<runtimeapi::ListPodSandboxResponse> sandboxes =
      co_await runtime_service_.ListPodSandbox(std::move(sandboxes_request));
  if (!sandboxes.ok()) co_return sandboxes.status();
  absl::StatusOr<runtimeapi::ListContainersResponse> containers =
      co_await runtime_service_.ListContainers(std::move(containers_request));
  if (!containers.ok()) co_return containers.status();

  // What has no such label was made by somebody else.
  std::map<std::string, Pod> by_uid;
  auto pod_of = [&by_uid](const auto& object) -> Pod* {
    const std::string uid = Label(object, kPodUidLabel);
    if (uid.empty()) return nullptr;
    Pod& pod = by_uid[uid];
    pod.id = uid;
    pod.name = Label(object, kPodNameLabel);
    pod.namespace_ = Label(object, kPodNamespaceLabel);
    pod.created_at = std::max(pod.created_at, object.created_at());
    return &pod;
  };
  for (const runtimeapi::PodSandbox& sandbox : sandboxes->items()) {
    if (Pod* pod = pod_of(sandbox)) pod->sandboxes.push_back(sandbox);
  }
  for (const runtimeapi::Container& container : containers->containers()) {
    if (Pod* pod = pod_of(container)) pod->containers.push_back(container);
  }
  Pods pods;
  for (auto& [uid, pod] : by_uid) pods.push_back(std::move(pod));
  std::sort(pods.begin(), pods.end(), [](const Pod& a, const Pod& b) {
    return a.created_at > b.created_at;
  });
  co_return pods;
}

Task<absl::StatusOr<PodStatus>> KubeGenericRuntimeManager::GetPodStatus(
    std::string uid, std::string name, std::string namespace_) {
  PodStatus status;
  status.id = uid;
  status.name = std::move(name);
  status.namespace_ = std::move(namespace_);

  absl::StatusOr<std::vector<std::string>> ids =
      co_await GetSandboxIDByPodUID(uid, absl::nullopt);
  if (!ids.ok()) co_return ids.status();
  for (const std::string& id : *ids) {
    runtimeapi::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(id);
    absl::StatusOr<runtimeapi::PodSandboxStatusResponse> response =
        co_await runtime_service_.PodSandboxStatus(std::move(request));
    if (absl::IsNotFound(response.status())) continue;
    if (!response.ok()) co_return response.status();
    status.sandbox_statuses.push_back(std::move(*response->mutable_status()));
  }
  runtimeapi::ListContainersRequest list;
  (*list.mutable_filter()->mutable_label_selector())[kPodUidLabel] = uid;
  absl::StatusOr<runtimeapi::ListContainersResponse> containers =
      co_await runtime_service_.ListContainers(std::move(list));
  if (!containers.ok()) co_return containers.status();
  for (const runtimeapi::Container& container : containers->containers()) {
    runtimeapi::ContainerStatusRequest request;
    request.set_container_id(container.id());
    absl::StatusOr<runtimeapi::ContainerStatusResponse> response =
        co_await runtime_service_.ContainerStatus(std::move(request));
    if (absl::IsNotFound(response.status())) continue;
    if (!response.ok()) co_return response.status();
    status.container_statuses.push_back(std::move(*response->mutable_status()));
  }
  std::sort(status.sandbox_statuses.begin(), status.sandbox_statuses.end(),
            NewestFirst<runtimeapi::PodSandboxStatus>);
  std::sort(status.container_statuses.begin(), status.container_statuses.end(),
            NewestFirst<runtimeapi::ContainerStatus>);
  for (const runtimeapi::PodSandboxStatus& sandbox : status.sandbox_statuses) {
    if (sandbox.state() != runtimeapi::SANDBOX_READY) continue;
    status.ip = sandbox.network().ip();
    break;
  }
  co_return status;
}

Task<PodSyncResult> KubeGenericRuntimeManager::SyncPod(api::Pod pod,
                                                       PodStatus status) {
  PodSyncResult result;
  const PodActions actions = ComputePodActions(pod, status);
  if (actions.kill_pod) {
    Pod running;
    running.id = status.id;
    for (const runtimeapi::PodSandboxStatus& sandbox :
         status.sandbox_statuses) {
      running.sandboxes.emplace_back().set_id(sandbox.id());
    }
    for (const runtimeapi::ContainerStatus& container :
         status.container_statuses) {
      if (container.state() != runtimeapi::CONTAINER_RUNNING) continue;
      running.containers.emplace_back().set_id(container.id());
    }
    const absl::Duration grace =
        absl::Seconds(pod.termination_grace_period_seconds);
    absl::Status killed = co_await KillPod(std::move(running), grace);
    if (!killed.ok()) {
      result.status = killed;
      result.retry_after = options_.initial_backoff;
      co_return result;
    }
  }
  std::string sandbox_id = actions.sandbox_id;
  runtimeapi::PodSandboxConfig config =
      GeneratePodSandboxConfig(pod, actions.attempt);
  if (actions.create_sandbox) {
    absl::StatusOr<std::string> created = co_await CreatePodSandbox(config);
    if (!created.ok()) {
      result.status = created.status();
      result.retry_after = options_.initial_backoff;
      co_return result;
    }
    sandbox_id = *created;
  }
  if (!actions.containers_to_start.empty()) {
    absl::Status started = co_await StartContainers(
        pod, status, actions, sandbox_id, std::move(config), result);
    KeepFirst(result.status, started);
  }
  absl::Status pruned = co_await PrunePod(std::move(pod), std::move(status));
  if (!pruned.ok()) LOG(WARNING) << "remove what is old: " << pruned;
  co_return result;
}

Task<absl::Status> KubeGenericRuntimeManager::StartContainers(
    api::Pod pod, PodStatus status, PodActions actions, std::string sandbox_id,
    runtimeapi::PodSandboxConfig config, PodSyncResult& result) {
  absl::Status first;
  for (size_t index : actions.containers_to_start) {
    const api::Container& container = pod.containers[index];
    const runtimeapi::ContainerStatus* last =
        status.FindContainerStatusByName(container.name);
    absl::Status backed_off = BackOffRestart(pod, container, last, result);
    if (!backed_off.ok()) {
      KeepFirst(first, backed_off);
      continue;
    }
    const uint32_t restart_count =
        last == nullptr ? 0 : last->metadata().attempt() + 1;
    absl::Status started = co_await StartContainer(pod, container, sandbox_id,
                                                   config, restart_count);
    if (started.ok()) {
      waiting_.erase({pod.metadata.uid, container.name});
      continue;
    }
    KeepFirst(first, started);
    const std::string text(started.message());
    const size_t colon = text.find(": ");
    const std::string reason = text.substr(0, colon);
    const std::string message =
        colon == std::string::npos ? "" : text.substr(colon + 2);
    SetWaiting(pod, container, reason, message);
    result.retry_after = std::min(result.retry_after, options_.initial_backoff);
  }
  co_return first;
}

absl::Status KubeGenericRuntimeManager::BackOffRestart(
    const api::Pod& pod, const api::Container& container,
    const runtimeapi::ContainerStatus* last, PodSyncResult& result) {
  if (last == nullptr || last->state() != runtimeapi::CONTAINER_EXITED) {
    return absl::OkStatus();
  }
  const Backoff::Key key{pod.metadata.uid, container.name};
  const absl::Time now = options_.now();
  const absl::Duration remaining =
      restart_backoff_.Remaining(key, FinishedAt(*last), now);
  if (remaining == absl::ZeroDuration()) {
    restart_backoff_.Next(key, FinishedAt(*last), now);
    return absl::OkStatus();
  }
  const std::string message = absl::StrCat(
      "back-off ", absl::FormatDuration(restart_backoff_.Get(key)),
      " restarting failed container=", container.name, " pod=",
      PodDesc(pod.metadata.name, pod.metadata.namespace_, pod.metadata.uid));
  SetWaiting(pod, container, "CrashLoopBackOff", message);
  result.retry_after = std::min(result.retry_after, remaining);
  return absl::UnavailableError(message);
}

void KubeGenericRuntimeManager::SetWaiting(const api::Pod& pod,
                                           const api::Container& container,
                                           absl::string_view reason,
                                           absl::string_view message) {
  waiting_[{pod.metadata.uid, container.name}] = {std::string(reason),
                                                  std::string(message)};
}

const WaitingReason* KubeGenericRuntimeManager::FindWaitingReason(
    const std::string& uid, const std::string& container) const {
  auto found = waiting_.find({uid, container});
  return found == waiting_.end() ? nullptr : &found->second;
}

Task<absl::Status> KubeGenericRuntimeManager::KillPod(Pod running,
                                                      absl::Duration grace) {
  grace = std::max(grace, kMinimumGracePeriod);
  Executor executor = co_await kThisExecutor;
  TaskGroup kills(executor);
  for (const runtimeapi::Container& container : running.containers) {
    kills.Spawn([this, id = container.id(), grace] {
      return KillContainer(id, grace);
    });
  }
  // A container that does not end by itself ends with its sandbox.
  absl::Status first = co_await kills.Join();
  if (!first.ok()) {
    LOG(WARNING) << "stop containers of pod " << running.id << ": " << first;
  }
  absl::Status result;
  for (const runtimeapi::PodSandbox& sandbox : running.sandboxes) {
    runtimeapi::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(sandbox.id());
    absl::StatusOr<runtimeapi::StopPodSandboxResponse> stopped =
        co_await runtime_service_.StopPodSandbox(std::move(request));
    if (!absl::IsNotFound(stopped.status())) {
      KeepFirst(result, stopped.status());
    }
  }
  if (running.sandboxes.empty()) KeepFirst(result, first);
  co_return result;
}

Task<absl::Status> KubeGenericRuntimeManager::RemovePod(Pod stopped) {
  absl::Status result;
  for (const runtimeapi::Container& container : stopped.containers) {
    runtimeapi::RemoveContainerRequest request;
    request.set_container_id(container.id());
    absl::StatusOr<runtimeapi::RemoveContainerResponse> removed =
        co_await runtime_service_.RemoveContainer(std::move(request));
    if (!absl::IsNotFound(removed.status())) {
      KeepFirst(result, removed.status());
    }
  }
  for (const runtimeapi::PodSandbox& sandbox : stopped.sandboxes) {
    runtimeapi::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(sandbox.id());
    absl::StatusOr<runtimeapi::RemovePodSandboxResponse> removed =
        co_await runtime_service_.RemovePodSandbox(std::move(request));
    if (!absl::IsNotFound(removed.status())) {
      KeepFirst(result, removed.status());
    }
  }
  if (!result.ok()) co_return result;
  RemoveLogs(stopped);
  restart_backoff_.ForgetPod(stopped.id);
  image_backoff_.ForgetPod(stopped.id);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    it = it->first.first == stopped.id ? waiting_.erase(it) : std::next(it);
  }
  for (auto it = image_failures_.begin(); it != image_failures_.end();) {
    it = it->first.first == stopped.id ? image_failures_.erase(it)
                                       : std::next(it);
  }
  co_return absl::OkStatus();
}

void KubeGenericRuntimeManager::RemoveLogs(const Pod& pod) const {
  // The names may be what a runtime said of a sandbox.
  for (const std::string* part : {&pod.name, &pod.namespace_, &pod.id}) {
    if (part->empty() || part->find('/') != std::string::npos) return;
  }
  std::error_code ignored;  // logs that stay do no harm
  std::filesystem::remove_all(LogDirectory(pod.name, pod.namespace_, pod.id),
                              ignored);
}

// Keeps, of each container's ended runs, the newest of those that `status`
// saw, and of the sandboxes the newest and those that still have containers.
Task<absl::Status> KubeGenericRuntimeManager::PrunePod(api::Pod pod,
                                                       PodStatus status) {
  Pod old;
  old.id = pod.metadata.uid;
  std::set<std::string> names;
  for (const runtimeapi::ContainerStatus& container :
       status.container_statuses) {
    const bool newest = names.insert(ContainerName(container)).second;
    if (newest || container.state() == runtimeapi::CONTAINER_RUNNING) continue;
    old.containers.emplace_back().set_id(container.id());
  }
  absl::Status result;
  for (const runtimeapi::Container& container : old.containers) {
    runtimeapi::RemoveContainerRequest request;
    request.set_container_id(container.id());
    absl::StatusOr<runtimeapi::RemoveContainerResponse> removed =
        co_await runtime_service_.RemoveContainer(std::move(request));
    if (!absl::IsNotFound(removed.status())) {
      KeepFirst(result, removed.status());
    }
  }
  if (status.sandbox_statuses.size() < 2) co_return result;
  runtimeapi::ListContainersRequest list;
  (*list.mutable_filter()->mutable_label_selector())[kPodUidLabel] = old.id;
  absl::StatusOr<runtimeapi::ListContainersResponse> containers =
      co_await runtime_service_.ListContainers(std::move(list));
  if (!containers.ok()) co_return containers.status();
  std::set<std::string> in_use = {status.sandbox_statuses.front().id()};
  for (const runtimeapi::Container& container : containers->containers()) {
    in_use.insert(container.pod_sandbox_id());
  }
  for (const runtimeapi::PodSandboxStatus& sandbox : status.sandbox_statuses) {
    if (in_use.count(sandbox.id()) != 0) continue;
    runtimeapi::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(sandbox.id());
    absl::StatusOr<runtimeapi::RemovePodSandboxResponse> removed =
        co_await runtime_service_.RemovePodSandbox(std::move(request));
    KeepFirst(result, removed.status());
  }
  co_return result;
}

}  // namespace fairway::kubelet::kuberuntime
