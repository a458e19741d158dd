// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/service/strategy.go, with what it needs of
// pkg/apis/core/v1/defaults.go and pkg/apis/core/validation (v1.20.2)
//
// Differs: no cluster IP and no node port is allocated. Nothing in this cluster
// routes to one, so that an address would be a promise that nobody keeps:
// kubectl shows <none>, and port-forward, which never dials it, translates
// ports as for any service that is not headless. What a client gives ("None",
// an address of its own) is kept. There is one cluster IP at most.
#ifndef APISERVER_REGISTRY_CORE_SERVICE_STRATEGY_H_
#define APISERVER_REGISTRY_CORE_SERVICE_STRATEGY_H_

#include <string>

#include "apiserver/registry/generic/strategy.h"

namespace fairway::apiserver::registry::service {

// Of the services themselves: status is left as it is.
class ServiceStrategy : public generic::Strategy {
 public:
  const rest::ResourceInfo& info() const override;
  std::string key_root() const override { return "/registry/services/specs"; }
  absl::Status CheckShape(const Json& object) const override;
  void PrepareForCreate(Json& object) const override;
  validation::ErrorList Validate(const Json& object) const override;
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
};

// Of services/status: the spec stays as it is.
class ServiceStatusStrategy final : public ServiceStrategy {
 public:
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
};

}  // namespace fairway::apiserver::registry::service

#endif  // APISERVER_REGISTRY_CORE_SERVICE_STRATEGY_H_
