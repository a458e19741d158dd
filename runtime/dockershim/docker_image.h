// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_image.go (v1.20.2)
#ifndef RUNTIME_DOCKERSHIM_DOCKER_IMAGE_H_
#define RUNTIME_DOCKERSHIM_DOCKER_IMAGE_H_

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"
#include "runtime/dockershim/libdocker/client.h"

namespace fairway::runtime::dockershim {

// Differs: pulls without credentials.
//
// Threads:  on the executor of its making.
// Lifetime: `client` must outlive it.
class DockerImageService : public kubelet::cri::ImageManagerService {
 public:
  explicit DockerImageService(libdocker::Client& client) : client_(client) {}

  Task<absl::StatusOr<runtimeapi::ListImagesResponse>> ListImages(
      runtimeapi::ListImagesRequest request) override;
  Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> ImageStatus(
      runtimeapi::ImageStatusRequest request) override;
  Task<absl::StatusOr<runtimeapi::PullImageResponse>> PullImage(
      runtimeapi::PullImageRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> RemoveImage(
      runtimeapi::RemoveImageRequest request) override;

 private:
  libdocker::Client& client_;
};

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_DOCKER_IMAGE_H_
