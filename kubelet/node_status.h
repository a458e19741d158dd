// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet_node_status.go (v1.20.2)
// Tells the API server that this node is there.
#ifndef KUBELET_NODE_STATUS_H_
#define KUBELET_NODE_STATUS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"
#include "kubelet/kube_client.h"

namespace fairway::kubelet {

struct NodeStatusOptions {
  std::string node_name;
  // Differs: a loopback address is allowed; upstream refuses it.
  std::string node_ip;
  uint16_t kubelet_port = 0;
  absl::Duration update_frequency = absl::Seconds(10);
  // Between attempts to register, doubling up to 7 s.
  absl::Duration register_backoff = absl::Milliseconds(100);
};

// Threads:  one executor.
// Lifetime: `client` and `runtime` must outlive Run().
class NodeStatus {
 public:
  NodeStatus(KubeClient& client, cri::RuntimeService& runtime,
             NodeStatusOptions options);

  // Registers the node, however long that takes, then renews its status until
  // cancelled. The node is ready when the runtime says that it is.
  // Errors: kCancelled.
  Task<absl::Status> Run();

  // Whether the API server has heard of the node.
  bool registered() const { return registered_; }

 private:
  struct Ready {
    bool ready = false;
    std::string message;
    std::string runtime_version;  // "docker://20.10.24"
  };

  Task<absl::Status> RegisterWithAPIServer();
  Task<absl::Status> UpdateNodeStatus();
  Task<absl::Status> TryUpdateNodeStatus(Ready ready);
  Task<Ready> AskRuntime();

  KubeClient& client_;
  cri::RuntimeService& runtime_;
  const NodeStatusOptions options_;
  bool registered_ = false;
};

}  // namespace fairway::kubelet

#endif  // KUBELET_NODE_STATUS_H_
