// SPDX-License-Identifier: Apache-2.0
// Mirrors: RequestScope of k8s.io/apiserver/pkg/endpoints/handlers/rest.go and
// pkg/endpoints/handlers/responsewriters (v0.20.2)
// What the handlers of one resource share, and how they answer.
#ifndef APISERVER_ENDPOINTS_HANDLERS_SCOPE_H_
#define APISERVER_ENDPOINTS_HANDLERS_SCOPE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apiserver/admission/admission.h"
#include "apiserver/endpoints/negotiation.h"
#include "apiserver/endpoints/request_context.h"
#include "apiserver/registry/rest/rest.h"
#include "base/task/task.h"
#include "net/http/handler.h"

namespace fairway::apiserver::endpoints::handlers {

using registry::rest::Connecter;
using registry::rest::DryRun;
using registry::rest::Storage;

inline constexpr size_t kMaxBodyBytes = 3 << 20;  // upstream's 3 MiB

// One resource or subresource. It has a storage or a connecter.
struct RequestScope {
  std::string path;  // "pods", "pods/status"
  std::unique_ptr<Storage> storage;
  std::unique_ptr<Connecter> connecter;
  admission::Interface* admit = nullptr;  // outlives it
};

// What every handler gets; all outlive the request.
struct Call {
  const RequestScope& scope;
  RequestContext& context;
  net::http::ServerRequest& request;
  net::http::ResponseWriter& writer;
};

// Asks admission, which may change `object`, of kind `kind`; `object` outlives
// the Task. Mirrors: the admission part of every mutating handler.
Task<absl::Status> RunAdmission(Call& call, admission::Operation operation,
                                std::string kind, Json* object);

// Answers a failure as metav1.Status. OK when the answer was sent.
Task<absl::Status> WriteError(net::http::ResponseWriter& writer,
                              absl::Status error);

// Answers `object` in the shape that the client asked for.
Task<absl::Status> WriteObject(Call& call, int code, Json object);

// Any JSON, as it is.
Task<absl::Status> WriteJson(net::http::ResponseWriter& writer, int code,
                             Json json);

// A Table of the items of a list, or of one object. For a watch's later events
// the columns are left out.
enum class TableHeader { kWith, kWithout };
Json AsTable(const RequestContext& context, const MediaType& type,
             const std::string& kind, const Json& object, TableHeader header);

// The body: JSON, or YAML as JSON. Errors: 400, 413, 415.
Task<absl::StatusOr<Json>> ReadObject(net::http::ServerRequest& request);
// The body's bytes. Errors: 413.
Task<absl::StatusOr<std::string>> LimitedReadBody(
    net::http::ServerRequest& request);

// The dryRun parameter. Errors: 422.
absl::StatusOr<DryRun> DryRunOf(const net::http::Query& query);

}  // namespace fairway::apiserver::endpoints::handlers

#endif  // APISERVER_ENDPOINTS_HANDLERS_SCOPE_H_
