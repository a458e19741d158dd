// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/container/runtime.go, helpers.go,
// pkg/kubelet/util/format/pod.go (v1.20.2)
// Pods as the runtime reports them.
#ifndef KUBELET_KUBERUNTIME_CONTAINER_H_
#define KUBELET_KUBERUNTIME_CONTAINER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kubelet/cri/services.h"

namespace fairway::kubelet::kuberuntime {

// What runs, or is left, of one pod.
struct Pod {
  std::string id;  // the pod's UID
  std::string name;
  std::string namespace_;
  int64_t created_at = 0;  // of its newest sandbox, nanoseconds
  std::vector<runtimeapi::PodSandbox> sandboxes;
  std::vector<runtimeapi::Container> containers;

  bool IsEmpty() const { return id.empty() && name.empty(); }
};

using Pods = std::vector<Pod>;

// By full name ("NAME_NAMESPACE") if there is one, else by UID. An empty Pod if
// there is none.
Pod FindPod(const Pods& pods, absl::string_view full_name,
            absl::string_view uid);

// The status of all sandboxes and containers of a pod, newest first.
struct PodStatus {
  std::string id;
  std::string name;
  std::string namespace_;
  std::string ip;  // of the newest sandbox that is ready
  std::vector<runtimeapi::PodSandboxStatus> sandbox_statuses;
  std::vector<runtimeapi::ContainerStatus> container_statuses;

  // The newest container of that name; null if there is none.
  const runtimeapi::ContainerStatus* FindContainerStatusByName(
      absl::string_view container_name) const;
};

// The name that the pod's spec gives to a container.
std::string ContainerName(const runtimeapi::ContainerStatus& status);

// Mirrors: format.PodDesc: "NAME_NAMESPACE(UID)".
std::string PodDesc(absl::string_view name, absl::string_view namespace_,
                    absl::string_view uid);

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_CONTAINER_H_
