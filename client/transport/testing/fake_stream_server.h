// SPDX-License-Identifier: Apache-2.0
// A server whose streams say back what they are told, by SPDY and by SPDY
// inside WebSocket; for dialers to meet.
//
// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies.
#ifndef CLIENT_TRANSPORT_TESTING_FAKE_STREAM_SERVER_H_
#define CLIENT_TRANSPORT_TESTING_FAKE_STREAM_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/httpstream.h"
#include "net/http/handler.h"
#include "net/http/server.h"
#include "net/tls/tls.h"

namespace fairway::transport {

class FakeStreamServer {
 public:
  struct Options {
    std::shared_ptr<const net::TlsServerContext> tls;  // null: plain
    // Answer in place of the upgrades; null: these are done.
    net::http::Handler websocket;
    net::http::Handler spdy;
  };

  FakeStreamServer(Executor executor, Options options);

  // "http://127.0.0.1:PORT", or https.
  const std::string& url() const { return url_; }
  // The request of each upgrade: "GET websocket", "POST SPDY/3.1".
  const std::vector<std::string>& upgrades() const { return upgrades_; }

  Task<absl::Status> Stop();

 private:
  Task<absl::Status> Serve(net::http::ServerRequest& request,
                           net::http::ResponseWriter& writer);
  Task<absl::Status> ServeSpdy(net::http::ServerRequest& request,
                               net::http::ResponseWriter& writer);
  Task<absl::Status> ServeTunnel(net::http::ServerRequest& request,
                                 net::http::ResponseWriter& writer);
  httpstream::NewStreamHandler Echoes();

  const Options options_;
  std::string url_;
  std::vector<std::string> upgrades_;
  std::unique_ptr<net::http::Server> server_;
  TaskGroup tasks_;
};

// Says "hello" on a stream of `dialer`'s, and gives what came back with the
// protocol that was chosen: "hello by portforward.k8s.io".
Task<absl::StatusOr<std::string>> Echo(httpstream::Dialer& dialer);

}  // namespace fairway::transport

#endif  // CLIENT_TRANSPORT_TESTING_FAKE_STREAM_SERVER_H_
