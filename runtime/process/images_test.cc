// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/images.h"

#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::runtime::process {
namespace {

using absl::StatusCode;

TEST(ImagesTest, WhatWasPulledIsThereUntilItIsRemoved) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Images images;
    runtimeapi::ImageStatusRequest ask;
    ask.mutable_image()->set_image("a:1");
    absl::StatusOr<runtimeapi::ImageStatusResponse> before =
        co_await images.ImageStatus(ask);
    EXPECT_TRUE(before.ok() && !before->has_image());
    runtimeapi::PullImageRequest pull;
    pull.mutable_image()->set_image("a:1");
    absl::StatusOr<runtimeapi::PullImageResponse> pulled =
        co_await images.PullImage(pull);
    if (!pulled.ok()) co_return pulled.status();
    EXPECT_EQ(pulled->image_ref(), "a:1");
    absl::StatusOr<runtimeapi::ImageStatusResponse> there =
        co_await images.ImageStatus(ask);
    if (!there.ok()) co_return there.status();
    EXPECT_EQ(there->image().id(), "a:1");
    EXPECT_GT(there->image().size(), 0u);
    runtimeapi::ListImagesRequest list;
    absl::StatusOr<runtimeapi::ListImagesResponse> listed =
        co_await images.ListImages(list);
    EXPECT_TRUE(listed.ok() && listed->images_size() == 1);
    runtimeapi::RemoveImageRequest remove;
    remove.mutable_image()->set_image("a:1");
    for (int twice = 0; twice < 2; ++twice) {
      absl::StatusOr<runtimeapi::RemoveImageResponse> removed =
          co_await images.RemoveImage(remove);
      EXPECT_THAT(removed, IsOk());
    }
    absl::StatusOr<runtimeapi::ImageStatusResponse> after =
        co_await images.ImageStatus(ask);
    EXPECT_TRUE(after.ok() && !after->has_image());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(ImagesTest, NamelessImageIsRefused) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Images images;
    runtimeapi::PullImageRequest nameless;
    absl::StatusOr<runtimeapi::PullImageResponse> pulled =
        co_await images.PullImage(nameless);
    co_return pulled.status();
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace fairway::runtime::process
