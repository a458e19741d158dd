// SPDX-License-Identifier: Apache-2.0
#include "kubelet/testing/fake_kube_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "api/errors.h"

namespace fairway::kubelet {

void FakeKubeClient::PutPod(api::Pod pod) {
  const Key key{pod.metadata.namespace_, pod.metadata.name};
  const bool known = pods_.count(key) != 0;
  pod.metadata.resource_version = absl::StrCat(++version_);
  events_.push_back(
      {version_, {known ? "MODIFIED" : "ADDED", api::ToJson(pod)}});
  pods_[key] = std::move(pod);
  changed_.NotifyAll();
}

void FakeKubeClient::RemovePod(const std::string& namespace_,
                               const std::string& name) {
  auto found = pods_.find({namespace_, name});
  if (found == pods_.end()) return;
  found->second.metadata.resource_version = absl::StrCat(++version_);
  events_.push_back({version_, {"DELETED", api::ToJson(found->second)}});
  pods_.erase(found);
  changed_.NotifyAll();
}

void FakeKubeClient::ForgetPod(const std::string& namespace_,
                               const std::string& name) {
  pods_.erase({namespace_, name});
  ++version_;
}

void FakeKubeClient::EndWatch(absl::Status status) {
  watch_ends_.push_back(std::move(status));
  changed_.NotifyAll();
}

void FakeKubeClient::SendEvent(api::WatchEvent event) {
  events_.push_back({++version_, std::move(event)});
  changed_.NotifyAll();
}

const api::Pod* FakeKubeClient::FindPod(const std::string& namespace_,
                                        const std::string& name) const {
  auto found = pods_.find({namespace_, name});
  return found == pods_.end() ? nullptr : &found->second;
}

Task<absl::Status> FakeKubeClient::WaitForChange() { return changed_.Wait(); }

Task<absl::StatusOr<api::PodList>> FakeKubeClient::ListPods(
    std::string node_name) {
  ++lists;
  changed_.NotifyAll();
  if (!list_failures_.empty()) {
    absl::Status failure = list_failures_.front();
    list_failures_.pop_front();
    co_return failure;
  }
  api::PodList list;
  list.resource_version = absl::StrCat(version_);
  for (const auto& [key, pod] : pods_) {
    if (pod.node_name == node_name) list.items.push_back(pod);
  }
  co_return list;
}

Task<absl::Status> FakeKubeClient::WatchPods(
    std::string, std::string resource_version,
    std::function<absl::Status(api::WatchEvent)> on_event) {
  watched_from.push_back(resource_version);
  changed_.NotifyAll();
  const int64_t from = std::stoll(resource_version);
  size_t next = 0;
  while (next < events_.size() && events_[next].version <= from) ++next;
  while (true) {
    for (; next < events_.size(); ++next) {
      api::WatchEvent event = events_[next].event;
      absl::Status handled = on_event(std::move(event));
      if (!handled.ok()) {
        events_.erase(events_.begin() + next);
        co_return handled;
      }
    }
    if (!watch_ends_.empty()) {
      absl::Status end = watch_ends_.front();
      watch_ends_.pop_front();
      co_return end;
    }
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
}

Task<absl::StatusOr<api::Pod>> FakeKubeClient::GetPod(std::string namespace_,
                                                      std::string name,
                                                      std::string uid) {
  const api::Pod* pod = FindPod(namespace_, name);
  if (pod == nullptr || pod->metadata.uid != uid) {
    co_return api::NewNotFound("pods", name);
  }
  co_return *pod;
}

Task<absl::Status> FakeKubeClient::UpdatePodStatus(api::Pod pod) {
  changed_.NotifyAll();
  if (status_failures > 0) {
    --status_failures;
    co_return absl::UnavailableError("no server");
  }
  const api::Pod* known = FindPod(pod.metadata.namespace_, pod.metadata.name);
  if (known == nullptr || known->metadata.uid != pod.metadata.uid) {
    co_return api::NewNotFound("pods", pod.metadata.name);
  }
  status_updates.push_back(pod);
  api::Pod merged = pod;
  merged.metadata = known->metadata;
  PutPod(std::move(merged));
  co_return absl::OkStatus();
}

Task<absl::Status> FakeKubeClient::DeletePod(std::string namespace_,
                                             std::string name,
                                             std::string uid) {
  const api::Pod* pod = FindPod(namespace_, name);
  if (pod == nullptr) co_return api::NewNotFound("pods", name);
  if (pod->metadata.uid != uid) {
    co_return api::NewConflict("pods", name, "Precondition failed: UID");
  }
  deleted.push_back(absl::StrCat(namespace_, "/", name));
  RemovePod(namespace_, name);
  co_return absl::OkStatus();
}

Task<absl::Status> FakeKubeClient::CreateNode(std::string node_json) {
  changed_.NotifyAll();
  absl::StatusOr<api::Node> node = api::NodeFromJson(node_json);
  if (!node.ok()) co_return node.status();
  if (nodes.count(node->metadata.name) != 0) {
    co_return api::NewAlreadyExists("nodes", node->metadata.name);
  }
  nodes[node->metadata.name] = node_json;
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::string>> FakeKubeClient::GetNode(std::string name) {
  auto found = nodes.find(name);
  if (found == nodes.end()) co_return api::NewNotFound("nodes", name);
  co_return found->second;
}

Task<absl::Status> FakeKubeClient::UpdateNodeStatus(std::string name,
                                                    std::string node_json) {
  changed_.NotifyAll();
  if (nodes.count(name) == 0) co_return api::NewNotFound("nodes", name);
  if (node_conflicts > 0) {
    --node_conflicts;
    co_return api::NewConflict("nodes", name, "the object has been modified");
  }
  nodes[name] = std::move(node_json);
  ++node_status_updates;
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet
