// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PROCESS_IMAGES_H_
#define RUNTIME_PROCESS_IMAGES_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"

namespace fairway::runtime::process {

// Images that are names and nothing else: what was pulled is there.
class Images : public kubelet::cri::ImageManagerService {
 public:
  Task<absl::StatusOr<runtimeapi::ListImagesResponse>> ListImages(
      runtimeapi::ListImagesRequest request) override;
  Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> ImageStatus(
      runtimeapi::ImageStatusRequest request) override;
  // Errors: kInvalidArgument for an empty name.
  Task<absl::StatusOr<runtimeapi::PullImageResponse>> PullImage(
      runtimeapi::PullImageRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> RemoveImage(
      runtimeapi::RemoveImageRequest request) override;

 private:
  std::set<std::string> names_;
};

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_IMAGES_H_
