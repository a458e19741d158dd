// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PROCESS_PROCESS_SERVICE_H_
#define RUNTIME_PROCESS_PROCESS_SERVICE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/process/subprocess.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "kubelet/cri/services.h"
#include "kubelet/cri/streaming/runtime.h"
#include "kubelet/cri/streaming/server.h"
#include "runtime/cri/records.h"
#include "runtime/embedded.h"
#include "runtime/process/leftovers.h"
#include "runtime/process/pod_network.h"

namespace fairway::runtime::process {

// CRI's RuntimeService over host processes, and the way to their ports.
//
// Threads:  on the executor of its making.
// Lifetime: Start() before the first call, Stop() before it dies.
class ProcessService : public kubelet::cri::RuntimeService,
                       public kubelet::cri::streaming::Runtime {
 public:
  struct Options {
    std::string root_directory;
    PortForwardDial port_forward_dial = PortForwardDial::kNetns;
    std::string host_ip;
  };

  ProcessService(Executor executor, Options options);

  // The server that PortForward() leaves its requests with; outlives the calls.
  void set_streaming_server(kubelet::cri::streaming::Server* server) {
    streaming_server_ = server;
  }

  Task<absl::Status> Start();
  // Ends all containers, in good order within `grace`.
  Task<absl::Status> Stop(absl::Duration grace);

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

  Task<absl::Status> PortForward(std::string pod_sandbox_id, int32_t port,
                                 net::ByteStream& stream) override;

 private:
  // The place of a sandbox that is ready.
  // Errors: kNotFound; kFailedPrecondition "container not running (ID)".
  absl::StatusOr<PodPlace> PlaceOf(absl::string_view pod_sandbox_id);
  std::string LogPathOf(const cri::ContainerRecord& record);
  // Updates the record when the container's process ends.
  Task<absl::Status> Watch(std::string container_id,
                           std::shared_ptr<Subprocess> process);
  // SIGTERM, and SIGKILL after `grace`. OK if it does not run.
  Task<absl::Status> EndContainer(std::string container_id,
                                  absl::Duration grace);
  Task<absl::Status> EndContainersOf(std::string sandbox_id,
                                     absl::Duration grace);

  const Executor executor_;
  const Options options_;
  kubelet::cri::streaming::Server* streaming_server_ = nullptr;
  Leftovers leftovers_;
  PodNetwork network_;
  cri::Records records_;
  std::map<std::string, PodPlace> places_;  // of sandboxes that are ready
  std::map<std::string, std::shared_ptr<Subprocess>> processes_;  // running
  Condition container_ended_;
  TaskGroup watchers_;
};

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_PROCESS_SERVICE_H_
