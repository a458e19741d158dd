// SPDX-License-Identifier: Apache-2.0
// Mirrors: metav1.ListOptions, decoded from a query (v0.20.2)
#ifndef APISERVER_ENDPOINTS_HANDLERS_LIST_OPTIONS_H_
#define APISERVER_ENDPOINTS_HANDLERS_LIST_OPTIONS_H_

#include "absl/status/statusor.h"
#include "apiserver/registry/rest/rest.h"
#include "net/http/url.h"

namespace fairway::apiserver::endpoints::handlers {

// Errors: 400.
absl::StatusOr<registry::rest::ListOptions> DecodeListOptions(
    const net::http::Query& query);

}  // namespace fairway::apiserver::endpoints::handlers

#endif  // APISERVER_ENDPOINTS_HANDLERS_LIST_OPTIONS_H_
