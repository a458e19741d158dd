// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/server/server.go (v1.20.2)
// The kubelet's HTTPS API: /portForward, /pods, /healthz, /readyz, /metrics,
// and the runtime's streams under /cri/.
#ifndef KUBELET_SERVER_SERVER_H_
#define KUBELET_SERVER_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "kubelet/server/auth.h"
#include "kubelet/server/host.h"
#include "net/http/handler.h"
#include "net/http/url.h"

namespace fairway::kubelet::server {

struct ServerOptions {
  std::string node_name;
  AnonymousAuth anonymous_auth = AnonymousAuth::kForbidden;
  // Answer /portForward with a redirect to the runtime's URL instead of
  // carrying the bytes.
  bool redirect_container_streaming = false;
  // Serves what is under /cri/; null: nothing is.
  net::http::Handler cri_handler;
  // Who serves a URL of the runtime's in this process, so that no byte has to
  // be carried there; it, and what it gives, may be null: nobody.
  std::function<net::http::Handler(const net::http::Url&)> local_streams;
};

// Threads:  one executor.
// Lifetime: must outlive the calls of its handler, `host` too.
class Server {
 public:
  Server(HostInterface& host, std::unique_ptr<Authorizer> authorizer,
         ServerOptions options);

  // Counts, authenticates, authorizes, and answers.
  Task<absl::Status> ServeHTTP(net::http::ServerRequest& request,
                               net::http::ResponseWriter& writer);

  net::http::Handler handler() {
    return [this](net::http::ServerRequest& request,
                  net::http::ResponseWriter& writer) {
      return ServeHTTP(request, writer);
    };
  }

 private:
  // What a request is answered with instead, if it may not go on.
  struct Refusal {
    int status = 0;  // 0: it may
    std::string text;
  };
  Refusal CheckAuth(const net::http::ServerRequest& request);
  Task<absl::Status> Route(net::http::ServerRequest& request,
                           net::http::ResponseWriter& writer);
  Task<absl::Status> GetPods(net::http::ResponseWriter& writer);
  Task<absl::Status> GetPortForward(net::http::ServerRequest& request,
                                    net::http::ResponseWriter& writer);

  HostInterface& host_;
  const std::unique_ptr<Authorizer> authorizer_;
  const ServerOptions options_;
};

// Mirrors: net/http.Redirect with 302.
Task<absl::Status> RedirectFound(net::http::ServerRequest& request,
                                 net::http::ResponseWriter& writer,
                                 std::string location);

}  // namespace fairway::kubelet::server

#endif  // KUBELET_SERVER_SERVER_H_
