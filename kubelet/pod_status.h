// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet_pods.go (v1.20.2): generateAPIPodStatus,
// getPhase; pkg/kubelet/status/generate.go
// The status that the API shows for a pod, from what the runtime reports.
#ifndef KUBELET_POD_STATUS_H_
#define KUBELET_POD_STATUS_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "kubelet/kuberuntime/container.h"
#include "kubelet/kuberuntime/kuberuntime_manager.h"

namespace fairway::kubelet {

// Why a container of the pod does not run; null if nothing keeps it.
using FindWaiting = std::function<const kuberuntime::WaitingReason*(
    const std::string& container)>;

// `pod` with the status that follows from `runtime`. Of the status that `pod`
// already has, start time, terminal phase and conditions that are not the
// kubelet's are kept. `runtime_name` is the scheme of container IDs ("docker").
// Differs: without probes a container is ready while it runs.
api::Pod GenerateAPIPodStatus(const api::Pod& pod,
                              const kuberuntime::PodStatus& runtime,
                              const FindWaiting& find_waiting,
                              absl::string_view runtime_name,
                              absl::string_view host_ip, absl::Time now);

// Whether the pod is done for good.
bool IsTerminal(const api::Pod& pod);

}  // namespace fairway::kubelet

#endif  // KUBELET_POD_STATUS_H_
