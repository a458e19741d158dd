// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/util/util.go (v1.20.2)
#include "kubelet/kuberuntime/namespaces.h"

namespace fairway::kubelet::kuberuntime {

runtimeapi::NamespaceOption NamespacesForPod(const api::Pod& pod) {
  runtimeapi::NamespaceOption namespaces;
  namespaces.set_network(pod.host_network ? runtimeapi::NODE : runtimeapi::POD);
  namespaces.set_pid(runtimeapi::CONTAINER);
  namespaces.set_ipc(runtimeapi::POD);
  return namespaces;
}

}  // namespace fairway::kubelet::kuberuntime
