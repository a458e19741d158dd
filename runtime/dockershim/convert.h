// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/{convert,helpers}.go (v1.20.2)
// Between CRI's objects and the engine's.
#ifndef RUNTIME_DOCKERSHIM_CONVERT_H_
#define RUNTIME_DOCKERSHIM_CONVERT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kubelet/cri/services.h"
#include "runtime/dockershim/libdocker/types.h"

namespace fairway::runtime::dockershim {

inline constexpr char kContainerTypeLabelKey[] = "io.kubernetes.docker.type";
inline constexpr char kContainerTypeLabelSandbox[] = "podsandbox";
inline constexpr char kContainerTypeLabelContainer[] = "container";
inline constexpr char kContainerLogPathLabelKey[] =
    "io.kubernetes.container.logpath";
inline constexpr char kSandboxIDLabelKey[] = "io.kubernetes.sandbox.id";
inline constexpr char kKubernetesContainerNameLabel[] =
    "io.kubernetes.container.name";

using ProtoMap = google::protobuf::Map<std::string, std::string>;

// Docker has only labels: an annotation becomes one with a prefix.
libdocker::StringMap MakeLabels(const ProtoMap& labels,
                                const ProtoMap& annotations);
// The inverse, without the labels of the shim's own.
void ExtractLabels(const libdocker::StringMap& input, ProtoMap& labels,
                   ProtoMap& annotations);

// Errors: kInvalidArgument for a name that is not ours.
absl::StatusOr<runtimeapi::PodSandbox> ToPodSandbox(
    const libdocker::Container& container);
absl::StatusOr<runtimeapi::Container> ToContainer(
    const libdocker::Container& container);

runtimeapi::Image ToImage(const libdocker::Image& image);
// "docker-pullable://NAME@sha256:..." if the image came from a registry, else
// "docker://ID".
std::string ToPullableImageId(const std::string& id,
                              const libdocker::Image& image);

// The name of a state in the engine's filters.
std::string ToDockerContainerStatus(runtimeapi::ContainerState state);

// Errors: kInvalidArgument. The engine's zero time gives InfinitePast().
absl::StatusOr<absl::Time> ParseDockerTimestamp(const std::string& text);

// "HOST:CONTAINER[:ro,Z,rshared]", as Docker's -v has it.
std::vector<std::string> GenerateMountBindings(
    const google::protobuf::RepeatedPtrField<runtimeapi::Mount>& mounts);

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_CONVERT_H_
