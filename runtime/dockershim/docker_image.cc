// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_image.go (v1.20.2)
#include "runtime/dockershim/docker_image.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/status/co_status.h"
#include "runtime/dockershim/convert.h"

namespace fairway::runtime::dockershim {
namespace {

// Docker keeps "USER[:GROUP]"; CRI wants a number or a name.
void SetUser(const std::string& docker_user, runtimeapi::Image& image) {
  const std::vector<std::string> parts = absl::StrSplit(docker_user, ':');
  int64_t uid = 0;
  if (parts[0].empty()) return;
  if (absl::SimpleAtoi(parts[0], &uid)) {
    image.mutable_uid()->set_value(uid);
  } else {
    image.set_username(parts[0]);
  }
}

}  // namespace

Task<absl::StatusOr<runtimeapi::ListImagesResponse>>
DockerImageService::ListImages(runtimeapi::ListImagesRequest request) {
  absl::StatusOr<std::vector<libdocker::Image>> images =
      co_await client_.ListImages(request.filter().image().image());
  if (!images.ok()) co_return images.status();
  runtimeapi::ListImagesResponse response;
  for (const libdocker::Image& image : *images) {
    *response.add_images() = ToImage(image);
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ImageStatusResponse>>
DockerImageService::ImageStatus(runtimeapi::ImageStatusRequest request) {
  absl::StatusOr<libdocker::Image> image =
      co_await client_.InspectImage(request.image().image());
  runtimeapi::ImageStatusResponse response;
  if (absl::IsNotFound(image.status())) co_return response;
  if (!image.ok()) co_return image.status();
  *response.mutable_image() = ToImage(*image);
  SetUser(image->user, *response.mutable_image());
  co_return response;
}

Task<absl::StatusOr<runtimeapi::PullImageResponse>>
DockerImageService::PullImage(runtimeapi::PullImageRequest request) {
  absl::Status pulled = co_await client_.PullImage(request.image().image());
  FAIRWAY_CO_RETURN_IF_ERROR(pulled);
  absl::StatusOr<libdocker::Image> image =
      co_await client_.InspectImage(request.image().image());
  if (!image.ok()) co_return image.status();
  runtimeapi::PullImageResponse response;
  response.set_image_ref(image->repo_digests.empty() ? image->id
                                                     : image->repo_digests[0]);
  co_return response;
}

Task<absl::StatusOr<runtimeapi::RemoveImageResponse>>
DockerImageService::RemoveImage(runtimeapi::RemoveImageRequest request) {
  absl::Status removed = co_await client_.RemoveImage(request.image().image());
  if (!removed.ok() && !absl::IsNotFound(removed)) co_return removed;
  co_return runtimeapi::RemoveImageResponse();
}

}  // namespace fairway::runtime::dockershim
