// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/pod/pod_manager.go (v1.20.2)
#include "kubelet/pod/pod_manager.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::kubelet::pod {
namespace {

const api::Pod* Find(const std::map<std::string, api::Pod>& pods,
                     const std::map<std::string, std::string>& uids,
                     const std::string& full_name) {
  auto uid = uids.find(full_name);
  if (uid == uids.end()) return nullptr;
  auto found = pods.find(uid->second);
  return found == pods.end() ? nullptr : &found->second;
}

}  // namespace

bool IsMirrorPod(const api::Pod& pod) {
  return pod.metadata.annotations.count(kConfigMirrorAnnotationKey) != 0;
}

std::string BuildPodFullName(absl::string_view name,
                             absl::string_view namespace_) {
  return absl::StrCat(name, "_", namespace_);
}

std::string GetPodFullName(const api::Pod& pod) {
  return BuildPodFullName(pod.metadata.name, pod.metadata.namespace_);
}

void Manager::SetPods(const std::vector<api::Pod>& pods) {
  pod_by_uid_.clear();
  mirror_pod_by_uid_.clear();
  uid_by_full_name_.clear();
  mirror_uid_by_full_name_.clear();
  for (const api::Pod& pod : pods) UpdatePod(pod);
}

void Manager::UpdatePod(api::Pod pod) {
  const std::string uid = pod.metadata.uid;
  const std::string full_name = GetPodFullName(pod);
  if (IsMirrorPod(pod)) {
    mirror_uid_by_full_name_[full_name] = uid;
    mirror_pod_by_uid_[uid] = std::move(pod);
  } else {
    uid_by_full_name_[full_name] = uid;
    pod_by_uid_[uid] = std::move(pod);
  }
}

void Manager::DeletePod(const api::Pod& pod) {
  const bool mirror = IsMirrorPod(pod);
  auto& pods = mirror ? mirror_pod_by_uid_ : pod_by_uid_;
  auto& uids = mirror ? mirror_uid_by_full_name_ : uid_by_full_name_;
  // The name may be a successor's by now.
  auto named = uids.find(GetPodFullName(pod));
  if (named != uids.end() && named->second == pod.metadata.uid) {
    uids.erase(named);
  }
  pods.erase(pod.metadata.uid);
}

std::vector<api::Pod> Manager::GetPods() const {
  std::vector<api::Pod> pods;
  pods.reserve(pod_by_uid_.size());
  for (const auto& [uid, pod] : pod_by_uid_) pods.push_back(pod);
  return pods;
}

const api::Pod* Manager::GetPodByFullName(const std::string& full_name) const {
  return Find(pod_by_uid_, uid_by_full_name_, full_name);
}

const api::Pod* Manager::GetPodByName(absl::string_view namespace_,
                                      absl::string_view name) const {
  return GetPodByFullName(BuildPodFullName(name, namespace_));
}

const api::Pod* Manager::GetPodByUID(const std::string& uid) const {
  auto found = pod_by_uid_.find(uid);
  return found == pod_by_uid_.end() ? nullptr : &found->second;
}

const api::Pod* Manager::GetMirrorPodByPod(const api::Pod& pod) const {
  return Find(mirror_pod_by_uid_, mirror_uid_by_full_name_,
              GetPodFullName(pod));
}

std::string Manager::TranslatePodUID(const std::string& uid) const {
  auto mirror = mirror_pod_by_uid_.find(uid);
  if (mirror == mirror_pod_by_uid_.end()) return uid;
  auto static_uid = uid_by_full_name_.find(GetPodFullName(mirror->second));
  return static_uid == uid_by_full_name_.end() ? uid : static_uid->second;
}

}  // namespace fairway::kubelet::pod
