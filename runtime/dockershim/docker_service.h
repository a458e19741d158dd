// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_service.go (v1.20.2)
// CRI over the Docker Engine API: a pod is an infra container whose namespaces
// the pod's other containers join.
// Differs: no CNI plugin, so the pod's address is the one that Docker gave it;
// no checkpoints, so a sandbox is what Docker lists; no exec and attach.
#ifndef RUNTIME_DOCKERSHIM_DOCKER_SERVICE_H_
#define RUNTIME_DOCKERSHIM_DOCKER_SERVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "runtime/embedded.h"

namespace fairway::runtime::dockershim {

struct DockerServiceOptions {
  std::string docker_endpoint = "unix:///var/run/docker.sock";
  std::string pod_infra_container_image = "k8s.gcr.io/pause:3.2";
  // The network of pods that do not use the node's: "default" is Docker's
  // bridge, "none" a loopback alone. Empty: "default" if Docker has a network
  // of that driver, else "none".
  std::string pod_network;
  PortForwardDial port_forward_dial = PortForwardDial::kNetns;
  StreamingOptions streaming;
};

// Errors: kInvalidArgument for an endpoint that is no Unix socket. Docker is
// first asked by Start().
absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> NewDockerService(
    Executor executor, DockerServiceOptions options);

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_DOCKER_SERVICE_H_
