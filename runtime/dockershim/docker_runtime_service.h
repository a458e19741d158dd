// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_service.go (v1.20.2): dockerService
#ifndef RUNTIME_DOCKERSHIM_DOCKER_RUNTIME_SERVICE_H_
#define RUNTIME_DOCKERSHIM_DOCKER_RUNTIME_SERVICE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"
#include "kubelet/cri/streaming/server.h"
#include "runtime/dockershim/docker_streaming.h"
#include "runtime/dockershim/libdocker/client.h"

namespace fairway::runtime::dockershim {

// CRI's RuntimeService over the engine; its sandboxes are in docker_sandbox.cc,
// its containers in docker_container.cc.
//
// Threads:  on the executor of its making.
// Lifetime: `client` and `streaming` must outlive it.
class DockerRuntimeService : public kubelet::cri::RuntimeService {
 public:
  struct Options {
    std::string pod_infra_container_image;
    std::string pod_network;
  };

  DockerRuntimeService(libdocker::Client& client, StreamingRuntime& streaming,
                       Options options)
      : client_(client), streaming_(streaming), options_(std::move(options)) {}

  // The server that PortForward() leaves its requests with.
  void set_streaming_server(kubelet::cri::streaming::Server* server) {
    streaming_server_ = server;
  }

  // Finds the engine, and the network for pods if the options name none.
  Task<absl::Status> Start();

  Task<absl::StatusOr<runtimeapi::VersionResponse>> Version(
      runtimeapi::VersionRequest request) override;
  Task<absl::StatusOr<runtimeapi::StatusResponse>> Status(
      runtimeapi::StatusRequest request) override;

  Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>> RunPodSandbox(
      runtimeapi::RunPodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>> StopPodSandbox(
      runtimeapi::StopPodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>> RemovePodSandbox(
      runtimeapi::RemovePodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>> PodSandboxStatus(
      runtimeapi::PodSandboxStatusRequest request) override;
  Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>> ListPodSandbox(
      runtimeapi::ListPodSandboxRequest request) override;

  Task<absl::StatusOr<runtimeapi::CreateContainerResponse>> CreateContainer(
      runtimeapi::CreateContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::StartContainerResponse>> StartContainer(
      runtimeapi::StartContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::StopContainerResponse>> StopContainer(
      runtimeapi::StopContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>> RemoveContainer(
      runtimeapi::RemoveContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::ListContainersResponse>> ListContainers(
      runtimeapi::ListContainersRequest request) override;
  Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>> ContainerStatus(
      runtimeapi::ContainerStatusRequest request) override;

  Task<absl::StatusOr<runtimeapi::PortForwardResponse>> PortForward(
      runtimeapi::PortForwardRequest request) override;

 private:
  Task<absl::Status> EnsureSandboxImageExists();
  // Creates and starts; what did not start is removed.
  Task<absl::StatusOr<std::string>> CreateAndStart(
      libdocker::ContainerCreateConfig config);
  libdocker::ContainerCreateConfig MakeSandboxDockerConfig(
      const runtimeapi::PodSandboxConfig& config) const;
  Task<absl::StatusOr<std::vector<libdocker::Container>>> ContainersOf(
      std::string pod_sandbox_id);
  Task<absl::Status> CreateContainerLogSymlink(std::string container_id);

  libdocker::Client& client_;
  StreamingRuntime& streaming_;
  Options options_;
  kubelet::cri::streaming::Server* streaming_server_ = nullptr;
  // Whether the kernel lets a sandbox have upstream's oom score: until it once
  // did not.
  bool may_lower_oom_score_ = true;
};

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_DOCKER_RUNTIME_SERVICE_H_
