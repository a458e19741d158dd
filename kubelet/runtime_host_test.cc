// SPDX-License-Identifier: Apache-2.0
#include "kubelet/runtime_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"

namespace fairway::kubelet {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

RuntimeHostOptions ProcessOptions() {
  RuntimeHostOptions options;
  options.runtime = "process";
  options.root_dir = "/tmp/k";
  options.port_forward_dial = "netns";
  return options;
}

TEST(RuntimeHostTest, KnownRuntimesAreAccepted) {
  RuntimeHostOptions options = ProcessOptions();
  EXPECT_THAT(ValidateRuntimeHostOptions(options), IsOk());
  options.runtime = "docker";
  options.port_forward_dial = "socat";
  EXPECT_THAT(ValidateRuntimeHostOptions(options), IsOk());
  options.runtime = "remote";
  options.remote_endpoint = "unix:///run/x.sock";
  EXPECT_THAT(ValidateRuntimeHostOptions(options), IsOk());
}

TEST(RuntimeHostTest, WhatCannotBeUsedIsNamed) {
  RuntimeHostOptions options = ProcessOptions();
  options.runtime = "rkt";
  EXPECT_THAT(ValidateRuntimeHostOptions(options),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("unsupported CRI runtime: \"rkt\"")));
  options = ProcessOptions();
  options.port_forward_dial = "carrier-pigeon";
  EXPECT_THAT(
      ValidateRuntimeHostOptions(options),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("--port-forward-dial")));
  options = ProcessOptions();
  options.runtime = "remote";
  EXPECT_THAT(ValidateRuntimeHostOptions(options),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("--container-runtime-endpoint")));
}

TEST(RuntimeHostTest, RootDirMustLeaveRoomForASocket) {
  RuntimeHostOptions options = ProcessOptions();
  options.root_dir = "/" + std::string(97, 'x');  // 107 with "/cri.sock"
  EXPECT_THAT(ValidateRuntimeHostOptions(options), IsOk());
  options.root_dir += "x";
  EXPECT_THAT(
      ValidateRuntimeHostOptions(options),
      StatusIs(StatusCode::kInvalidArgument,
               HasSubstr("--root-dir " + options.root_dir + ": too long")));
}

}  // namespace
}  // namespace fairway::kubelet
