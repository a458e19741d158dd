// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/watch.go (v0.20.2)
#ifndef APISERVER_ENDPOINTS_HANDLERS_WATCH_H_
#define APISERVER_ENDPOINTS_HANDLERS_WATCH_H_

#include "absl/status/status.h"
#include "apiserver/endpoints/handlers/scope.h"
#include "base/task/task.h"

namespace fairway::apiserver::endpoints::handlers {

// Sends a JSON line for each event until timeoutSeconds (30 to 60 minutes if
// the client names none) have passed, the client goes, or the server drains. An
// error of the watch is its last event.
Task<absl::Status> ServeWatch(Call& call, registry::rest::ListOptions options);

}  // namespace fairway::apiserver::endpoints::handlers

#endif  // APISERVER_ENDPOINTS_HANDLERS_WATCH_H_
