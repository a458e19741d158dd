// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/server.go (v1.20.2): Runtime
#ifndef KUBELET_CRI_STREAMING_RUNTIME_H_
#define KUBELET_CRI_STREAMING_RUNTIME_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::kubelet::cri::streaming {

// What a container runtime does for its streaming server.
//
// Threads:  called on the server's executor.
// Lifetime: must outlive the server.
class Runtime {
 public:
  virtual ~Runtime() = default;

  // Dials `port` inside the sandbox and moves bytes between it and `stream`
  // until both directions have ended: each FIN is passed on, the other
  // direction lives on. `stream` outlives the Task; the caller closes it.
  // Cancel: the pod's connection is dropped.
  // Errors: of the dial, with any code but kAborted; the message is shown to
  // the user ("container not running (ID)"). Whatever goes wrong once the dial
  // succeeded is ConnectionLost(): the user's connection is then reset, and no
  // message is sent, since clients take one for the end of all connections.
  virtual Task<absl::Status> PortForward(std::string pod_sandbox_id,
                                         int32_t port,
                                         net::ByteStream& stream) = 0;
};

// `why` under the code kAborted; OK stays OK. For Runtime::PortForward.
inline absl::Status ConnectionLost(const absl::Status& why) {
  if (why.ok()) return why;
  return absl::AbortedError(why.message());
}

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_RUNTIME_H_
