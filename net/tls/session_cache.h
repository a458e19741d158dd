// SPDX-License-Identifier: Apache-2.0
// What a client keeps of its connections to resume them (RFC 8446, 2.2).
#ifndef NET_TLS_SESSION_CACHE_H_
#define NET_TLS_SESSION_CACHE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "net/tls/boringssl.h"

namespace fairway::net {

// A few sessions for each server name, of as many names as have room; the
// others are forgotten. Each is given out once, so that nobody who watches can
// tell that two connections are of one client.
//
// Threads: safe.
class SessionCache {
 public:
  SessionCache() = default;
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  void Put(absl::string_view server_name, bssl::UniquePtr<SSL_SESSION> session);
  // Null if there is none.
  bssl::UniquePtr<SSL_SESSION> Take(absl::string_view server_name);

 private:
  struct Entry {
    std::string server_name;
    bssl::UniquePtr<SSL_SESSION> session;
  };
  static constexpr size_t kSets = 16;
  static constexpr size_t kSessionsOfASet = 4;
  using Set = std::array<std::atomic<Entry*>, kSessionsOfASet>;

  Set& SetOf(absl::string_view server_name);

  // Owned.
  std::array<Set, kSets> sets_ = {};
  std::atomic<size_t> next_{0};
};

}  // namespace fairway::net

#endif  // NET_TLS_SESSION_CACHE_H_
