// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/server.go (v1.20.2)
// Where a runtime's streams are opened: a CRI call leaves its request here and
// gets a URL with a token, which may be used once within a minute.
// Differs: only port-forward; paths of exec and attach are 404. Stop() lets
// streams end.
#ifndef KUBELET_CRI_STREAMING_SERVER_H_
#define KUBELET_CRI_STREAMING_SERVER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"
#include "kubelet/cri/streaming/config.h"
#include "kubelet/cri/streaming/runtime.h"
#include "net/http/handler.h"
#include "net/http/url.h"

namespace fairway::kubelet::cri::streaming {

// Threads:  on the executor of its making.
// Lifetime: must outlive the calls of its handler; Stop() before it dies, if it
//           was started.
class Server {
 public:
  virtual ~Server() = default;

  // Errors: kInvalidArgument "missing required pod_sandbox_id";
  // kResourceExhausted when 1,000 tokens wait to be used.
  virtual absl::StatusOr<runtimeapi::PortForwardResponse> GetPortForward(
      const runtimeapi::PortForwardRequest& request) = 0;

  // Whether `url` is one that GetPortForward() gives out: who has it and is in
  // this process may call handler() with its path instead of connecting.
  virtual bool Serves(const net::http::Url& url) const = 0;

  // Serves GET and POST of "/portforward/TOKEN" below the base URL's path; an
  // unknown token or path is a plain 404. For mounting in another server.
  virtual net::http::Handler handler() = 0;

  // Binds the configured address, so that URLs can be given out.
  // Errors: as net::ListenTcp.
  virtual absl::Status Listen() = 0;
  // Serves until Stop(); listens first if that was not done.
  // Errors: of Listen(); kCancelled.
  virtual Task<absl::Status> Start() = 0;
  // Sessions get no new streams from now on, and end once their last stream
  // has: an idle one at once. Also those of handler(). Never waits. Idempotent.
  virtual void Drain() = 0;
  // Stops listening, drains, and drops what is still open after `grace`.
  virtual Task<absl::Status> Stop(absl::Duration grace) = 0;
};

// Errors: kInvalidArgument for a base URL or address that cannot be parsed.
absl::StatusOr<std::unique_ptr<Server>> NewServer(Executor executor,
                                                  Config config,
                                                  Runtime& runtime);

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_SERVER_H_
