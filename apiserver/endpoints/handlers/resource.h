// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/{get,create,update,patch,
// delete}.go (v0.20.2)
// The verbs on stored objects. Each answers its request, errors too; it fails
// only when the answer could not be sent.
#ifndef APISERVER_ENDPOINTS_HANDLERS_RESOURCE_H_
#define APISERVER_ENDPOINTS_HANDLERS_RESOURCE_H_

#include "absl/status/status.h"
#include "apiserver/endpoints/handlers/scope.h"
#include "base/task/task.h"

namespace fairway::apiserver::endpoints::handlers {

Task<absl::Status> GetResource(Call& call);
// A watch, too, if the query asks for one.
Task<absl::Status> ListResource(Call& call);
Task<absl::Status> CreateResource(Call& call);
Task<absl::Status> UpdateResource(Call& call);
Task<absl::Status> PatchResource(Call& call);
Task<absl::Status> DeleteResource(Call& call);
Task<absl::Status> DeleteCollection(Call& call);

}  // namespace fairway::apiserver::endpoints::handlers

#endif  // APISERVER_ENDPOINTS_HANDLERS_RESOURCE_H_
