// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/rest.go (v0.20.2)
#include "apiserver/endpoints/handlers/connect.h"

#include <utility>

#include "api/errors.h"
#include "apiserver/endpoints/metrics.h"

namespace fairway::apiserver::endpoints::handlers {
namespace {

bool IsDryRun(const net::http::Query& query) {
  for (const auto& [key, value] : query) {
    if (key == "dryRun") return true;
  }
  return false;
}

// The handler for the connection, or why there will be none.
Task<absl::StatusOr<net::http::Handler>> Prepare(Call& call) {
  if (IsDryRun(call.context.query)) {
    co_return api::NewBadRequest("dryRun is not supported");
  }
  absl::StatusOr<Json> options =
      call.scope.connecter->DecodeOptions(call.context.query);
  if (!options.ok()) {
    co_return api::NewBadRequest(options.status().message());
  }
  std::string kind = call.scope.connecter->options_kind();
  absl::Status admitted = co_await RunAdmission(
      call, admission::Operation::kConnect, std::move(kind), &*options);
  if (!admitted.ok()) co_return admitted;
  registry::rest::Responder responder =
      [](net::http::ServerRequest&, net::http::ResponseWriter& writer,
         absl::Status error) { return WriteError(writer, std::move(error)); };
  std::string ns = call.context.info.ns;
  std::string name = call.context.info.name;
  absl::StatusOr<net::http::Handler> handler =
      co_await call.scope.connecter->Connect(std::move(ns), std::move(name),
                                             *std::move(options),
                                             std::move(responder));
  co_return handler;
}

}  // namespace

Task<absl::Status> ConnectResource(Call& call) {
  LongRunning long_running(call.context.info, "CONNECT");
  absl::StatusOr<net::http::Handler> handler = co_await Prepare(call);
  if (!handler.ok()) {
    absl::Status error = handler.status();
    absl::Status refused = co_await WriteError(call.writer, std::move(error));
    co_return refused;
  }
  absl::Status served = co_await (*handler)(call.request, call.writer);
  co_return served;
}

}  // namespace fairway::apiserver::endpoints::handlers
