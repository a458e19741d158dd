// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/version/version.go (v0.20.2)
#ifndef CLIENT_CMD_VERSION_H_
#define CLIENT_CMD_VERSION_H_

#include <string>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

struct VersionOptions {
  bool client_only = false;
  bool short_form = false;
  std::string output;  // "", "json", "yaml"
};

Task<absl::Status> RunVersion(Factory* factory, VersionOptions options);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_VERSION_H_
