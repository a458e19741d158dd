// SPDX-License-Identifier: Apache-2.0
// Mirrors: DefaultBuildHandlerChain of k8s.io/apiserver/pkg/server/config.go,
// with pkg/endpoints/filters and pkg/server/filters (v0.20.2)
// What every request goes through, in upstream's order: recovery, request
// info, authentication, audit, impersonation, max-in-flight, authorization.
#ifndef APISERVER_ENDPOINTS_FILTERS_H_
#define APISERVER_ENDPOINTS_FILTERS_H_

#include <functional>

#include "absl/status/status.h"
#include "apiserver/audit/audit.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/authorization/authorizer.h"
#include "apiserver/endpoints/request_context.h"
#include "base/task/task.h"
#include "net/http/handler.h"

namespace fairway::apiserver::endpoints {

using ContextHandler = std::function<Task<absl::Status>(
    RequestContext&, net::http::ServerRequest&, net::http::ResponseWriter&)>;

struct ChainOptions {
  const authentication::Authenticator* authenticator = nullptr;
  authorization::Authorizer* authorizer = nullptr;
  audit::Sink* audit = nullptr;  // null: no audit
  int max_mutating_requests_inflight = 200;
  int max_requests_inflight = 400;
  // Whether metrics may name the resource; whether the request becomes a
  // connection.
  std::function<bool(const RequestInfo&)> knows;
  std::function<bool(const RequestInfo&)> is_connect;
  ContextHandler handler;
};

// Lifetime: what `options` points to outlives the handler.
net::http::Handler BuildHandlerChain(ChainOptions options);

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_FILTERS_H_
