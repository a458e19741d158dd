// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_service.go (v1.20.2)
#include "runtime/dockershim/docker_runtime_service.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fairway::runtime::dockershim {

// CRI's version, which kubelets compare.
constexpr char kKubeApiVersion[] = "0.1.0";
constexpr char kDockerRuntimeName[] = "docker";

Task<absl::Status> DockerRuntimeService::Start() {
  absl::StatusOr<libdocker::EngineVersion> version = co_await client_.Version();
  if (!version.ok()) co_return version.status();
  LOG(INFO) << "Connected to Docker " << version->version << ", API "
            << version->api_version;
  if (!options_.pod_network.empty()) co_return absl::OkStatus();
  absl::StatusOr<std::vector<std::string>> networks =
      co_await client_.ListNetworks();
  if (!networks.ok()) co_return networks.status();
  const bool has_bridge = std::find(networks->begin(), networks->end(),
                                    "bridge") != networks->end();
  options_.pod_network = has_bridge ? "default" : "none";
  LOG(INFO) << "Pods use Docker's network \"" << options_.pod_network << "\"";
  co_return absl::OkStatus();
}

Task<absl::StatusOr<runtimeapi::VersionResponse>> DockerRuntimeService::Version(
    runtimeapi::VersionRequest) {
  absl::StatusOr<libdocker::EngineVersion> version = co_await client_.Version();
  if (!version.ok()) co_return version.status();
  runtimeapi::VersionResponse response;
  response.set_version(kKubeApiVersion);
  response.set_runtime_name(kDockerRuntimeName);
  response.set_runtime_version(version->version);
  // The engine's has two parts; semver wants three.
  response.set_runtime_api_version(absl::StrCat(version->api_version, ".0"));
  co_return response;
}

Task<absl::StatusOr<runtimeapi::StatusResponse>> DockerRuntimeService::Status(
    runtimeapi::StatusRequest) {
  runtimeapi::StatusResponse response;
  runtimeapi::RuntimeCondition* runtime =
      response.mutable_status()->add_conditions();
  runtime->set_type("RuntimeReady");
  runtime->set_status(true);
  runtimeapi::RuntimeCondition* network =
      response.mutable_status()->add_conditions();
  network->set_type("NetworkReady");
  network->set_status(true);
  absl::StatusOr<libdocker::EngineVersion> version = co_await client_.Version();
  if (!version.ok()) {
    runtime->set_status(false);
    runtime->set_reason("DockerDaemonNotReady");
    runtime->set_message(absl::StrCat("docker: failed to get docker version: ",
                                      version.status().message()));
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::PortForwardResponse>>
DockerRuntimeService::PortForward(runtimeapi::PortForwardRequest request) {
  // An empty id is the streaming server's to refuse.
  if (!request.pod_sandbox_id().empty()) {
    absl::StatusOr<libdocker::ContainerJson> container =
        co_await client_.InspectContainer(request.pod_sandbox_id());
    if (!container.ok()) co_return container.status();
    if (!container->state.running) {
      co_return absl::FailedPreconditionError(
          absl::StrCat("container not running (", container->id, ")"));
    }
  }
  co_return streaming_server_->GetPortForward(request);
}

}  // namespace fairway::runtime::dockershim
