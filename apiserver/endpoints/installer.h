// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/installer.go (v0.20.2)
// The resources that are served, and which handler a request gets.
#ifndef APISERVER_ENDPOINTS_INSTALLER_H_
#define APISERVER_ENDPOINTS_INSTALLER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apiserver/admission/admission.h"
#include "apiserver/endpoints/discovery.h"
#include "apiserver/endpoints/handlers/scope.h"
#include "apiserver/endpoints/request_context.h"
#include "apiserver/registry/rest/rest.h"
#include "base/task/task.h"
#include "net/http/handler.h"

namespace fairway::apiserver::endpoints {

// Threads:  on one loop.
// Lifetime: `admit` outlives it; it outlives the requests.
class APIInstaller {
 public:
  explicit APIInstaller(admission::Interface* admit) : admit_(admit) {}

  // `path` is "pods" or "pods/status".
  void RegisterResourceHandlers(
      const std::string& path,
      std::unique_ptr<registry::rest::Storage> storage);
  // A route for CONNECT: GET and POST, each an upgrade.
  void RegisterResourceHandlers(
      const std::string& path,
      std::unique_ptr<registry::rest::Connecter> connecter);

  // Null if nothing was installed there.
  registry::rest::Storage* storage(const std::string& path) const;
  bool Knows(const RequestInfo& info) const;
  bool IsConnect(const RequestInfo& info) const;
  std::vector<ResourceEntry> Entries() const;

  // Answers a resource request of group "" version v1; 404 and 405 too.
  Task<absl::Status> Serve(RequestContext& context,
                           net::http::ServerRequest& request,
                           net::http::ResponseWriter& writer);

 private:
  const handlers::RequestScope* Find(const RequestInfo& info) const;

  admission::Interface* admit_;
  std::map<std::string, handlers::RequestScope> scopes_;
};

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_INSTALLER_H_
