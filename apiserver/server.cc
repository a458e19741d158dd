// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/controlplane/instance.go and k8s.io/apiserver/pkg/server
// (v1.20.2)
#include "apiserver/server.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apiserver/admission/admission.h"
#include "apiserver/admission/host_network.h"
#include "apiserver/endpoints/discovery.h"
#include "apiserver/endpoints/filters.h"
#include "apiserver/endpoints/handlers/scope.h"
#include "apiserver/endpoints/installer.h"
#include "apiserver/registry/core/namespace/lifecycle.h"
#include "apiserver/registry/core/namespace/strategy.h"
#include "apiserver/registry/core/rest/storage_core.h"
#include "apiserver/registry/rest/status_details.h"
#include "apiserver/registry/workload/storage.h"
#include "base/metrics/metrics.h"

namespace fairway::apiserver {
namespace {

namespace rest = registry::rest;

constexpr char kText[] = "text/plain; charset=utf-8";

std::unique_ptr<admission::Interface> NewAdmission(const ServerConfig& config,
                                                   rest::Storage* namespaces,
                                                   rest::Storage* pods) {
  std::vector<std::unique_ptr<admission::Interface>> plugins;
  plugins.push_back(admission::NewNamespaceLifecycle(namespaces));
  if (config.deny_host_network_port_forward) {
    plugins.push_back(admission::NewDenyHostNetworkPortForward(pods));
  }
  return admission::NewChain(std::move(plugins));
}

std::string HealthReport(const std::string& name, bool stored, bool draining,
                         bool failed) {
  constexpr char kWithheld[] = " failed: reason withheld\n";
  return absl::StrCat("[+]ping ok\n", stored ? "[+]" : "[-]", "storage",
                      stored ? " ok\n" : kWithheld, draining ? "[-]" : "[+]",
                      "shutdown", draining ? kWithheld : " ok\n", name,
                      " check ", failed ? "failed\n" : "passed\n");
}

bool IsHealthPath(const std::string& path) {
  return path == "/healthz" || path == "/livez" || path == "/readyz";
}

}  // namespace

struct ApiServer::State {
  explicit State(ServerConfig c)
      : config(std::move(c)),
        lifecycle_namespaces(
            registry::namespaces::NewNamespaceStorage(config.storage.get())),
        core(registry::NewLegacyRESTStorage(config.storage.get(),
                                            config.kubelet, config.proxy)),
        admit(NewAdmission(config, lifecycle_namespaces.get(),
                           core.storage.at("pods").get())),
        installer(admit.get()) {
    InstallLegacyApi();
    InstallApis();
  }

  // Mirrors: InstallLegacyAPI.
  void InstallLegacyApi() {
    for (auto& [path, storage] : core.storage) {
      installer.RegisterResourceHandlers(path, std::move(storage));
    }
    for (auto& [path, connecter] : core.connecters) {
      installer.RegisterResourceHandlers(path, std::move(connecter));
    }
  }

  // Mirrors: InstallAPIs.
  void InstallApis() {
    for (auto& [path, storage] :
         registry::workload::NewRESTStorage(config.storage.get())) {
      installer.RegisterResourceHandlers(path, std::move(storage));
    }
  }

  Task<absl::Status> Serve(endpoints::RequestContext& context,
                           net::http::ServerRequest& request,
                           net::http::ResponseWriter& writer);
  Task<absl::Status> ServeHealth(const std::string& path,
                                 const net::http::Query& query,
                                 net::http::ResponseWriter& writer);
  Task<absl::Status> ServeOpenApi(net::http::ServerRequest& request,
                                  net::http::ResponseWriter& writer);
  // Null for a path that is none of the documents.
  Json Document(const std::string& path) const;

  ServerConfig config;
  std::unique_ptr<rest::Storage> lifecycle_namespaces;
  // The installer takes its storage.
  registry::LegacyRESTStorage core;
  std::unique_ptr<admission::Interface> admit;
  endpoints::APIInstaller installer;
  bool shutting_down = false;
};

Json ApiServer::State::Document(const std::string& path) const {
  if (path == "/") return endpoints::RootPaths(installer.Groups());
  if (path == "/version") return endpoints::VersionInfo();
  if (path == "/api") return endpoints::ApiVersions(config.server_address);
  if (path == "/apis") return endpoints::ApiGroupList(installer.Groups());
  if (path == "/api/v1") {
    return endpoints::ApiResourceList("", installer.Entries(""));
  }
  for (const std::string& group : installer.Groups()) {
    if (path == "/apis/" + group) return endpoints::ApiGroup(group);
    if (path == "/apis/" + group + "/v1") {
      return endpoints::ApiResourceList(group, installer.Entries(group));
    }
  }
  return Json();
}

// Mirrors: k8s.io/apiserver/pkg/server/healthz.
Task<absl::Status> ApiServer::State::ServeHealth(
    const std::string& path, const net::http::Query& query,
    net::http::ResponseWriter& writer) {
  // A key that nobody writes: its absence is the good answer.
  std::string probe = "/registry/health";
  absl::StatusOr<storage::Document> document =
      co_await config.storage->Get(std::move(probe));
  const bool stored = document.ok() || absl::IsNotFound(document.status());
  const bool draining = shutting_down && path == "/readyz";
  const bool failed = draining || (!stored && path != "/livez");
  bool verbose = failed;
  for (const auto& [key, value] : query) verbose = verbose || key == "verbose";
  const std::string body =
      verbose ? HealthReport(path.substr(1), stored, draining, failed) : "ok";
  writer.headers().Set("Cache-Control", "no-cache, no-store, must-revalidate");
  writer.headers().Set("X-Content-Type-Options", "nosniff");
  absl::Status answered =
      co_await Respond(writer, failed ? 500 : 200, kText, body);
  co_return answered;
}

Task<absl::Status> ApiServer::State::ServeOpenApi(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer) {
  const bool protobuf =
      absl::StrContains(request.headers.Get("Accept"), "protobuf");
  if (!protobuf) {
    Json document = endpoints::OpenApiV2();
    absl::Status answered = co_await endpoints::handlers::WriteJson(
        writer, 200, std::move(document));
    co_return answered;
  }
  // Go's mime package, hence kubectl, cannot parse the type's own name, and
  // upstream does not send it either.
  const std::string body = endpoints::OpenApiV2Protobuf();
  absl::Status answered =
      co_await Respond(writer, 200, "application/octet-stream", body);
  co_return answered;
}

Task<absl::Status> ApiServer::State::Serve(endpoints::RequestContext& context,
                                           net::http::ServerRequest& request,
                                           net::http::ResponseWriter& writer) {
  if (context.info.is_resource_request) {
    absl::Status served = co_await installer.Serve(context, request, writer);
    co_return served;
  }
  std::string path = request.url.path;
  if (path.size() > 1) {
    path = std::string(absl::StripSuffix(path, "/"));
  }
  if (IsHealthPath(path)) {
    absl::Status served = co_await ServeHealth(path, context.query, writer);
    co_return served;
  }
  if (path == "/openapi/v2") {
    absl::Status served = co_await ServeOpenApi(request, writer);
    co_return served;
  }
  if (path == "/metrics") {
    const std::string text = MetricsText();
    absl::Status served =
        co_await Respond(writer, 200, kMetricsContentType, text);
    co_return served;
  }
  Json document = Document(path);
  if (document.is_null()) {
    absl::Status missing = NewStatusError(
        404, "NotFound", "the server could not find the requested resource");
    absl::Status refused =
        co_await endpoints::handlers::WriteError(writer, std::move(missing));
    co_return refused;
  }
  absl::Status served =
      co_await endpoints::handlers::WriteJson(writer, 200, std::move(document));
  co_return served;
}

ApiServer::ApiServer(ServerConfig config)
    : state_(std::make_unique<State>(std::move(config))) {}

ApiServer::~ApiServer() = default;

Task<absl::Status> ApiServer::PrepareRun() {
  absl::Status made = co_await registry::namespaces::CreateSystemNamespaces(
      *state_->lifecycle_namespaces);
  co_return made;
}

Task<absl::Status> ApiServer::Run() {
  std::vector<rest::Storage*> contents = state_->installer.NamespacedStorage();
  absl::Status ended = co_await registry::namespaces::RunController(
      *state_->config.storage, *state_->lifecycle_namespaces,
      std::move(contents));
  co_return ended;
}

net::http::Handler ApiServer::handler() {
  State* state = state_.get();
  endpoints::ChainOptions options;
  options.authenticator = state->config.authenticator.get();
  options.authorizer = state->config.authorizer.get();
  options.audit = state->config.audit.get();
  options.max_mutating_requests_inflight =
      state->config.max_mutating_requests_inflight;
  options.max_requests_inflight = state->config.max_requests_inflight;
  options.knows = [state](const endpoints::RequestInfo& info) {
    return state->installer.Knows(info);
  };
  options.is_connect = [state](const endpoints::RequestInfo& info) {
    return state->installer.IsConnect(info);
  };
  options.handler = [state](endpoints::RequestContext& context,
                            net::http::ServerRequest& request,
                            net::http::ResponseWriter& writer) {
    return state->Serve(context, request, writer);
  };
  return endpoints::BuildHandlerChain(std::move(options));
}

void ApiServer::BeginShutdown() { state_->shutting_down = true; }

}  // namespace fairway::apiserver
