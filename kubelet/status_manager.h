// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/status/status_manager.go (v1.20.2)
// Carries pods' statuses to the API server, and removes pods from it that have
// ended on this node.
#ifndef KUBELET_STATUS_MANAGER_H_
#define KUBELET_STATUS_MANAGER_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "kubelet/kube_client.h"

namespace fairway::kubelet {

// Threads:  one executor.
// Lifetime: `client` must outlive Run().
class StatusManager {
 public:
  // What could not be sent is tried again after `retry`.
  StatusManager(Executor executor, KubeClient& client,
                absl::Duration retry = absl::Seconds(10))
      : client_(client), retry_(retry), changed_(executor) {}

  // Takes the status that `pod` bears; sends it if it is another than was sent
  // last.
  void SetPodStatus(const api::Pod& pod);

  // The same for a pod that is being deleted and no longer runs: after its
  // status has been sent, it is removed from the API.
  void TerminatePod(const api::Pod& pod);

  // The pod with the status that was set last; null if there is none.
  const api::Pod* GetPodStatus(const std::string& uid) const;

  void RemovePod(const std::string& uid);

  // Sends what changes until cancelled. Errors: kCancelled.
  Task<absl::Status> Run();

 private:
  struct Entry {
    api::Pod pod;
    std::string sent;  // the status in JSON; empty if none was
    bool dirty = false;
    bool terminated = false;
    absl::Time not_before = absl::InfinitePast();
  };

  Entry& Update(const api::Pod& pod);
  // The UID of an entry to send now; empty if there is none, `next` is then
  // when there may be one.
  std::string NextDirty(absl::Time& next) const;
  Task<absl::Status> SyncPod(std::string uid);
  Task<absl::Status> Send(api::Pod pod, bool terminated);

  KubeClient& client_;
  const absl::Duration retry_;
  Condition changed_;
  std::map<std::string, Entry> entries_;  // by UID
};

}  // namespace fairway::kubelet

#endif  // KUBELET_STATUS_MANAGER_H_
