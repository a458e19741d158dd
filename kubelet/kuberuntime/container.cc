// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/container/runtime.go, helpers.go,
// pkg/kubelet/util/format/pod.go (v1.20.2)
#include "kubelet/kuberuntime/container.h"

#include "absl/strings/str_cat.h"
#include "kubelet/kuberuntime/labels.h"

namespace fairway::kubelet::kuberuntime {

Pod FindPod(const Pods& pods, absl::string_view full_name,
            absl::string_view uid) {
  for (const Pod& pod : pods) {
    const bool found =
        full_name.empty()
            ? pod.id == uid
            : absl::StrCat(pod.name, "_", pod.namespace_) == full_name;
    if (found) return pod;
  }
  return Pod();
}

const runtimeapi::ContainerStatus* PodStatus::FindContainerStatusByName(
    absl::string_view container_name) const {
  for (const runtimeapi::ContainerStatus& status : container_statuses) {
    if (ContainerName(status) == container_name) return &status;
  }
  return nullptr;
}

std::string ContainerName(const runtimeapi::ContainerStatus& status) {
  auto label = status.labels().find(kContainerNameLabel);
  return label == status.labels().end() ? status.metadata().name()
                                        : label->second;
}

std::string PodDesc(absl::string_view name, absl::string_view namespace_,
                    absl::string_view uid) {
  return absl::StrCat(name, "_", namespace_, "(", uid, ")");
}

}  // namespace fairway::kubelet::kuberuntime
