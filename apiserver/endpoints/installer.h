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

  // `path` is "pods" or "pods/status", in the group that the storage names.
  void RegisterResourceHandlers(
      const std::string& path,
      std::unique_ptr<registry::rest::Storage> storage);
  // A route of the core group for CONNECT: GET and POST, each an upgrade.
  void RegisterResourceHandlers(
      const std::string& path,
      std::unique_ptr<registry::rest::Connecter> connecter);

  // What holds the objects of all namespaces, of every group.
  std::vector<registry::rest::Storage*> NamespacedStorage() const;
  // "apps", "batch": all but the core group, sorted.
  std::vector<std::string> Groups() const;
  bool Knows(const RequestInfo& info) const;
  bool IsConnect(const RequestInfo& info) const;
  // Of one group; none for a group that is not served.
  std::vector<ResourceEntry> Entries(const std::string& group) const;

  // Answers a resource request of any group; 404 and 405 too.
  Task<absl::Status> Serve(RequestContext& context,
                           net::http::ServerRequest& request,
                           net::http::ResponseWriter& writer);

 private:
  const handlers::RequestScope* Find(const RequestInfo& info) const;

  admission::Interface* admit_;
  // By group, then by path.
  std::map<std::string, std::map<std::string, handlers::RequestScope>> scopes_;
};

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_INSTALLER_H_
