// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/services.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairway::kubelet::cri {
namespace {

// `method` is a literal.
template <typename Response>
Task<absl::StatusOr<Response>> UnknownMethod(
    const char* method, const char* service = "RuntimeService") {
  co_return absl::UnimplementedError(absl::StrCat(
      "unknown method ", method, " for service runtime.v1.", service));
}

}  // namespace

Task<absl::StatusOr<runtimeapi::UpdateContainerResourcesResponse>>
RuntimeService::UpdateContainerResources(
    runtimeapi::UpdateContainerResourcesRequest) {
  return UnknownMethod<runtimeapi::UpdateContainerResourcesResponse>(
      "UpdateContainerResources");
}

Task<absl::StatusOr<runtimeapi::ReopenContainerLogResponse>>
RuntimeService::ReopenContainerLog(runtimeapi::ReopenContainerLogRequest) {
  return UnknownMethod<runtimeapi::ReopenContainerLogResponse>(
      "ReopenContainerLog");
}

Task<absl::StatusOr<runtimeapi::ExecSyncResponse>> RuntimeService::ExecSync(
    runtimeapi::ExecSyncRequest) {
  return UnknownMethod<runtimeapi::ExecSyncResponse>("ExecSync");
}

Task<absl::StatusOr<runtimeapi::ExecResponse>> RuntimeService::Exec(
    runtimeapi::ExecRequest) {
  return UnknownMethod<runtimeapi::ExecResponse>("Exec");
}

Task<absl::StatusOr<runtimeapi::AttachResponse>> RuntimeService::Attach(
    runtimeapi::AttachRequest) {
  return UnknownMethod<runtimeapi::AttachResponse>("Attach");
}

Task<absl::StatusOr<runtimeapi::ContainerStatsResponse>>
RuntimeService::ContainerStats(runtimeapi::ContainerStatsRequest) {
  return UnknownMethod<runtimeapi::ContainerStatsResponse>("ContainerStats");
}

Task<absl::StatusOr<runtimeapi::ListContainerStatsResponse>>
RuntimeService::ListContainerStats(runtimeapi::ListContainerStatsRequest) {
  return UnknownMethod<runtimeapi::ListContainerStatsResponse>(
      "ListContainerStats");
}

Task<absl::StatusOr<runtimeapi::PodSandboxStatsResponse>>
RuntimeService::PodSandboxStats(runtimeapi::PodSandboxStatsRequest) {
  return UnknownMethod<runtimeapi::PodSandboxStatsResponse>("PodSandboxStats");
}

Task<absl::StatusOr<runtimeapi::ListPodSandboxStatsResponse>>
RuntimeService::ListPodSandboxStats(runtimeapi::ListPodSandboxStatsRequest) {
  return UnknownMethod<runtimeapi::ListPodSandboxStatsResponse>(
      "ListPodSandboxStats");
}

Task<absl::StatusOr<runtimeapi::UpdateRuntimeConfigResponse>>
RuntimeService::UpdateRuntimeConfig(runtimeapi::UpdateRuntimeConfigRequest) {
  return UnknownMethod<runtimeapi::UpdateRuntimeConfigResponse>(
      "UpdateRuntimeConfig");
}

Task<absl::StatusOr<runtimeapi::ImageFsInfoResponse>>
ImageManagerService::ImageFsInfo(runtimeapi::ImageFsInfoRequest) {
  return UnknownMethod<runtimeapi::ImageFsInfoResponse>("ImageFsInfo",
                                                        "ImageService");
}

}  // namespace fairway::kubelet::cri
