// SPDX-License-Identifier: Apache-2.0
// A backend that lives in this process: its handler is called with what the
// network would have brought it, and what it answers goes to the client as a
// proxy would have passed it on.
#ifndef NET_PROXY_LOCAL_BACKEND_H_
#define NET_PROXY_LOCAL_BACKEND_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/http/headers.h"
#include "net/http/url.h"

namespace fairway::net::proxy {

// What a proxy would have sent to its backend.
struct BackendRequest {
  std::string method;
  http::Url location;
  http::Headers headers;  // with Host, and with the length of `body`
  std::string body;
};

// One request to such a backend.
//
// Threads:  the executor of the connection.
// Lifetime: `handler`, `request` and `writer` must outlive it.
class LocalBackend {
 public:
  // `max_bytes_per_sec`: as Throttle(), of a connection that is hijacked.
  LocalBackend(const http::Handler& handler, http::ServerRequest& request,
               http::ResponseWriter& writer, int64_t max_bytes_per_sec)
      : handler_(handler),
        request_(request),
        writer_(writer),
        max_bytes_per_sec_(max_bytes_per_sec) {}

  // Calls the handler. The stream that it hijacks is the client's own, whose
  // reader gets first what the handler has not read of the body; so nothing is
  // relayed. A refusal (4xx, 5xx) goes to the client without the fields of one
  // hop, and ends its connection.
  // Errors: those of the handler; kInternal, with nothing answered, for an
  // answer that is neither a refusal nor a hijack.
  Task<absl::Status> Serve(BackendRequest sent);

  // Whether the client got its answer, or the handler its connection.
  bool answered() const { return answered_; }

 private:
  class Body;
  class Writer;

  const http::Handler& handler_;
  http::ServerRequest& request_;
  http::ResponseWriter& writer_;
  const int64_t max_bytes_per_sec_;
  bool answered_ = false;
};

// Whether a proxy leaves a field of its backend's refusal out.
bool IsHopByHop(absl::string_view name);

// What is wrong with a backend's answer that is neither 101 nor a refusal.
absl::Status InvalidUpgradeResponse(int status);

}  // namespace fairway::net::proxy

#endif  // NET_PROXY_LOCAL_BACKEND_H_
