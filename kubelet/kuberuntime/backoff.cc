// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/util/flowcontrol/backoff.go (v0.20.2)
#include "kubelet/kuberuntime/backoff.h"

#include <algorithm>

namespace fairway::kubelet::kuberuntime {

absl::Duration Backoff::Remaining(const Key& key, absl::Time event,
                                  absl::Time now) const {
  auto entry = entries_.find(key);
  if (entry == entries_.end() || HasExpired(entry->second, event)) {
    return absl::ZeroDuration();
  }
  return std::max(event + entry->second.wait - now, absl::ZeroDuration());
}

void Backoff::Next(const Key& key, absl::Time event, absl::Time now) {
  auto [entry, added] = entries_.try_emplace(key, Entry{initial_, now});
  if (added) return;
  entry->second.wait = HasExpired(entry->second, event)
                           ? initial_
                           : std::min(entry->second.wait * 2, max_);
  entry->second.updated = now;
}

absl::Duration Backoff::Get(const Key& key) const {
  auto entry = entries_.find(key);
  return entry == entries_.end() ? absl::ZeroDuration() : entry->second.wait;
}

void Backoff::ForgetPod(const std::string& uid) {
  auto first = entries_.lower_bound({uid, ""});
  auto last = first;
  while (last != entries_.end() && last->first.first == uid) ++last;
  entries_.erase(first, last);
}

}  // namespace fairway::kubelet::kuberuntime
