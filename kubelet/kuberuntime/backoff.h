// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/util/flowcontrol/backoff.go (v0.20.2)
// How long to wait before the next attempt at something that keeps failing.
#ifndef KUBELET_KUBERUNTIME_BACKOFF_H_
#define KUBELET_KUBERUNTIME_BACKOFF_H_

#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace fairway::kubelet::kuberuntime {

// Threads: not thread-safe.
class Backoff {
 public:
  using Key = std::pair<std::string, std::string>;  // pod UID, what of it

  Backoff(absl::Duration initial, absl::Duration max)
      : initial_(initial), max_(max) {}

  // How long an attempt has still to wait, given that the last failure was at
  // `event`; zero if it may begin.
  absl::Duration Remaining(const Key& key, absl::Time event,
                           absl::Time now) const;

  // Doubles the wait; it begins anew when the last attempt that succeeded
  // lasted more than twice the longest wait.
  void Next(const Key& key, absl::Time event, absl::Time now);

  // The present wait; zero if there was no failure.
  absl::Duration Get(const Key& key) const;

  void ForgetPod(const std::string& uid);

 private:
  struct Entry {
    absl::Duration wait;
    absl::Time updated;
  };

  bool HasExpired(const Entry& entry, absl::Time event) const {
    return event - entry.updated > 2 * max_;
  }

  const absl::Duration initial_;
  const absl::Duration max_;
  std::map<Key, Entry> entries_;
};

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_BACKOFF_H_
