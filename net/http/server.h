// SPDX-License-Identifier: Apache-2.0
// An HTTP server: HTTP/1.1, and HTTP/2 where TLS's ALPN agreed on it.
#ifndef NET_HTTP_SERVER_H_
#define NET_HTTP_SERVER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/http/server_options.h"
#include "net/socket/socket.h"

namespace fairway::net::http {

// Threads:  on the executor of its making; `handler` runs on that of the
//           connection, so on several threads if there are several executors.
// Lifetime: Shutdown() before it dies.
class Server {
 public:
  virtual ~Server() = default;
  // Serves `listener` until Shutdown(). May be called for several listeners,
  // each in a task of its own. Errors: none but kCancelled.
  virtual Task<absl::Status> Serve(std::unique_ptr<Listener> listener) = 0;
  // Stops accepting and closes idle connections; lets running handlers end for
  // `grace`, then drops what is left. Hijacked connections count as running.
  virtual Task<absl::Status> Shutdown(absl::Duration grace) = 0;
};

std::unique_ptr<Server> NewServer(Executor executor, Handler handler,
                                  ServerOptions options);

}  // namespace fairway::net::http

#endif  // NET_HTTP_SERVER_H_
