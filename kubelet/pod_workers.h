// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/pod_workers.go (v1.20.2)
// One task for each pod: what happens to a pod happens in order, and no pod
// waits for another.
#ifndef KUBELET_POD_WORKERS_H_
#define KUBELET_POD_WORKERS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"

namespace fairway::kubelet {

// What a worker does with its pod, each until it returns.
struct PodWorkerHooks {
  // Brings the pod to its desired state as far as possible; returns after how
  // long to do so again, if nothing happens before.
  std::function<Task<absl::Duration>(api::Pod)> sync;
  // Stops all of a pod that is being deleted; OK when nothing runs any more.
  std::function<Task<absl::Status>(api::Pod)> terminate;
  // Removes what is left of a pod that the API no longer has.
  std::function<Task<absl::Status>(api::Pod)> remove;
};

struct PodWorkersOptions {
  // How many pods are synced at a time; those being stopped do not count,
  // since they mostly wait.
  size_t max_syncs = 16;
  absl::Duration retry = absl::Seconds(10);
};

// Threads:  one executor.
// Lifetime: Join() before it dies.
class PodWorkers {
 public:
  PodWorkers(Executor executor, PodWorkerHooks hooks,
             PodWorkersOptions options);

  // Starts a worker for the pod, or gives the newer `pod` to its worker.
  void UpdatePod(api::Pod pod);
  // As UpdatePod(), but the worker does not act on it before it acts anyway.
  void RefreshPod(const api::Pod& pod);
  // The API has no such pod (any more): stops and removes it.
  void RemovePod(api::Pod pod);
  // Something happened to the pod in the runtime.
  void Wake(const std::string& uid);

  bool Has(const std::string& uid) const { return workers_.count(uid) != 0; }
  size_t size() const { return workers_.size(); }

  // Waits for all workers; cancelled, it ends them where they are.
  Task<absl::Status> Join() { return group_.Join(); }

 private:
  struct Worker {
    explicit Worker(Executor executor) : condition(executor) {}
    api::Pod pod;
    bool removed = false;
    bool woken = false;
    Condition condition;
  };

  std::shared_ptr<Worker> WorkerOf(api::Pod pod);
  Task<absl::Status> RunWorker(std::shared_ptr<Worker> worker);
  Task<absl::Status> SyncUntilDeleted(std::shared_ptr<Worker> worker);
  Task<absl::Status> TerminateAndRemove(std::shared_ptr<Worker> worker);
  // Errors: kCancelled.
  Task<absl::Status> WaitWoken(std::shared_ptr<Worker> worker,
                               absl::Duration at_most);

  const Executor executor_;
  const PodWorkerHooks hooks_;
  const PodWorkersOptions options_;
  std::map<std::string, std::shared_ptr<Worker>> workers_;  // by UID
  size_t syncs_ = 0;
  Condition sync_ended_;
  TaskGroup group_;
};

}  // namespace fairway::kubelet

#endif  // KUBELET_POD_WORKERS_H_
