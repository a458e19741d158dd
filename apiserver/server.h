// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/controlplane/instance.go and k8s.io/apiserver/pkg/server/
// genericapiserver.go (v1.20.2)
// All of the API server but its socket.
#ifndef APISERVER_SERVER_H_
#define APISERVER_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apiserver/audit/audit.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/authorization/authorizer.h"
#include "apiserver/registry/core/node/kubelet_client.h"
#include "apiserver/registry/core/pod/rest/subresources.h"
#include "apiserver/storage/storage.h"
#include "base/task/task.h"
#include "net/http/handler.h"

namespace fairway::apiserver {

struct ServerConfig {
  std::unique_ptr<storage::Interface> storage;
  std::unique_ptr<authentication::Authenticator> authenticator;
  std::unique_ptr<authorization::Authorizer> authorizer;
  std::unique_ptr<audit::Sink> audit;  // null: no audit
  registry::node::KubeletClientConfig kubelet;
  registry::pod::ProxyOptions proxy;
  // Whether the plugin DenyHostNetworkPortForward is on.
  bool deny_host_network_port_forward = false;
  std::string server_address;  // for /api: "127.0.0.1:6443"
  int max_mutating_requests_inflight = 200;
  int max_requests_inflight = 400;
};

// Threads:  on the loop of its storage.
// Lifetime: outlives the requests of handler(), and Run().
class ApiServer {
 public:
  explicit ApiServer(ServerConfig config);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Makes what must exist before the first request: the system's namespaces.
  // Errors: of the storage.
  Task<absl::Status> PrepareRun();
  // The controllers; until cancelled.
  Task<absl::Status> Run();
  net::http::Handler handler();
  // From now on /readyz fails.
  void BeginShutdown();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairway::apiserver

#endif  // APISERVER_SERVER_H_
