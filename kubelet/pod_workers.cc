// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/pod_workers.go (v1.20.2)
#include "kubelet/pod_workers.h"

#include <glog/logging.h>

#include <utility>

#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::kubelet {

PodWorkers::PodWorkers(Executor executor, PodWorkerHooks hooks,
                       PodWorkersOptions options)
    : executor_(executor),
      hooks_(std::move(hooks)),
      options_(options),
      sync_ended_(executor),
      group_(executor) {}

std::shared_ptr<PodWorkers::Worker> PodWorkers::WorkerOf(api::Pod pod) {
  const std::string uid = pod.metadata.uid;
  std::shared_ptr<Worker>& worker = workers_[uid];
  if (worker != nullptr) {
    worker->pod = std::move(pod);
    return worker;
  }
  worker = std::make_shared<Worker>(executor_);
  worker->pod = std::move(pod);
  return worker;
}

void PodWorkers::UpdatePod(api::Pod pod) {
  const std::string uid = pod.metadata.uid;
  const bool known = Has(uid);
  std::shared_ptr<Worker> worker = WorkerOf(std::move(pod));
  if (known) {
    Wake(uid);
  } else {
    group_.Spawn([this, worker] { return RunWorker(worker); });
  }
}

void PodWorkers::RefreshPod(const api::Pod& pod) {
  auto found = workers_.find(pod.metadata.uid);
  if (found != workers_.end()) found->second->pod = pod;
}

void PodWorkers::RemovePod(api::Pod pod) {
  const std::string uid = pod.metadata.uid;
  const bool known = Has(uid);
  std::shared_ptr<Worker> worker = WorkerOf(std::move(pod));
  worker->removed = true;
  if (known) {
    Wake(uid);
  } else {
    group_.Spawn([this, worker] { return RunWorker(worker); });
  }
}

void PodWorkers::Wake(const std::string& uid) {
  auto found = workers_.find(uid);
  if (found == workers_.end()) return;
  found->second->woken = true;
  found->second->condition.NotifyAll();
}

Task<absl::Status> PodWorkers::RunWorker(std::shared_ptr<Worker> worker) {
  absl::Status synced = co_await SyncUntilDeleted(worker);
  FAIRWAY_CO_RETURN_IF_ERROR(synced);
  absl::Status removed = co_await TerminateAndRemove(worker);
  FAIRWAY_CO_RETURN_IF_ERROR(removed);
  workers_.erase(worker->pod.metadata.uid);
  co_return absl::OkStatus();
}

Task<absl::Status> PodWorkers::SyncUntilDeleted(
    std::shared_ptr<Worker> worker) {
  while (!worker->removed && worker->pod.metadata.deletion_timestamp.empty()) {
    worker->woken = false;
    while (syncs_ >= options_.max_syncs) {
      absl::Status waited = co_await sync_ended_.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    ++syncs_;
    api::Pod pod = worker->pod;
    absl::Duration again = co_await hooks_.sync(std::move(pod));
    --syncs_;
    sync_ended_.NotifyOne();
    absl::Status waited = co_await WaitWoken(worker, again);
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> PodWorkers::TerminateAndRemove(
    std::shared_ptr<Worker> worker) {
  bool terminated = false;
  while (true) {
    worker->woken = false;
    absl::Status done;
    if (!terminated) {
      api::Pod pod = worker->pod;
      done = co_await hooks_.terminate(std::move(pod));
      terminated = done.ok();
    }
    if (terminated && worker->removed) {
      api::Pod pod = worker->pod;
      done = co_await hooks_.remove(std::move(pod));
      if (done.ok()) co_return absl::OkStatus();
    }
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("pod worker");
    if (!done.ok()) {
      LOG(ERROR) << "stop pod " << worker->pod.metadata.namespace_ << "/"
                 << worker->pod.metadata.name << ": " << done;
    }
    // A pod that has ended waits for the API to forget it, however long that
    // takes.
    absl::Status waited = co_await WaitWoken(
        worker, done.ok() ? absl::InfiniteDuration() : options_.retry);
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
}

Task<absl::Status> PodWorkers::WaitWoken(std::shared_ptr<Worker> worker,
                                         absl::Duration at_most) {
  if (!worker->woken) {
    absl::Status waited = co_await WithDeadline(
        at_most, "pod worker", [&] { return worker->condition.Wait(); });
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("pod worker");
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet
