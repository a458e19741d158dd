// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/{convert,helpers}.go (v1.20.2)
#include "runtime/dockershim/convert.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/dockershim/naming.h"

namespace fairway::runtime::dockershim {
namespace {

constexpr char kAnnotationPrefix[] = "annotation.";
constexpr char kDockerImageIDPrefix[] = "docker://";
constexpr char kDockerPullableImageIDPrefix[] = "docker-pullable://";
constexpr char kRunning[] = "running";

bool IsInternal(const std::string& key) {
  return key == kContainerTypeLabelKey || key == kContainerLogPathLabelKey ||
         key == kSandboxIDLabelKey;
}

std::string Value(const libdocker::StringMap& map, const char* key) {
  auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

// "created", "running", "exited" and the rest, as CRI sees them.
runtimeapi::ContainerState ToContainerState(const std::string& state) {
  if (state == kRunning) return runtimeapi::CONTAINER_RUNNING;
  if (state == "exited") return runtimeapi::CONTAINER_EXITED;
  if (state == "created") return runtimeapi::CONTAINER_CREATED;
  return runtimeapi::CONTAINER_UNKNOWN;
}

}  // namespace

libdocker::StringMap MakeLabels(const ProtoMap& labels,
                                const ProtoMap& annotations) {
  libdocker::StringMap merged(labels.begin(), labels.end());
  for (const auto& [key, value] : annotations) {
    merged[absl::StrCat(kAnnotationPrefix, key)] = value;
  }
  return merged;
}

void ExtractLabels(const libdocker::StringMap& input, ProtoMap& labels,
                   ProtoMap& annotations) {
  const bool is_sandbox =
      Value(input, kContainerTypeLabelKey) == kContainerTypeLabelSandbox;
  for (const auto& [key, value] : input) {
    if (IsInternal(key)) continue;
    // The shim's own addition to a sandbox.
    if (is_sandbox && key == kKubernetesContainerNameLabel) continue;
    if (absl::StartsWith(key, kAnnotationPrefix)) {
      annotations[key.substr(sizeof(kAnnotationPrefix) - 1)] = value;
    } else {
      labels[key] = value;
    }
  }
}

absl::StatusOr<runtimeapi::PodSandbox> ToPodSandbox(
    const libdocker::Container& container) {
  if (container.names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected empty sandbox name: ", container.id));
  }
  absl::StatusOr<runtimeapi::PodSandboxMetadata> metadata =
      ParseSandboxName(container.names[0]);
  if (!metadata.ok()) return metadata.status();
  runtimeapi::PodSandbox sandbox;
  sandbox.set_id(container.id);
  *sandbox.mutable_metadata() = *metadata;
  sandbox.set_state(container.state == kRunning ? runtimeapi::SANDBOX_READY
                                                : runtimeapi::SANDBOX_NOTREADY);
  sandbox.set_created_at(container.created_seconds * 1'000'000'000);
  ExtractLabels(container.labels, *sandbox.mutable_labels(),
                *sandbox.mutable_annotations());
  return sandbox;
}

absl::StatusOr<runtimeapi::Container> ToContainer(
    const libdocker::Container& container) {
  if (container.names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected empty container name: ", container.id));
  }
  absl::StatusOr<runtimeapi::ContainerMetadata> metadata =
      ParseContainerName(container.names[0]);
  if (!metadata.ok()) return metadata.status();
  runtimeapi::Container result;
  result.set_id(container.id);
  result.set_pod_sandbox_id(Value(container.labels, kSandboxIDLabelKey));
  *result.mutable_metadata() = *metadata;
  result.mutable_image()->set_image(container.image);
  result.set_image_ref(container.image_id);
  result.set_state(ToContainerState(container.state));
  result.set_created_at(container.created_seconds * 1'000'000'000);
  ExtractLabels(container.labels, *result.mutable_labels(),
                *result.mutable_annotations());
  return result;
}

runtimeapi::Image ToImage(const libdocker::Image& image) {
  runtimeapi::Image result;
  result.set_id(image.id);
  for (const std::string& tag : image.repo_tags) result.add_repo_tags(tag);
  for (const std::string& digest : image.repo_digests) {
    result.add_repo_digests(digest);
  }
  result.set_size(image.size);
  return result;
}

std::string ToPullableImageId(const std::string& id,
                              const libdocker::Image& image) {
  if (!image.repo_digests.empty()) {
    return absl::StrCat(kDockerPullableImageIDPrefix, image.repo_digests[0]);
  }
  return absl::StrCat(kDockerImageIDPrefix, id);
}

std::string ToDockerContainerStatus(runtimeapi::ContainerState state) {
  switch (state) {
    case runtimeapi::CONTAINER_CREATED:
      return "created";
    case runtimeapi::CONTAINER_RUNNING:
      return kRunning;
    case runtimeapi::CONTAINER_EXITED:
      return "exited";
    default:
      return "unknown";
  }
}

absl::StatusOr<absl::Time> ParseDockerTimestamp(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("timestamp \"", text, "\": ", error));
  }
  // Go's zero time, in the year 1.
  return time < absl::UnixEpoch() ? absl::InfinitePast() : time;
}

std::vector<std::string> GenerateMountBindings(
    const google::protobuf::RepeatedPtrField<runtimeapi::Mount>& mounts) {
  std::vector<std::string> bindings;
  for (const runtimeapi::Mount& mount : mounts) {
    std::vector<std::string> attributes;
    if (mount.readonly()) attributes.push_back("ro");
    if (mount.selinux_relabel()) attributes.push_back("Z");
    if (mount.propagation() == runtimeapi::PROPAGATION_BIDIRECTIONAL) {
      attributes.push_back("rshared");
    } else if (mount.propagation() ==
               runtimeapi::PROPAGATION_HOST_TO_CONTAINER) {
      attributes.push_back("rslave");
    }
    std::string binding =
        absl::StrCat(mount.host_path(), ":", mount.container_path());
    if (!attributes.empty()) {
      absl::StrAppend(&binding, ":", absl::StrJoin(attributes, ","));
    }
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

}  // namespace fairway::runtime::dockershim
