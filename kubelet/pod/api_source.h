// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/config/apiserver.go, config.go (v1.20.2)
// The pods that the API server has bound to this node: listed, then watched.
#ifndef KUBELET_POD_API_SOURCE_H_
#define KUBELET_POD_API_SOURCE_H_

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/task/task.h"
#include "kubelet/kube_client.h"

namespace fairway::kubelet::pod {

enum class PodOperation { kAdd, kUpdate, kRemove };

struct PodUpdate {
  PodOperation operation;
  api::Pod pod;
};

struct ApiSourceOptions {
  std::string node_name;
  // Between attempts after a failure, doubling.
  absl::Duration min_backoff = absl::Milliseconds(800);
  absl::Duration max_backoff = absl::Seconds(30);
};

// Threads:  one executor.
// Lifetime: `client` must outlive Run().
class ApiSource {
 public:
  // `on_update` is told each change once; a pod is known by its UID.
  ApiSource(KubeClient& client, ApiSourceOptions options,
            std::function<void(PodUpdate)> on_update);

  // Lists and watches until cancelled; survives the loss of the server, a
  // watch that expired (410) and an event that cannot be read. What was missed
  // meanwhile is made up for by the next list.
  // Errors: kCancelled.
  Task<absl::Status> Run();

  // Whether a list was complete once: before that nothing is known of pods
  // that are not there.
  bool synced() const { return synced_; }

 private:
  Task<absl::Status> ListAndWatch();
  absl::Status HandleEvent(const api::WatchEvent& event);
  void Replace(api::PodList list);
  void Upsert(api::Pod pod);
  void Remove(const std::string& uid, const api::Pod& last);

  KubeClient& client_;
  const ApiSourceOptions options_;
  const std::function<void(PodUpdate)> on_update_;
  std::map<std::string, api::Pod> pods_;  // by UID
  std::string resource_version_;
  absl::Duration backoff_;
  bool synced_ = false;
};

}  // namespace fairway::kubelet::pod

#endif  // KUBELET_POD_API_SOURCE_H_
