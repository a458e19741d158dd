// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/remote/remote_runtime.go, utils.go (v1.20.2)
#include "kubelet/cri/remote/remote_runtime.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kubelet/cri/remote/cri_client.h"
#include "net/grpc/grpc.h"

namespace fairway::kubelet::cri {
namespace {

// kubeRuntimeAPIVersion
constexpr char kKubeRuntimeApiVersion[] = "0.1.0";

absl::Status VerifyVersion(const runtimeapi::VersionResponse& response) {
  if (response.version().empty() || response.runtime_name().empty() ||
      response.runtime_api_version().empty() ||
      response.runtime_version().empty()) {
    return absl::InternalError(
        absl::StrCat("not all fields are set in VersionResponse (\"",
                     response.ShortDebugString(), "\")"));
  }
  return absl::OkStatus();
}

absl::Status VerifySandboxStatus(const runtimeapi::PodSandboxStatus& status) {
  if (status.id().empty()) return absl::InternalError("status.Id is not set");
  if (!status.has_metadata()) {
    return absl::InternalError("status.Metadata is not set");
  }
  const runtimeapi::PodSandboxMetadata& metadata = status.metadata();
  if (metadata.name().empty() || metadata.namespace_().empty() ||
      metadata.uid().empty()) {
    return absl::InternalError(absl::StrCat(
        "metadata.Name, metadata.Namespace or metadata.Uid is not in metadata "
        "\"",
        metadata.ShortDebugString(), "\""));
  }
  if (status.created_at() == 0) {
    return absl::InternalError("status.CreatedAt is not set");
  }
  return absl::OkStatus();
}

absl::Status VerifyContainerStatus(const runtimeapi::ContainerStatus& status) {
  if (status.id().empty()) return absl::InternalError("status.Id is not set");
  if (!status.has_metadata()) {
    return absl::InternalError("status.Metadata is not set");
  }
  if (status.metadata().name().empty()) {
    return absl::InternalError(
        absl::StrCat("metadata.Name is not in metadata \"",
                     status.metadata().ShortDebugString(), "\""));
  }
  if (status.created_at() == 0) {
    return absl::InternalError("status.CreatedAt is not set");
  }
  if (status.image().image().empty()) {
    return absl::InternalError("status.Image is not set");
  }
  if (status.image_ref().empty()) {
    return absl::InternalError("status.ImageRef is not set");
  }
  return absl::OkStatus();
}

// An answer with a URL is only good with one.
template <typename Response>
absl::StatusOr<Response> RequireUrl(absl::StatusOr<Response> response) {
  if (response.ok() && response->url().empty()) {
    return absl::InternalError("URL is not set");
  }
  return response;
}

class RemoteRuntimeService final : public RuntimeService {
 public:
  RemoteRuntimeService(std::unique_ptr<net::grpc::Channel> channel,
                       absl::Duration timeout)
      : client_(std::move(channel), "RuntimeService", "Version", timeout),
        timeout_(timeout) {}

  Task<absl::StatusOr<runtimeapi::VersionResponse>> Version(
      runtimeapi::VersionRequest request) override {
    if (request.version().empty()) request.set_version(kKubeRuntimeApiVersion);
    absl::StatusOr<runtimeapi::VersionResponse> response =
        co_await client_.Call<runtimeapi::VersionResponse>(
            "Version", std::move(request), timeout_);
    if (!response.ok()) co_return response;
    absl::Status verified = VerifyVersion(*response);
    if (!verified.ok()) co_return verified;
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>> RunPodSandbox(
      runtimeapi::RunPodSandboxRequest request) override {
    const std::string metadata = request.config().metadata().ShortDebugString();
    absl::StatusOr<runtimeapi::RunPodSandboxResponse> response =
        co_await client_.Call<runtimeapi::RunPodSandboxResponse>(
            "RunPodSandbox", std::move(request), timeout_ * 2);
    if (response.ok() && response->pod_sandbox_id().empty()) {
      co_return absl::InternalError(absl::StrCat(
          "PodSandboxId is not set for sandbox \"", metadata, "\""));
    }
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>> StopPodSandbox(
      runtimeapi::StopPodSandboxRequest request) override {
    return client_.Call<runtimeapi::StopPodSandboxResponse>(
        "StopPodSandbox", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>> RemovePodSandbox(
      runtimeapi::RemovePodSandboxRequest request) override {
    return client_.Call<runtimeapi::RemovePodSandboxResponse>(
        "RemovePodSandbox", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>> PodSandboxStatus(
      runtimeapi::PodSandboxStatusRequest request) override {
    absl::StatusOr<runtimeapi::PodSandboxStatusResponse> response =
        co_await client_.Call<runtimeapi::PodSandboxStatusResponse>(
            "PodSandboxStatus", std::move(request), timeout_);
    if (response.ok() && response->has_status()) {
      absl::Status verified = VerifySandboxStatus(response->status());
      if (!verified.ok()) co_return verified;
    }
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>> ListPodSandbox(
      runtimeapi::ListPodSandboxRequest request) override {
    return client_.Call<runtimeapi::ListPodSandboxResponse>(
        "ListPodSandbox", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::CreateContainerResponse>> CreateContainer(
      runtimeapi::CreateContainerRequest request) override {
    const std::string metadata = request.config().metadata().ShortDebugString();
    absl::StatusOr<runtimeapi::CreateContainerResponse> response =
        co_await client_.Call<runtimeapi::CreateContainerResponse>(
            "CreateContainer", std::move(request), timeout_);
    if (response.ok() && response->container_id().empty()) {
      co_return absl::InternalError(absl::StrCat(
          "ContainerId is not set for container \"", metadata, "\""));
    }
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::StartContainerResponse>> StartContainer(
      runtimeapi::StartContainerRequest request) override {
    return client_.Call<runtimeapi::StartContainerResponse>(
        "StartContainer", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::StopContainerResponse>> StopContainer(
      runtimeapi::StopContainerRequest request) override {
    // Beside the grace period, there must be time to kill it.
    const absl::Duration timeout = timeout_ + absl::Seconds(request.timeout());
    return client_.Call<runtimeapi::StopContainerResponse>(
        "StopContainer", std::move(request), timeout);
  }

  Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>> RemoveContainer(
      runtimeapi::RemoveContainerRequest request) override {
    return client_.Call<runtimeapi::RemoveContainerResponse>(
        "RemoveContainer", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ListContainersResponse>> ListContainers(
      runtimeapi::ListContainersRequest request) override {
    return client_.Call<runtimeapi::ListContainersResponse>(
        "ListContainers", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>> ContainerStatus(
      runtimeapi::ContainerStatusRequest request) override {
    absl::StatusOr<runtimeapi::ContainerStatusResponse> response =
        co_await client_.Call<runtimeapi::ContainerStatusResponse>(
            "ContainerStatus", std::move(request), timeout_);
    if (response.ok() && response->has_status()) {
      absl::Status verified = VerifyContainerStatus(response->status());
      if (!verified.ok()) co_return verified;
    }
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::UpdateContainerResourcesResponse>>
  UpdateContainerResources(
      runtimeapi::UpdateContainerResourcesRequest request) override {
    return client_.Call<runtimeapi::UpdateContainerResourcesResponse>(
        "UpdateContainerResources", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ReopenContainerLogResponse>>
  ReopenContainerLog(runtimeapi::ReopenContainerLogRequest request) override {
    return client_.Call<runtimeapi::ReopenContainerLogResponse>(
        "ReopenContainerLog", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ExecSyncResponse>> ExecSync(
      runtimeapi::ExecSyncRequest request) override {
    const absl::Duration timeout =
        request.timeout() == 0 ? absl::InfiniteDuration()
                               : timeout_ + absl::Seconds(request.timeout());
    return client_.Call<runtimeapi::ExecSyncResponse>(
        "ExecSync", std::move(request), timeout);
  }

  Task<absl::StatusOr<runtimeapi::ExecResponse>> Exec(
      runtimeapi::ExecRequest request) override {
    absl::StatusOr<runtimeapi::ExecResponse> response =
        co_await client_.Call<runtimeapi::ExecResponse>(
            "Exec", std::move(request), timeout_);
    co_return RequireUrl(std::move(response));
  }

  Task<absl::StatusOr<runtimeapi::AttachResponse>> Attach(
      runtimeapi::AttachRequest request) override {
    absl::StatusOr<runtimeapi::AttachResponse> response =
        co_await client_.Call<runtimeapi::AttachResponse>(
            "Attach", std::move(request), timeout_);
    co_return RequireUrl(std::move(response));
  }

  Task<absl::StatusOr<runtimeapi::PortForwardResponse>> PortForward(
      runtimeapi::PortForwardRequest request) override {
    absl::StatusOr<runtimeapi::PortForwardResponse> response =
        co_await client_.Call<runtimeapi::PortForwardResponse>(
            "PortForward", std::move(request), timeout_);
    co_return RequireUrl(std::move(response));
  }

  Task<absl::StatusOr<runtimeapi::ContainerStatsResponse>> ContainerStats(
      runtimeapi::ContainerStatsRequest request) override {
    return client_.Call<runtimeapi::ContainerStatsResponse>(
        "ContainerStats", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ListContainerStatsResponse>>
  ListContainerStats(runtimeapi::ListContainerStatsRequest request) override {
    return client_.Call<runtimeapi::ListContainerStatsResponse>(
        "ListContainerStats", std::move(request), absl::InfiniteDuration());
  }

  Task<absl::StatusOr<runtimeapi::PodSandboxStatsResponse>> PodSandboxStats(
      runtimeapi::PodSandboxStatsRequest request) override {
    return client_.Call<runtimeapi::PodSandboxStatsResponse>(
        "PodSandboxStats", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ListPodSandboxStatsResponse>>
  ListPodSandboxStats(runtimeapi::ListPodSandboxStatsRequest request) override {
    return client_.Call<runtimeapi::ListPodSandboxStatsResponse>(
        "ListPodSandboxStats", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::UpdateRuntimeConfigResponse>>
  UpdateRuntimeConfig(runtimeapi::UpdateRuntimeConfigRequest request) override {
    return client_.Call<runtimeapi::UpdateRuntimeConfigResponse>(
        "UpdateRuntimeConfig", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::StatusResponse>> Status(
      runtimeapi::StatusRequest request) override {
    absl::StatusOr<runtimeapi::StatusResponse> response =
        co_await client_.Call<runtimeapi::StatusResponse>(
            "Status", std::move(request), timeout_);
    if (response.ok() && response->status().conditions_size() < 2) {
      co_return absl::InternalError(
          "RuntimeReady or NetworkReady condition are not set");
    }
    co_return response;
  }

 private:
  CriClient client_;
  const absl::Duration timeout_;
};

}  // namespace

std::unique_ptr<RuntimeService> NewRemoteRuntimeService(
    Executor executor, std::string endpoint, absl::Duration timeout) {
  return std::make_unique<RemoteRuntimeService>(
      net::grpc::NewUnixChannel(executor, std::move(endpoint)), timeout);
}

}  // namespace fairway::kubelet::cri
