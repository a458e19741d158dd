// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet.go, pkg/kubelet/pleg/generic.go (v1.20.2)
#include "kubelet/kubelet.h"

#include <glog/logging.h>

#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "kubelet/kuberuntime/labels.h"

namespace fairway::kubelet {
namespace {

pod::ApiSourceOptions SourceOptions(const KubeletOptions& options) {
  pod::ApiSourceOptions source = options.source;
  source.node_name = options.node.node_name;
  return source;
}

// The pod without what the kubelet itself writes.
std::string DesiredText(api::Pod pod) {
  pod.metadata.resource_version.clear();
  pod.phase.clear();
  pod.pod_ip.clear();
  pod.host_ip.clear();
  pod.start_time.clear();
  pod.reason.clear();
  pod.message.clear();
  pod.conditions.clear();
  pod.container_statuses.clear();
  return api::ToJson(pod);
}

// What of a pod is there, and in which state.
std::string RelistText(const kuberuntime::Pod& pod) {
  std::set<std::string> parts;
  for (const runtimeapi::PodSandbox& sandbox : pod.sandboxes) {
    parts.insert(absl::StrCat(sandbox.id(), ":", sandbox.state()));
  }
  for (const runtimeapi::Container& container : pod.containers) {
    parts.insert(absl::StrCat(container.id(), ":", container.state()));
  }
  return absl::StrJoin(parts, " ");
}

}  // namespace

Kubelet::Kubelet(Executor executor, KubeClient& client,
                 cri::RuntimeService& runtime_service,
                 cri::ImageManagerService& image_service,
                 KubeletOptions options)
    : options_(std::move(options)),
      runtime_service_(runtime_service),
      runtime_(runtime_service, image_service, options_.runtime),
      status_manager_(executor, client, options_.retry),
      node_status_(client, runtime_service, options_.node),
      source_(client, SourceOptions(options_),
              [this](pod::PodUpdate update) {
                HandlePodUpdate(std::move(update));
              }),
      workers_(executor,
               {[this](api::Pod pod) { return SyncPod(std::move(pod)); },
                [this](api::Pod pod) { return TerminatePod(std::move(pod)); },
                [this](api::Pod pod) { return RemovePod(std::move(pod)); }},
               options_.workers) {}

Task<absl::Status> Kubelet::Run() {
  Executor executor = co_await kThisExecutor;
  TaskGroup group(executor);
  group.Spawn([this] { return node_status_.Run(); });
  group.Spawn([this] { return status_manager_.Run(); });
  group.Spawn([this] { return source_.Run(); });
  group.Spawn([this] { return RelistForever(); });
  absl::Status ended = co_await group.Join();
  absl::Status workers_ended = co_await workers_.Join();
  if (!workers_ended.ok() && !absl::IsCancelled(workers_ended)) {
    co_return workers_ended;
  }
  co_return ended;
}

void Kubelet::HandlePodUpdate(pod::PodUpdate update) {
  const bool mirror = pod::IsMirrorPod(update.pod);
  if (update.operation == pod::PodOperation::kRemove) {
    pod_manager_.DeletePod(update.pod);
    if (!mirror) workers_.RemovePod(std::move(update.pod));
    return;
  }
  const api::Pod* known = pod_manager_.GetPodByUID(update.pod.metadata.uid);
  const bool only_status =
      known != nullptr && DesiredText(*known) == DesiredText(update.pod);
  pod_manager_.UpdatePod(update.pod);
  if (mirror) return;
  if (only_status) {
    workers_.RefreshPod(update.pod);
  } else {
    workers_.UpdatePod(std::move(update.pod));
  }
}

Task<absl::Status> Kubelet::RelistForever() {
  while (true) {
    absl::StatusOr<kuberuntime::Pods> pods =
        co_await runtime_.GetPods(kuberuntime::PodsWanted::kAll);
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("relist");
    if (pods.ok()) {
      HandleRelist(*pods);
    } else if (relist_status_.ok()) {
      LOG(ERROR) << "list what runs: " << pods.status();
    }
    relist_status_ = pods.status();
    absl::Status slept = co_await Sleep(options_.relist_period);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
  }
}

void Kubelet::HandleRelist(const kuberuntime::Pods& pods) {
  std::map<std::string, std::string> now;
  for (const kuberuntime::Pod& pod : pods) now[pod.id] = RelistText(pod);
  for (const auto& [uid, text] : relisted_) {
    if (now.count(uid) == 0) workers_.Wake(uid);
  }
  for (const auto& [uid, text] : now) {
    auto before = relisted_.find(uid);
    if (before == relisted_.end() || before->second != text) {
      workers_.Wake(uid);
    }
  }
  relisted_ = std::move(now);
  // Before the first list nothing is known of who wants which pod.
  if (!source_.synced()) return;
  for (const kuberuntime::Pod& pod : pods) {
    if (workers_.Has(pod.id) || pod_manager_.GetPodByUID(pod.id) != nullptr) {
      continue;
    }
    RemoveOrphan(pod);
  }
}

void Kubelet::RemoveOrphan(const kuberuntime::Pod& orphan) {
  LOG(INFO) << "pod "
            << kuberuntime::PodDesc(orphan.name, orphan.namespace_, orphan.id)
            << " is no longer wanted";
  api::Pod pod;
  pod.metadata.uid = orphan.id;
  pod.metadata.name = orphan.name;
  pod.metadata.namespace_ = orphan.namespace_;
  for (const runtimeapi::Container& container : orphan.containers) {
    auto grace = container.annotations().find(
        kuberuntime::kPodTerminationGracePeriodAnnotation);
    int32_t seconds = 0;
    if (grace != container.annotations().end() &&
        absl::SimpleAtoi(grace->second, &seconds) && seconds >= 0) {
      pod.termination_grace_period_seconds = seconds;
    }
  }
  workers_.RemovePod(std::move(pod));
}

}  // namespace fairway::kubelet
