// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/authorization/authorizer/interfaces.go
// (v0.20.2)
// Who may do what.
#ifndef APISERVER_AUTHORIZATION_AUTHORIZER_H_
#define APISERVER_AUTHORIZATION_AUTHORIZER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apiserver/authentication/authenticator.h"
#include "base/task/task.h"

namespace fairway::apiserver::authorization {

// What is asked for.
// Differs: every upgrade has the verb "create", whatever its method; and the
// ports of a port-forward are known.
struct Attributes {
  authentication::UserInfo user;
  std::string verb;
  bool resource_request = false;
  std::string ns;
  std::string api_group;
  std::string api_version;
  std::string resource;
  std::string subresource;
  std::string name;
  std::string path;
  std::vector<int> ports;  // empty: not known before the streams come
};

enum class Decision { kDeny, kAllow, kNoOpinion };

struct Result {
  Decision decision = Decision::kNoOpinion;
  std::string reason;
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // Errors: when no decision could be made; the request is then refused.
  virtual Task<absl::StatusOr<Result>> Authorize(Attributes attributes) = 0;
};

// The modes of --authorization-mode, in their order; the first decision counts.
// Errors: kInvalidArgument for a mode that is unknown or not there yet.
absl::StatusOr<std::unique_ptr<Authorizer>> NewAuthorizer(
    const std::vector<std::string>& modes);

// Mirrors: responsewriters.forbiddenMessage.
std::string ForbiddenMessage(const Attributes& attributes);

}  // namespace fairway::apiserver::authorization

#endif  // APISERVER_AUTHORIZATION_AUTHORIZER_H_
