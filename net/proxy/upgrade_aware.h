// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go (v0.20.2)
// Hands an upgrade request to a backend and then relays bytes: frames are never
// parsed here. Used by the API server (to the kubelet) and by the kubelet (to
// the streaming server).
// Differs: a backend of this process gets the request without a connection.
#ifndef NET_PROXY_UPGRADE_AWARE_H_
#define NET_PROXY_UPGRADE_AWARE_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/http/transport.h"
#include "net/http/url.h"
#include "net/relay/relay.h"

namespace fairway::net::proxy {

// Writes an error in the words of the server that owns the handler.
using ErrorResponder = std::function<Task<absl::Status>(
    http::ServerRequest&, http::ResponseWriter&, absl::Status)>;

struct UpgradeAwareOptions {
  http::Url location;
  http::DialOptions dial;  // how to reach the backend
  // Who serves `location` in this process, and is called instead of dialling;
  // null: nobody. What it is asked and what the client sees of its answers is
  // the same either way, but nothing is relayed (LocalBackend).
  http::Handler backend;
  // Follow a 3xx answer of the backend here, instead of failing on it.
  bool intercept_redirects = false;
  // With it: only to the host name of `location`.
  bool require_same_host_redirects = true;
  int64_t max_bytes_per_sec = 0;  // 0: no limit
  ErrorResponder responder;
  // May be null. For those who count: each redirect that is followed, and what
  // was relayed (a is the client, b the backend) when a relay has ended; there
  // is neither with a `backend`.
  std::function<void(const http::Url& from, const http::Url& to)> on_redirect;
  std::function<void(const RelayCounts& counts)> on_relayed;
};

// Serves any number of requests.
//
// Threads:  each call on the executor of its connection.
// Lifetime: must outlive its calls.
class UpgradeAwareHandler {
 public:
  explicit UpgradeAwareHandler(UpgradeAwareOptions options);

  // Errors are answered by the responder before the switch, and end both
  // connections after it:
  //  - no Upgrade: 400 "Upgrade request required";
  //  - Upgrade neither SPDY/3.1 nor websocket, or HTTP/2: 400;
  //  - the backend cannot be reached: 503-ish, by the responder;
  //  - the backend answers other than 101: its answer is relayed (but 3xx, an
  //    error) and both connections are closed (CVE-2018-1002105);
  // After a 101: bytes both ways until either side ends, then both are closed,
  // after what was read has been written (ARCHITECTURE.md, "How things end").
  Task<absl::Status> ServeHTTP(http::ServerRequest& request,
                               http::ResponseWriter& writer);

 private:
  UpgradeAwareOptions options_;
};

}  // namespace fairway::net::proxy

#endif  // NET_PROXY_UPGRADE_AWARE_H_
