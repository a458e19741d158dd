// SPDX-License-Identifier: Apache-2.0
// An API server in memory, as far as a kubelet sees one.
#ifndef KUBELET_TESTING_FAKE_KUBE_CLIENT_H_
#define KUBELET_TESTING_FAKE_KUBE_CLIENT_H_

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/task/condition.h"
#include "kubelet/kube_client.h"

namespace fairway::kubelet {

// Watches see what the test feeds by AddPod(), RemovePod() and friends.
class FakeKubeClient : public KubeClient {
 public:
  explicit FakeKubeClient(Executor executor) : changed_(executor) {}

  // The server's side. Each change gets the next resource version.
  void PutPod(api::Pod pod);
  void RemovePod(const std::string& namespace_, const std::string& name);
  // Ends the running watch, or the next one, with `status`.
  void EndWatch(absl::Status status);
  // The next list fails with `status`.
  void FailNextList(absl::Status status) { list_failures_.push_back(status); }
  // Sends `event` to the running watch as it is.
  void SendEvent(api::WatchEvent event);
  // Changes the pods without an event, as if the watch had missed it.
  void ForgetPod(const std::string& namespace_, const std::string& name);

  // Null if there is none.
  const api::Pod* FindPod(const std::string& namespace_,
                          const std::string& name) const;
  // Returns at the next change of anything, the client's calls too.
  Task<absl::Status> WaitForChange();

  int lists = 0;
  std::vector<std::string> watched_from;
  std::vector<std::string> deleted;  // "NAMESPACE/NAME"
  std::vector<api::Pod> status_updates;
  std::map<std::string, std::string> nodes;  // JSON by name
  int node_status_updates = 0;
  // The next UpdateNodeStatus calls that meet a conflict.
  int node_conflicts = 0;
  // The next calls of UpdatePodStatus that fail as unavailable.
  int status_failures = 0;

  Task<absl::StatusOr<api::PodList>> ListPods(std::string node_name) override;
  Task<absl::Status> WatchPods(
      std::string node_name, std::string resource_version,
      std::function<absl::Status(api::WatchEvent)> on_event) override;
  Task<absl::StatusOr<api::Pod>> GetPod(std::string namespace_,
                                        std::string name,
                                        std::string uid) override;
  Task<absl::Status> UpdatePodStatus(api::Pod pod) override;
  Task<absl::Status> DeletePod(std::string namespace_, std::string name,
                               std::string uid) override;
  Task<absl::Status> CreateNode(std::string node_json) override;
  Task<absl::StatusOr<std::string>> GetNode(std::string name) override;
  Task<absl::Status> UpdateNodeStatus(std::string name,
                                      std::string node_json) override;

 private:
  struct Event {
    int64_t version;
    api::WatchEvent event;
  };
  using Key = std::pair<std::string, std::string>;  // namespace, name

  Condition changed_;
  int64_t version_ = 100;
  std::map<Key, api::Pod> pods_;
  std::vector<Event> events_;
  std::deque<absl::Status> watch_ends_;
  std::deque<absl::Status> list_failures_;
};

}  // namespace fairway::kubelet

#endif  // KUBELET_TESTING_FAKE_KUBE_CLIENT_H_
