// SPDX-License-Identifier: Apache-2.0
// Mirrors: ConnectResource of k8s.io/apiserver/pkg/endpoints/handlers/rest.go
// (v0.20.2)
#ifndef APISERVER_ENDPOINTS_HANDLERS_CONNECT_H_
#define APISERVER_ENDPOINTS_HANDLERS_CONNECT_H_

#include "absl/status/status.h"
#include "apiserver/endpoints/handlers/scope.h"
#include "base/task/task.h"

namespace fairway::apiserver::endpoints::handlers {

// Decodes the options, asks admission, and hands the request to what the
// scope's connecter gives. Errors are answered as Status.
Task<absl::Status> ConnectResource(Call& call);

}  // namespace fairway::apiserver::endpoints::handlers

#endif  // APISERVER_ENDPOINTS_HANDLERS_CONNECT_H_
