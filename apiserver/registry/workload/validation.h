// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/apis/{apps,batch}/validation/validation.go and
// ValidateReplicationController of pkg/apis/core/validation (v1.20.2)
#ifndef APISERVER_REGISTRY_WORKLOAD_VALIDATION_H_
#define APISERVER_REGISTRY_WORKLOAD_VALIDATION_H_

#include "apiserver/registry/rest/json_path.h"
#include "apiserver/registry/validation/validation.h"
#include "apiserver/registry/workload/kinds.h"

namespace fairway::apiserver::registry::workload {

// What is wrong with the spec of `object`, whose defaults are filled in.
void ValidateSpec(const WorkloadKind& kind, const Json& object,
                  validation::ErrorList* errors);

// Mirrors: ValidateGeneratedSelector. What a client gave must not be what the
// server would have made.
void ValidateGeneratedSelector(const Json& job, validation::ErrorList* errors);

// What an update changed and must not.
// Differs: a changed template of a Job is shown as JSON, not as Go's %#v.
void ValidateImmutable(const WorkloadKind& kind, const Json& object,
                       const Json& old, validation::ErrorList* errors);

}  // namespace fairway::apiserver::registry::workload

#endif  // APISERVER_REGISTRY_WORKLOAD_VALIDATION_H_
