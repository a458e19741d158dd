// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_streaming.go (v1.20.2):
// streamingRuntime
#ifndef RUNTIME_DOCKERSHIM_DOCKER_STREAMING_H_
#define RUNTIME_DOCKERSHIM_DOCKER_STREAMING_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "kubelet/cri/streaming/runtime.h"
#include "runtime/dockershim/libdocker/client.h"
#include "runtime/embedded.h"
#include "runtime/netns/pod_netns.h"

namespace fairway::runtime::dockershim {

// Threads:  on the executor of its making.
// Lifetime: must outlive its calls.
class StreamingRuntime : public kubelet::cri::streaming::Runtime {
 public:
  // `client` must outlive it.
  StreamingRuntime(libdocker::Client& client, PortForwardDial dial)
      : client_(client), dial_(dial) {}

  // Errors: "invalid port 70000"; "container not running (ID)"; of the engine
  // and of the dial.
  Task<absl::Status> PortForward(std::string pod_sandbox_id, int32_t port,
                                 net::ByteStream& stream) override;

  // Leaves the namespace of a sandbox that was stopped.
  void Forget(const std::string& pod_sandbox_id);

 private:
  // A sandbox's namespace, good as long as its infra process lives.
  class Entered;

  Task<absl::Status> ForwardTo(std::string pod_sandbox_id, uint16_t port,
                               net::ByteStream& stream);
  // The pid of the sandbox's infra process.
  Task<absl::StatusOr<pid_t>> RunningPid(std::string pod_sandbox_id);
  Task<absl::StatusOr<std::shared_ptr<Entered>>> Enter(
      std::string pod_sandbox_id);

  libdocker::Client& client_;
  const PortForwardDial dial_;
  std::map<std::string, std::shared_ptr<Entered>> entered_;
};

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_DOCKER_STREAMING_H_
