// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/endpoint/strategy.go, with what it needs of
// pkg/apis/core/v1/defaults.go and pkg/apis/core/validation (v1.20.2)
//
// Differs: subsets are kept as a client gave them; upstream repacks them.
#ifndef APISERVER_REGISTRY_CORE_ENDPOINT_STRATEGY_H_
#define APISERVER_REGISTRY_CORE_ENDPOINT_STRATEGY_H_

#include <string>

#include "apiserver/registry/generic/strategy.h"

namespace fairway::apiserver::registry::endpoint {

class EndpointsStrategy final : public generic::Strategy {
 public:
  const rest::ResourceInfo& info() const override;
  std::string key_root() const override {
    return "/registry/services/endpoints";
  }
  absl::Status CheckShape(const Json& object) const override;
  void PrepareForCreate(Json& object) const override;
  validation::ErrorList Validate(const Json& object) const override;
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
};

}  // namespace fairway::apiserver::registry::endpoint

#endif  // APISERVER_REGISTRY_CORE_ENDPOINT_STRATEGY_H_
