// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/create/create.go (v0.20.2)
#ifndef CLIENT_CMD_CREATE_H_
#define CLIENT_CMD_CREATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"
#include "client/cmd/manifests.h"

namespace fairway::cmd {

// Creates every object of `filenames` and says so: "pod/x created".
Task<absl::Status> RunCreate(Factory* factory,
                             std::vector<std::string> filenames,
                             Validation validation);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_CREATE_H_
