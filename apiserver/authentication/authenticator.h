// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/authentication/{authenticator,request/x509,
// request/bearertoken,token/tokenfile,group} (v0.20.2)
// Who sends a request.
#ifndef APISERVER_AUTHENTICATION_AUTHENTICATOR_H_
#define APISERVER_AUTHENTICATION_AUTHENTICATOR_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "net/http/handler.h"

namespace fairway::apiserver::authentication {

struct UserInfo {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
};

// Threads:  stateless once made.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Nothing if the request shows no credential that this one knows.
  // Errors: kUnauthenticated for a credential that is wrong.
  virtual absl::StatusOr<std::optional<UserInfo>> AuthenticateRequest(
      const net::http::ServerRequest& request) const = 0;
};

// The subject of a verified client certificate: CN is the user, O the groups.
std::unique_ptr<Authenticator> NewX509();

// Bearer tokens of a file: "token,user,uid" and optionally "group1,group2" in
// quotes, a line each. Errors: kInvalidArgument, naming the line.
absl::StatusOr<std::unique_ptr<Authenticator>> NewTokenFile(
    const std::string& csv);

// Takes anybody: system:anonymous.
std::unique_ptr<Authenticator> NewAnonymous();

// The first of them that knows the request, with group system:authenticated
// (but for system:anonymous). A wrong credential ends the search.
std::unique_ptr<Authenticator> NewUnion(
    std::vector<std::unique_ptr<Authenticator>> authenticators);

}  // namespace fairway::apiserver::authentication

#endif  // APISERVER_AUTHENTICATION_AUTHENTICATOR_H_
