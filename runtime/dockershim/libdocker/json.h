// SPDX-License-Identifier: Apache-2.0
// The engine's JSON, to and from types.h. What is missing, or of another type
// than it should be, is left at its default.
#ifndef RUNTIME_DOCKERSHIM_LIBDOCKER_JSON_H_
#define RUNTIME_DOCKERSHIM_LIBDOCKER_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/dockershim/libdocker/types.h"

namespace fairway::runtime::dockershim::libdocker {

// Errors: kInternal for what is no JSON object (or array).
absl::StatusOr<EngineVersion> ParseVersion(absl::string_view text);
absl::StatusOr<std::vector<std::string>> ParseNetworks(absl::string_view text);
absl::StatusOr<std::vector<Container>> ParseContainers(absl::string_view text);
absl::StatusOr<ContainerJson> ParseContainer(absl::string_view text);
absl::StatusOr<std::string> ParseCreated(absl::string_view text);
absl::StatusOr<std::vector<Image>> ParseImages(absl::string_view text);
absl::StatusOr<Image> ParseImage(absl::string_view text);

// The "message" of an error's body, or else the body.
std::string ErrorMessage(absl::string_view text);
// The "error" in the lines of progress that a pull gives; empty if none.
std::string ErrorInProgress(absl::string_view text);

std::string CreateContainerBody(const ContainerCreateConfig& config);
// The query value of "filters".
std::string FiltersOf(const ContainerFilter& filter);
std::string ImageFiltersOf(absl::string_view reference);

}  // namespace fairway::runtime::dockershim::libdocker

#endif  // RUNTIME_DOCKERSHIM_LIBDOCKER_JSON_H_
