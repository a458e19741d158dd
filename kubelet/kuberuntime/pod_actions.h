// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/kuberuntime_manager.go (v1.20.2):
// podActions, computePodActions
// What has to be done so that a pod is as its spec wants it.
#ifndef KUBELET_KUBERUNTIME_POD_ACTIONS_H_
#define KUBELET_KUBERUNTIME_POD_ACTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "api/object.h"
#include "kubelet/kuberuntime/container.h"

namespace fairway::kubelet::kuberuntime {

struct PodActions {
  // Stop what runs, the sandbox too.
  bool kill_pod = false;
  bool create_sandbox = false;
  // The sandbox to start containers in, unless a new one is made.
  std::string sandbox_id;
  // The number of the new sandbox.
  uint32_t attempt = 0;
  // Indexes into the spec's containers.
  std::vector<size_t> containers_to_start;
};

// `status` is the runtime's present view of the pod.
// Differs: a sandbox without an IP is no reason for a new one: a runtime may
// have no network to give.
PodActions ComputePodActions(const api::Pod& pod, const PodStatus& status);

// Whether a container in that state is to be started (again); `status` is null
// if there never was one.
bool ShouldContainerBeRestarted(const api::Pod& pod,
                                const runtimeapi::ContainerStatus* status);

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_POD_ACTIONS_H_
