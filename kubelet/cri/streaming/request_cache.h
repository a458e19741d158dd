// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/request_cache.go (v1.20.2)
// Requests that wait for their stream, each under a token for one use.
// Differs: tokens of 128 random bits instead of 48.
#ifndef KUBELET_CRI_STREAMING_REQUEST_CACHE_H_
#define KUBELET_CRI_STREAMING_REQUEST_CACHE_H_

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kubelet/cri/streaming/errors.h"
#include "net/tls/crypto.h"

namespace fairway::kubelet::cri::streaming {

inline constexpr size_t kMaxInFlight = 1000;
inline constexpr size_t kTokenBytes = 16;  // before base64url

template <typename Request>
class RequestCache {
 public:
  explicit RequestCache(std::function<absl::Time()> now = absl::Now)
      : now_(std::move(now)) {}

  // The token that Consume() gives `request` back for, once, until kCacheTTL
  // from now. Errors: kResourceExhausted when kMaxInFlight wait.
  absl::StatusOr<std::string> Insert(Request request) {
    DropExpired();
    if (entries_.size() >= kMaxInFlight) return NewErrorTooManyInFlight();
    std::string token =
        absl::WebSafeBase64Escape(net::RandomBytes(kTokenBytes));
    entries_.push_back({token, std::move(request), now_() + kCacheTTL});
    by_token_[token] = std::prev(entries_.end());
    return token;
  }

  std::optional<Request> Consume(absl::string_view token) {
    DropExpired();
    auto found = by_token_.find(token);
    if (found == by_token_.end()) return std::nullopt;
    Request request = std::move(found->second->request);
    entries_.erase(found->second);
    by_token_.erase(found);
    return request;
  }

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string token;
    Request request;
    absl::Time expires;
  };

  // They expire in the order in which they came.
  void DropExpired() {
    const absl::Time now = now_();
    while (!entries_.empty() && now > entries_.front().expires) {
      by_token_.erase(entries_.front().token);
      entries_.pop_front();
    }
  }

  std::function<absl::Time()> now_;
  std::list<Entry> entries_;
  absl::flat_hash_map<std::string, typename std::list<Entry>::iterator>
      by_token_;
};

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_REQUEST_CACHE_H_
