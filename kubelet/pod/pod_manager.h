// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/pod/pod_manager.go (v1.20.2)
// The pods that this node is to run. A static pod comes from the node itself;
// the API shows it as a mirror pod with the same name and another UID.
#ifndef KUBELET_POD_POD_MANAGER_H_
#define KUBELET_POD_POD_MANAGER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "api/object.h"

namespace fairway::kubelet::pod {

// The annotation that makes a pod of the API a mirror pod.
inline constexpr char kConfigMirrorAnnotationKey[] =
    "kubernetes.io/config.mirror";

bool IsMirrorPod(const api::Pod& pod);

// "NAME_NAMESPACE".
std::string BuildPodFullName(absl::string_view name,
                             absl::string_view namespace_);
std::string GetPodFullName(const api::Pod& pod);

// Threads:  not thread-safe.
// Lifetime: pointers are valid until the next change.
class Manager {
 public:
  // Replaces all pods.
  void SetPods(const std::vector<api::Pod>& pods);
  void AddPod(api::Pod pod) { UpdatePod(std::move(pod)); }
  void UpdatePod(api::Pod pod);
  void DeletePod(const api::Pod& pod);

  // Without mirror pods, as the next three.
  std::vector<api::Pod> GetPods() const;
  // Null if there is none.
  const api::Pod* GetPodByFullName(const std::string& full_name) const;
  const api::Pod* GetPodByName(absl::string_view namespace_,
                               absl::string_view name) const;
  const api::Pod* GetPodByUID(const std::string& uid) const;
  // The mirror pod of a static pod; null if there is none.
  const api::Pod* GetMirrorPodByPod(const api::Pod& pod) const;

  // The static pod's UID for that of its mirror pod; any other as it is.
  std::string TranslatePodUID(const std::string& uid) const;

 private:
  std::map<std::string, api::Pod> pod_by_uid_;
  std::map<std::string, api::Pod> mirror_pod_by_uid_;
  std::map<std::string, std::string> uid_by_full_name_;
  std::map<std::string, std::string> mirror_uid_by_full_name_;
};

}  // namespace fairway::kubelet::pod

#endif  // KUBELET_POD_POD_MANAGER_H_
