// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/config/apiserver.go, config.go (v1.20.2)
#include "kubelet/pod/api_source.h"

#include <glog/logging.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::kubelet::pod {

ApiSource::ApiSource(KubeClient& client, ApiSourceOptions options,
                     std::function<void(PodUpdate)> on_update)
    : client_(client),
      options_(std::move(options)),
      on_update_(std::move(on_update)),
      backoff_(options_.min_backoff) {}

Task<absl::Status> ApiSource::Run() {
  while (true) {
    absl::Status ended = co_await ListAndWatch();
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("api source");
    LOG(WARNING) << "list and watch of this node's pods: " << ended
                 << "; again in " << backoff_;
    absl::Status slept = co_await Sleep(backoff_);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
    backoff_ = std::min(backoff_ * 2, options_.max_backoff);
  }
}

Task<absl::Status> ApiSource::ListAndWatch() {
  absl::StatusOr<api::PodList> list =
      co_await client_.ListPods(options_.node_name);
  if (!list.ok()) co_return list.status();
  Replace(*std::move(list));
  synced_ = true;
  // A watch that ends at once is taken for a failure, lest it spin.
  while (true) {
    const absl::Time began = absl::Now();
    const std::string from = resource_version_;
    absl::Status ended = co_await client_.WatchPods(
        options_.node_name, from,
        [this](api::WatchEvent event) { return HandleEvent(event); });
    if (!ended.ok()) co_return ended;
    if (resource_version_ == from && absl::Now() - began < absl::Seconds(1)) {
      co_return absl::UnavailableError("very short watch: no event came");
    }
    backoff_ = options_.min_backoff;
  }
}

absl::Status ApiSource::HandleEvent(const api::WatchEvent& event) {
  if (event.type == "ERROR") {
    absl::StatusOr<api::ApiStatus> status =
        api::StatusFromJson(event.object_json);
    return status.ok() ? api::ErrorFromStatus(*status) : status.status();
  }
  absl::StatusOr<api::Pod> pod = api::PodFromJson(event.object_json);
  if (!pod.ok()) return pod.status();
  resource_version_ = pod->metadata.resource_version;
  backoff_ = options_.min_backoff;
  if (event.type == "BOOKMARK") return absl::OkStatus();
  if (event.type == "DELETED") {
    Remove(pod->metadata.uid, *pod);
  } else if (event.type == "ADDED" || event.type == "MODIFIED") {
    Upsert(*std::move(pod));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("watch event of unknown type \"", event.type, "\""));
  }
  return absl::OkStatus();
}

void ApiSource::Replace(api::PodList list) {
  std::set<std::string> listed;
  for (const api::Pod& pod : list.items) listed.insert(pod.metadata.uid);
  std::vector<api::Pod> gone;
  for (const auto& [uid, pod] : pods_) {
    if (listed.count(uid) == 0) gone.push_back(pod);
  }
  // First what is gone: a successor may bear its name.
  for (const api::Pod& pod : gone) Remove(pod.metadata.uid, pod);
  for (api::Pod& pod : list.items) Upsert(std::move(pod));
  resource_version_ = list.resource_version;
}

void ApiSource::Upsert(api::Pod pod) {
  if (pod.metadata.uid.empty()) return;
  auto [known, added] = pods_.try_emplace(pod.metadata.uid, pod);
  if (!added) {
    const bool same = known->second.metadata.resource_version ==
                          pod.metadata.resource_version &&
                      !pod.metadata.resource_version.empty();
    if (same) return;
    known->second = pod;
  }
  on_update_(
      {added ? PodOperation::kAdd : PodOperation::kUpdate, std::move(pod)});
}

void ApiSource::Remove(const std::string& uid, const api::Pod& last) {
  api::Pod pod = last;
  if (pods_.erase(uid) == 0) return;
  on_update_({PodOperation::kRemove, std::move(pod)});
}

}  // namespace fairway::kubelet::pod
