// SPDX-License-Identifier: Apache-2.0
// Mirrors: SetDefaults_PodSpec of pkg/apis/core/v1/defaults.go and
// ValidatePodSpec of pkg/apis/core/validation (v1.20.2)
// A pod's spec, in a pod or in the template of one.
#ifndef APISERVER_REGISTRY_CORE_POD_POD_SPEC_H_
#define APISERVER_REGISTRY_CORE_POD_POD_SPEC_H_

#include <string>

#include "absl/status/status.h"
#include "apiserver/registry/rest/json_path.h"
#include "apiserver/registry/validation/validation.h"

namespace fairway::apiserver::registry::pod {

// Whether the fields that are read of a pod, or of a template, have the types
// that they must have. Errors: kInvalidArgument, naming the field.
absl::Status CheckPodShape(const Json& pod);

void SetPodSpecDefaults(Json& spec);

// `path` is where the spec lies: "spec", "spec.template.spec".
void ValidatePodSpec(const Json& spec, const std::string& path,
                     validation::ErrorList* errors);

}  // namespace fairway::apiserver::registry::pod

#endif  // APISERVER_REGISTRY_CORE_POD_POD_SPEC_H_
