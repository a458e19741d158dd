// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/authorization (v0.20.2)
#include "apiserver/authorization/authorizer.h"

#include "absl/strings/str_cat.h"

namespace fairway::apiserver::authorization {
namespace {

// Mirrors: authorizerfactory.alwaysAllowAuthorizer.
class AlwaysAllow final : public Authorizer {
 public:
  Task<absl::StatusOr<Result>> Authorize(Attributes) override {
    Result result;
    result.decision = Decision::kAllow;
    co_return result;
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Authorizer>> NewAuthorizer(
    const std::vector<std::string>& modes) {
  if (modes.empty()) {
    return absl::InvalidArgumentError(
        "at least one authorization-mode must be passed");
  }
  for (const std::string& mode : modes) {
    if (mode == "AlwaysAllow") continue;
    const bool upstream = mode == "AlwaysDeny" || mode == "ABAC" ||
                          mode == "Webhook" || mode == "RBAC" || mode == "Node";
    return absl::InvalidArgumentError(
        absl::StrCat("authorization-mode \"", mode, "\" is ",
                     upstream ? "not supported by this server: want AlwaysAllow"
                              : "not a valid mode"));
  }
  return std::make_unique<AlwaysAllow>();
}

std::string ForbiddenMessage(const Attributes& attributes) {
  const std::string who = absl::StrCat("User \"", attributes.user.name,
                                       "\" cannot ", attributes.verb);
  if (!attributes.resource_request) {
    return absl::StrCat(who, " path \"", attributes.path, "\"");
  }
  std::string resource = attributes.resource;
  if (!attributes.subresource.empty()) {
    absl::StrAppend(&resource, "/", attributes.subresource);
  }
  return absl::StrCat(
      who, " resource \"", resource, "\" in API group \"", attributes.api_group,
      "\" ",
      attributes.ns.empty()
          ? std::string("at the cluster scope")
          : absl::StrCat("in the namespace \"", attributes.ns, "\""));
}

}  // namespace fairway::apiserver::authorization
