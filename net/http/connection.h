// SPDX-License-Identifier: Apache-2.0
// The seam between Server, which accepts, and the HTTP/1.1 and HTTP/2 rooms,
// which speak. Each of those offers, in server_connection.h,
//
//   Task<absl::Status> ServeConnection(std::unique_ptr<ByteStream> stream,
//                                      http::ConnectionInfo info,
//                                      const http::Handler& handler,
//                                      const http::ServerOptions& options,
//                                      http::DrainState& drain);
//
// which serves one connection to its end and closes it. `handler`, `options`
// and `drain` outlive the Task. Draining, it ends when the requests under way
// are answered, at once if there are none; cancelled, it drops the connection.
// What it returns is only logged.
#ifndef NET_HTTP_CONNECTION_H_
#define NET_HTTP_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "net/tls/tls.h"

namespace fairway::net::http {

// Who is at the other end.
struct ConnectionInfo {
  bool tls = false;
  std::string remote_address;  // "127.0.0.1:4711", or "@" for a Unix socket
  // Null if none was shown. Shared, since the stream may be hijacked and die.
  std::shared_ptr<const PeerCertificate> peer_certificate;
};

// Tells connections that their server is shutting down.
//
// Threads:  on the executor of its making, as the connections.
// Lifetime: must outlive every Wait().
class DrainState {
 public:
  explicit DrainState(Executor executor) : begun_(executor) {}

  void Begin() {
    draining_ = true;
    begun_.NotifyAll();
  }

  bool draining() const { return draining_; }

  // Returns once the server is draining. Errors: kCancelled.
  Task<absl::Status> Wait() {
    while (!draining_) {
      absl::Status waited = co_await begun_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

 private:
  bool draining_ = false;
  Condition begun_;
};

}  // namespace fairway::net::http

#endif  // NET_HTTP_CONNECTION_H_
