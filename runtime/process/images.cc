// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/images.h"

namespace fairway::runtime::process {
namespace {

runtimeapi::Image ImageNamed(const std::string& name) {
  runtimeapi::Image image;
  image.set_id(name);
  image.add_repo_tags(name);
  // A kubelet takes an image of no size for a broken one.
  image.set_size(1);
  image.mutable_spec()->set_image(name);
  return image;
}

}  // namespace

Task<absl::StatusOr<runtimeapi::ListImagesResponse>> Images::ListImages(
    runtimeapi::ListImagesRequest request) {
  runtimeapi::ListImagesResponse response;
  const std::string& wanted = request.filter().image().image();
  for (const std::string& name : names_) {
    if (wanted.empty() || wanted == name) {
      *response.add_images() = ImageNamed(name);
    }
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> Images::ImageStatus(
    runtimeapi::ImageStatusRequest request) {
  runtimeapi::ImageStatusResponse response;
  const std::string& name = request.image().image();
  if (names_.contains(name)) *response.mutable_image() = ImageNamed(name);
  co_return response;
}

Task<absl::StatusOr<runtimeapi::PullImageResponse>> Images::PullImage(
    runtimeapi::PullImageRequest request) {
  const std::string& name = request.image().image();
  if (name.empty()) {
    co_return absl::InvalidArgumentError("missing required image");
  }
  names_.insert(name);
  runtimeapi::PullImageResponse response;
  response.set_image_ref(name);
  co_return response;
}

Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> Images::RemoveImage(
    runtimeapi::RemoveImageRequest request) {
  names_.erase(request.image().image());
  co_return runtimeapi::RemoveImageResponse();
}

}  // namespace fairway::runtime::process
