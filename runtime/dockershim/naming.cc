// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/naming.go (v1.20.2)
#include "runtime/dockershim/naming.h"

#include <cstdint>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fairway::runtime::dockershim {
namespace {

constexpr char kKubePrefix[] = "k8s";
constexpr char kNameDelimiter[] = "_";

std::string MakeName(const std::string& container,
                     const runtimeapi::PodSandboxMetadata& pod,
                     uint32_t attempt) {
  return absl::StrCat(kKubePrefix, "_", container, "_", pod.name(), "_",
                      pod.namespace_(), "_", pod.uid(), "_", attempt);
}

struct Parts {
  std::vector<std::string> parts;
  uint32_t attempt = 0;
};

// `kind` is "sandbox" or "container".
absl::StatusOr<Parts> Split(absl::string_view name, absl::string_view kind) {
  absl::ConsumePrefix(&name, "/");
  Parts result{absl::StrSplit(name, kNameDelimiter)};
  // A seventh part is the random suffix of old shims.
  if (result.parts.size() != 6 && result.parts.size() != 7) {
    return absl::InvalidArgumentError(
        absl::StrCat("failed to parse the ", kind, " name: \"", name, "\""));
  }
  if (result.parts[0] != kKubePrefix) {
    return absl::InvalidArgumentError(
        absl::StrCat("container is not managed by kubernetes: \"", name, "\""));
  }
  if (!absl::SimpleAtoi(result.parts[5], &result.attempt)) {
    return absl::InvalidArgumentError(
        absl::StrCat("failed to parse the ", kind, " name \"", name,
                     "\": attempt \"", result.parts[5], "\""));
  }
  return result;
}

}  // namespace

std::string MakeSandboxName(const runtimeapi::PodSandboxConfig& sandbox) {
  return MakeName(kSandboxContainerName, sandbox.metadata(),
                  sandbox.metadata().attempt());
}

std::string MakeContainerName(const runtimeapi::PodSandboxConfig& sandbox,
                              const runtimeapi::ContainerConfig& container) {
  return MakeName(container.metadata().name(), sandbox.metadata(),
                  container.metadata().attempt());
}

absl::StatusOr<runtimeapi::PodSandboxMetadata> ParseSandboxName(
    absl::string_view name) {
  absl::StatusOr<Parts> parts = Split(name, "sandbox");
  if (!parts.ok()) return parts.status();
  runtimeapi::PodSandboxMetadata metadata;
  metadata.set_name(parts->parts[2]);
  metadata.set_namespace_(parts->parts[3]);
  metadata.set_uid(parts->parts[4]);
  metadata.set_attempt(parts->attempt);
  return metadata;
}

absl::StatusOr<runtimeapi::ContainerMetadata> ParseContainerName(
    absl::string_view name) {
  absl::StatusOr<Parts> parts = Split(name, "container");
  if (!parts.ok()) return parts.status();
  runtimeapi::ContainerMetadata metadata;
  metadata.set_name(parts->parts[1]);
  metadata.set_attempt(parts->attempt);
  return metadata;
}

}  // namespace fairway::runtime::dockershim
