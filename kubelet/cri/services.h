// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cri-api/pkg/apis/services.go (v0.20.2)
// A container runtime as the kubelet sees it: the remote client implements
// these over gRPC, a runtime implements them over what it runs.
// Differs: every call takes its request and gives its response, as on the wire.
#ifndef KUBELET_CRI_SERVICES_H_
#define KUBELET_CRI_SERVICES_H_

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "kubelet/cri/proto/api.pb.h"

namespace fairway {
// Upstream's name for the package. Inside fairway a plain `runtime::v1` would
// look into the runtimes' own namespace.
namespace runtimeapi = ::runtime::v1;
}  // namespace fairway

namespace fairway::kubelet::cri {

// Calls that a runtime need not have answer kUnimplemented unless overridden:
// "unknown method ExecSync for service runtime.v1.RuntimeService".
//
// Threads:  one executor; calls overlap.
// Lifetime: must outlive its calls.
// Cancel:   honoured by every call that waits.
class RuntimeService {
 public:
  virtual ~RuntimeService() = default;

  virtual Task<absl::StatusOr<runtimeapi::VersionResponse>> Version(
      runtimeapi::VersionRequest request) = 0;

  // The sandbox is ready when this returns.
  virtual Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>> RunPodSandbox(
      runtimeapi::RunPodSandboxRequest request) = 0;
  // Stops its containers too. No error if it has already been stopped.
  virtual Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>>
  StopPodSandbox(runtimeapi::StopPodSandboxRequest request) = 0;
  // Removes its containers too. No error if it is gone.
  virtual Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>>
  RemovePodSandbox(runtimeapi::RemovePodSandboxRequest request) = 0;
  // Errors: kNotFound.
  virtual Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>>
  PodSandboxStatus(runtimeapi::PodSandboxStatusRequest request) = 0;
  virtual Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>>
  ListPodSandbox(runtimeapi::ListPodSandboxRequest request) = 0;

  virtual Task<absl::StatusOr<runtimeapi::CreateContainerResponse>>
  CreateContainer(runtimeapi::CreateContainerRequest request) = 0;
  virtual Task<absl::StatusOr<runtimeapi::StartContainerResponse>>
  StartContainer(runtimeapi::StartContainerRequest request) = 0;
  // Kills it after the request's timeout. No error if it has already ended.
  virtual Task<absl::StatusOr<runtimeapi::StopContainerResponse>> StopContainer(
      runtimeapi::StopContainerRequest request) = 0;
  // Kills it if it runs. No error if it is gone.
  virtual Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>>
  RemoveContainer(runtimeapi::RemoveContainerRequest request) = 0;
  virtual Task<absl::StatusOr<runtimeapi::ListContainersResponse>>
  ListContainers(runtimeapi::ListContainersRequest request) = 0;
  // Errors: kNotFound.
  virtual Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>>
  ContainerStatus(runtimeapi::ContainerStatusRequest request) = 0;
  virtual Task<absl::StatusOr<runtimeapi::UpdateContainerResourcesResponse>>
  UpdateContainerResources(runtimeapi::UpdateContainerResourcesRequest request);
  virtual Task<absl::StatusOr<runtimeapi::ReopenContainerLogResponse>>
  ReopenContainerLog(runtimeapi::ReopenContainerLogRequest request);

  virtual Task<absl::StatusOr<runtimeapi::ExecSyncResponse>> ExecSync(
      runtimeapi::ExecSyncRequest request);
  // These three answer with the URL of a streaming server, on which the
  // streams are then opened.
  virtual Task<absl::StatusOr<runtimeapi::ExecResponse>> Exec(
      runtimeapi::ExecRequest request);
  virtual Task<absl::StatusOr<runtimeapi::AttachResponse>> Attach(
      runtimeapi::AttachRequest request);
  virtual Task<absl::StatusOr<runtimeapi::PortForwardResponse>> PortForward(
      runtimeapi::PortForwardRequest request) = 0;

  virtual Task<absl::StatusOr<runtimeapi::ContainerStatsResponse>>
  ContainerStats(runtimeapi::ContainerStatsRequest request);
  virtual Task<absl::StatusOr<runtimeapi::ListContainerStatsResponse>>
  ListContainerStats(runtimeapi::ListContainerStatsRequest request);
  virtual Task<absl::StatusOr<runtimeapi::PodSandboxStatsResponse>>
  PodSandboxStats(runtimeapi::PodSandboxStatsRequest request);
  virtual Task<absl::StatusOr<runtimeapi::ListPodSandboxStatsResponse>>
  ListPodSandboxStats(runtimeapi::ListPodSandboxStatsRequest request);

  virtual Task<absl::StatusOr<runtimeapi::UpdateRuntimeConfigResponse>>
  UpdateRuntimeConfig(runtimeapi::UpdateRuntimeConfigRequest request);
  virtual Task<absl::StatusOr<runtimeapi::StatusResponse>> Status(
      runtimeapi::StatusRequest request) = 0;
};

// As above; "unknown method ImageFsInfo for service runtime.v1.ImageService".
class ImageManagerService {
 public:
  virtual ~ImageManagerService() = default;

  virtual Task<absl::StatusOr<runtimeapi::ListImagesResponse>> ListImages(
      runtimeapi::ListImagesRequest request) = 0;
  // An image that is not there is a response without one, and no error.
  virtual Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> ImageStatus(
      runtimeapi::ImageStatusRequest request) = 0;
  virtual Task<absl::StatusOr<runtimeapi::PullImageResponse>> PullImage(
      runtimeapi::PullImageRequest request) = 0;
  // No error if it is gone.
  virtual Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> RemoveImage(
      runtimeapi::RemoveImageRequest request) = 0;
  virtual Task<absl::StatusOr<runtimeapi::ImageFsInfoResponse>> ImageFsInfo(
      runtimeapi::ImageFsInfoRequest request);
};

}  // namespace fairway::kubelet::cri

#endif  // KUBELET_CRI_SERVICES_H_
