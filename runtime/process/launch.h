// SPDX-License-Identifier: Apache-2.0
// What a container's config means as a host process.
#ifndef RUNTIME_PROCESS_LAUNCH_H_
#define RUNTIME_PROCESS_LAUNCH_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/process/subprocess.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"

namespace fairway::runtime::process {

// Whether `config` can be launched at all.
// Errors: kInvalidArgument when there is no command.
absl::Status ValidateContainer(const runtimeapi::ContainerConfig& config);

// Starts the command in the network namespace `netns_fd`, the leader of a
// session. stdout and stderr are appended to `log_path`, as they come; its
// directory is made. The environment is the config's, PATH is the parent's
// unless that sets it, HOSTNAME is `hostname`.
// Errors: kNotFound when the command is not found; of opening the log; of
// Subprocess::Start.
absl::StatusOr<std::unique_ptr<Subprocess>> Launch(
    Executor executor, const runtimeapi::ContainerConfig& config,
    const std::string& hostname, const std::string& log_path, int netns_fd);

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_LAUNCH_H_
