// SPDX-License-Identifier: Apache-2.0
#include "net/tls/session_cache.h"

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace fairway::net {

SessionCache::~SessionCache() {
  for (Set& set : sets_) {
    for (std::atomic<Entry*>& slot : set) delete slot.load();
  }
}

SessionCache::Set& SessionCache::SetOf(absl::string_view server_name) {
  const std::string_view name(server_name.data(), server_name.size());
  return sets_[std::hash<std::string_view>()(name) % kSets];
}

void SessionCache::Put(absl::string_view server_name,
                       bssl::UniquePtr<SSL_SESSION> session) {
  auto entry = std::make_unique<Entry>();
  entry->server_name.assign(server_name.data(), server_name.size());
  entry->session = std::move(session);
  Set& set = SetOf(server_name);
  for (std::atomic<Entry*>& slot : set) {
    Entry* none = nullptr;
    if (slot.compare_exchange_strong(none, entry.get())) {
      (void)entry.release();
      return;
    }
  }
  delete set[next_++ % set.size()].exchange(entry.release());
}

bssl::UniquePtr<SSL_SESSION> SessionCache::Take(absl::string_view server_name) {
  for (std::atomic<Entry*>& slot : SetOf(server_name)) {
    std::unique_ptr<Entry> entry(slot.exchange(nullptr));
    if (entry == nullptr) continue;
    if (entry->server_name == server_name) return std::move(entry->session);
    // Another's: back to its place, unless that was taken meanwhile.
    Entry* none = nullptr;
    if (slot.compare_exchange_strong(none, entry.get())) (void)entry.release();
  }
  return nullptr;
}

}  // namespace fairway::net
