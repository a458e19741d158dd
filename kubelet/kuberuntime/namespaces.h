// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/util/util.go (v1.20.2)
#ifndef KUBELET_KUBERUNTIME_NAMESPACES_H_
#define KUBELET_KUBERUNTIME_NAMESPACES_H_

#include "api/object.h"
#include "kubelet/cri/services.h"

namespace fairway::kubelet::kuberuntime {

// Which namespaces the containers of `pod` and its sandbox share.
// Differs: hostPID, hostIPC and shareProcessNamespace are not known.
runtimeapi::NamespaceOption NamespacesForPod(const api::Pod& pod);

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_NAMESPACES_H_
