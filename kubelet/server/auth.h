// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/server/auth.go, cmd/kubelet/app/auth.go (v1.20.2)
// Who asks, and what for.
#ifndef KUBELET_SERVER_AUTH_H_
#define KUBELET_SERVER_AUTH_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "net/http/handler.h"

namespace fairway::kubelet::server {

struct UserInfo {
  std::string name;
  std::vector<std::string> groups;
};

// Mirrors: authorizer.AttributesRecord, as far as a node has them.
struct Attributes {
  UserInfo user;
  std::string verb;
  std::string resource;     // "nodes"
  std::string subresource;  // "proxy", "stats", "metrics", "log"
  std::string name;         // the node's
  std::string path;
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // Whether it is allowed. Errors: when that cannot be found out.
  virtual absl::StatusOr<bool> Authorize(const Attributes& attributes) = 0;
};

// --authorization-mode=AlwaysAllow.
std::unique_ptr<Authorizer> NewAlwaysAllowAuthorizer();

enum class AnonymousAuth { kForbidden, kAllowed };

// The user that the verified client certificate names (CN and O), else
// system:anonymous, if that is allowed; nullopt for nobody.
absl::optional<UserInfo> Authenticate(const net::http::ServerRequest& request,
                                      AnonymousAuth anonymous);

// Differs: the verb is `create` for every streaming path and every upgrade,
// whatever the method: a GET opens a tunnel as well as a POST does.
Attributes GetRequestAttributes(absl::string_view node_name, UserInfo user,
                                const net::http::ServerRequest& request);

}  // namespace fairway::kubelet::server

#endif  // KUBELET_SERVER_AUTH_H_
