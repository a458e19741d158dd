// SPDX-License-Identifier: Apache-2.0
// The seam by which a process holds a container runtime of its own: the kubelet
// its embedded one, the dockershim daemon its only one. Whoever holds it puts
// the two services behind a CRI socket (runtime/cri), and serves
// streaming_server() under its own /cri/ where the options ask for that.
#ifndef RUNTIME_EMBEDDED_H_
#define RUNTIME_EMBEDDED_H_

#include "absl/status/status.h"
#include "base/task/task.h"
#include "kubelet/cri/streaming/config.h"

namespace fairway::kubelet::cri {
class RuntimeService;
class ImageManagerService;
namespace streaming {
class Server;
}  // namespace streaming
}  // namespace fairway::kubelet::cri

namespace fairway::runtime {

// How a forwarded connection reaches the pod's port.
enum class PortForwardDial {
  kNetns,  // a socket made in the pod's network namespace, IPv4 then IPv6
  kSocat,  // `nsenter ... socat`, a process a connection, as upstream's
};

// Where port-forward streams are served. A `base_url` of "/cri/": the holder
// serves streaming_server() there. Empty: the runtime listens on `address`
// itself and hands out absolute URLs.
using StreamingOptions = kubelet::cri::streaming::Config;

// Threads:  on the executor of its making.
// Lifetime: Start() before the first use, Stop() before it dies.
class EmbeddedRuntime {
 public:
  virtual ~EmbeddedRuntime() = default;

  // Valid as long as this is.
  virtual kubelet::cri::RuntimeService& runtime_service() = 0;
  virtual kubelet::cri::ImageManagerService& image_service() = 0;
  virtual kubelet::cri::streaming::Server& streaming_server() = 0;

  // Checks that what it stands on is there, clears what an earlier run left,
  // and listens for streams where the options say so.
  virtual Task<absl::Status> Start() = 0;
  // Lets the streams end for a few seconds, and drops them then; and the pods
  // too where they are this process's children.
  virtual Task<absl::Status> Stop() = 0;
};

}  // namespace fairway::runtime

#endif  // RUNTIME_EMBEDDED_H_
