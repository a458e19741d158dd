// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/naming.go (v1.20.2)
// Names of Docker containers, which carry a sandbox's or container's metadata:
// "k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT". They make creation happen once:
// the engine refuses a name that is taken.
#ifndef RUNTIME_DOCKERSHIM_NAMING_H_
#define RUNTIME_DOCKERSHIM_NAMING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kubelet/cri/services.h"

namespace fairway::runtime::dockershim {

// The container's part in a sandbox's name.
inline constexpr char kSandboxContainerName[] = "POD";

std::string MakeSandboxName(const runtimeapi::PodSandboxConfig& sandbox);
std::string MakeContainerName(const runtimeapi::PodSandboxConfig& sandbox,
                              const runtimeapi::ContainerConfig& container);

// A leading slash, which the engine puts in front, is left out.
// Errors: kInvalidArgument, in upstream's words.
absl::StatusOr<runtimeapi::PodSandboxMetadata> ParseSandboxName(
    absl::string_view name);
absl::StatusOr<runtimeapi::ContainerMetadata> ParseContainerName(
    absl::string_view name);

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_NAMING_H_
