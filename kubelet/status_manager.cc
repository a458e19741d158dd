// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/status/status_manager.go (v1.20.2)
#include "kubelet/status_manager.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::kubelet {
namespace {

// The status alone, in a form that can be compared.
std::string StatusText(const api::Pod& pod) {
  api::Pod status = pod;
  status.metadata = {};
  status.containers.clear();
  return api::ToJson(status);
}

}  // namespace

StatusManager::Entry& StatusManager::Update(const api::Pod& pod) {
  Entry& entry = entries_[pod.metadata.uid];
  entry.pod = pod;
  if (StatusText(pod) != entry.sent) {
    entry.dirty = true;
    changed_.NotifyAll();
  }
  return entry;
}

void StatusManager::SetPodStatus(const api::Pod& pod) { Update(pod); }

void StatusManager::TerminatePod(const api::Pod& pod) {
  Entry& entry = Update(pod);
  entry.terminated = true;
  entry.dirty = true;
  changed_.NotifyAll();
}

const api::Pod* StatusManager::GetPodStatus(const std::string& uid) const {
  auto found = entries_.find(uid);
  return found == entries_.end() ? nullptr : &found->second.pod;
}

void StatusManager::RemovePod(const std::string& uid) { entries_.erase(uid); }

std::string StatusManager::NextDirty(absl::Time& next) const {
  const absl::Time now = absl::Now();
  next = absl::InfiniteFuture();
  for (const auto& [uid, entry] : entries_) {
    if (!entry.dirty) continue;
    if (entry.not_before <= now) return uid;
    next = std::min(next, entry.not_before);
  }
  return "";
}

Task<absl::Status> StatusManager::Run() {
  while (true) {
    absl::Time next;
    const std::string uid = NextDirty(next);
    if (!uid.empty()) {
      absl::Status synced = co_await SyncPod(uid);
      FAIRWAY_CO_RETURN_IF_ERROR(synced);
      continue;
    }
    absl::Status waited = co_await WithDeadline(
        next - absl::Now(), "status", [this] { return changed_.Wait(); });
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("status manager");
  }
}

Task<absl::Status> StatusManager::SyncPod(std::string uid) {
  Entry& entry = entries_[uid];
  const api::Pod pod = entry.pod;
  const bool terminated = entry.terminated;
  const std::string text = StatusText(pod);
  entry.dirty = false;
  absl::Status sent = co_await Send(pod, terminated);
  bool cancelled = co_await IsCancelled();
  if (cancelled) co_return absl::CancelledError("status manager");
  // What happened to the entry meanwhile is not overwritten.
  auto found = entries_.find(uid);
  if (found == entries_.end()) co_return absl::OkStatus();
  if (sent.ok()) {
    found->second.sent = text;
    found->second.not_before = absl::InfinitePast();
    co_return absl::OkStatus();
  }
  LOG(WARNING) << "update status of pod " << pod.metadata.namespace_ << "/"
               << pod.metadata.name << ": " << sent;
  found->second.dirty = true;
  found->second.not_before = absl::Now() + retry_;
  co_return absl::OkStatus();
}

Task<absl::Status> StatusManager::Send(api::Pod pod, bool terminated) {
  absl::Status updated = co_await client_.UpdatePodStatus(pod);
  // A pod that is gone has no status any more.
  if (absl::IsNotFound(updated)) co_return absl::OkStatus();
  FAIRWAY_CO_RETURN_IF_ERROR(updated);
  if (!terminated) co_return absl::OkStatus();
  absl::Status deleted = co_await client_.DeletePod(
      pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid);
  // Aborted: a successor has the name already.
  if (absl::IsNotFound(deleted) || absl::IsAborted(deleted)) {
    co_return absl::OkStatus();
  }
  co_return deleted;
}

}  // namespace fairway::kubelet
