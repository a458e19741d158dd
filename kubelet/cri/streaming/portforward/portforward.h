// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/portforward/portforward.go (v1.20.2)
#ifndef KUBELET_CRI_STREAMING_PORTFORWARD_PORTFORWARD_H_
#define KUBELET_CRI_STREAMING_PORTFORWARD_PORTFORWARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "httpstream/spdy/session_options.h"
#include "kubelet/cri/streaming/portforward/options.h"
#include "net/http/handler.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http {
class DrainState;
}  // namespace fairway::net::http

namespace fairway::kubelet::cri::streaming::portforward {

// Moves bytes between a data stream and a port in a pod.
class PortForwarder {
 public:
  virtual ~PortForwarder() = default;
  // As Runtime::PortForward, and with its errors.
  virtual Task<absl::Status> PortForward(std::string pod_name, std::string uid,
                                         int32_t port,
                                         net::ByteStream& stream) = 0;
};

struct ServeOptions {
  std::string pod_name;
  std::string uid;
  V4Options v4;  // for a WebSocket request
  absl::Duration idle_timeout = absl::Hours(4);
  absl::Duration stream_creation_timeout = absl::Seconds(30);
  std::vector<std::string> supported_protocols = {"portforward.k8s.io"};
  httpstream::spdy::SessionOptions session;
  // Draining, the session ends once its last stream has. Null: never drains.
  // Must outlive the Task.
  net::http::DrainState* drain = nullptr;
};

// Answers an upgrade request and serves its streams, which may be many
// connections one after the other or at once, until the client has gone or
// nothing moved for `idle_timeout`; or as HandleWebSocketStreams() a WebSocket
// request. `forwarder` must outlive the Task.
// Errors: kCancelled; others are answered or logged here.
Task<absl::Status> ServePortForward(net::http::ServerRequest& request,
                                    net::http::ResponseWriter& writer,
                                    PortForwarder& forwarder,
                                    ServeOptions options);

}  // namespace fairway::kubelet::cri::streaming::portforward

#endif  // KUBELET_CRI_STREAMING_PORTFORWARD_PORTFORWARD_H_
