// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/strategicpatch/patch.go and the patch
// types of k8s.io/apiserver/pkg/endpoints/handlers/patch.go (v0.20.2)
#ifndef APISERVER_REGISTRY_REST_PATCH_H_
#define APISERVER_REGISTRY_REST_PATCH_H_

#include "absl/status/statusor.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::registry::rest {

enum class PatchType { kJson, kMerge, kStrategicMerge };

// `object` after `patch`. Errors: those of the API: 400 for a patch that is
// none, 422 for a JSON patch that does not fit.
//
// Strategic merge knows the merge keys of what is served (containers by name,
// a service's ports by port, conditions by type, ...), "$patch",
// "$deleteFromPrimitiveList" and
// "$retainKeys"; "$setElementOrder" is obeyed for lists with a merge key.
absl::StatusOr<Json> ApplyPatch(PatchType type, const Json& object,
                                const Json& patch);

}  // namespace fairway::apiserver::registry::rest

#endif  // APISERVER_REGISTRY_REST_PATCH_H_
