// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/remote/remote_image.go (v1.20.2)
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kubelet/cri/remote/cri_client.h"
#include "kubelet/cri/remote/remote_runtime.h"
#include "net/grpc/grpc.h"

namespace fairway::kubelet::cri {
namespace {

class RemoteImageService final : public ImageManagerService {
 public:
  RemoteImageService(std::unique_ptr<net::grpc::Channel> channel,
                     absl::Duration timeout)
      : client_(std::move(channel), "ImageService", "ImageStatus", timeout),
        timeout_(timeout) {}

  Task<absl::StatusOr<runtimeapi::ListImagesResponse>> ListImages(
      runtimeapi::ListImagesRequest request) override {
    return client_.Call<runtimeapi::ListImagesResponse>(
        "ListImages", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> ImageStatus(
      runtimeapi::ImageStatusRequest request) override {
    const std::string image = request.image().image();
    absl::StatusOr<runtimeapi::ImageStatusResponse> response =
        co_await client_.Call<runtimeapi::ImageStatusResponse>(
            "ImageStatus", std::move(request), timeout_);
    if (response.ok() && response->has_image() &&
        (response->image().id().empty() || response->image().size() == 0)) {
      co_return absl::InternalError(
          absl::StrCat("Id or size of image \"", image, "\" is not set"));
    }
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::PullImageResponse>> PullImage(
      runtimeapi::PullImageRequest request) override {
    const std::string image = request.image().image();
    absl::StatusOr<runtimeapi::PullImageResponse> response =
        co_await client_.Call<runtimeapi::PullImageResponse>(
            "PullImage", std::move(request), absl::InfiniteDuration());
    if (response.ok() && response->image_ref().empty()) {
      co_return absl::InternalError(
          absl::StrCat("imageRef of image \"", image, "\" is not set"));
    }
    co_return response;
  }

  Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> RemoveImage(
      runtimeapi::RemoveImageRequest request) override {
    return client_.Call<runtimeapi::RemoveImageResponse>(
        "RemoveImage", std::move(request), timeout_);
  }

  Task<absl::StatusOr<runtimeapi::ImageFsInfoResponse>> ImageFsInfo(
      runtimeapi::ImageFsInfoRequest request) override {
    return client_.Call<runtimeapi::ImageFsInfoResponse>(
        "ImageFsInfo", std::move(request), absl::InfiniteDuration());
  }

 private:
  CriClient client_;
  const absl::Duration timeout_;
};

}  // namespace

std::unique_ptr<ImageManagerService> NewRemoteImageService(
    Executor executor, std::string endpoint, absl::Duration timeout) {
  return std::make_unique<RemoteImageService>(
      net::grpc::NewUnixChannel(executor, std::move(endpoint)), timeout);
}

}  // namespace fairway::kubelet::cri
