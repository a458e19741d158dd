// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/request/context.go (v0.20.2)
// What the filters learned of a request, for the handlers.
#ifndef APISERVER_ENDPOINTS_REQUEST_CONTEXT_H_
#define APISERVER_ENDPOINTS_REQUEST_CONTEXT_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "apiserver/audit/audit.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/endpoints/request_info.h"
#include "net/http/url.h"

namespace fairway::apiserver::endpoints {

// Lifetime: one request.
struct RequestContext {
  RequestInfo info;
  net::http::Query query;
  authentication::UserInfo user;
  audit::Event audit;
  std::vector<int> ports;  // of a port-forward, if its query tells them
  bool long_running = false;
};

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_REQUEST_CONTEXT_H_
