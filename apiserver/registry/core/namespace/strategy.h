// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/namespace/strategy.go (v1.20.2)
#ifndef APISERVER_REGISTRY_CORE_NAMESPACE_STRATEGY_H_
#define APISERVER_REGISTRY_CORE_NAMESPACE_STRATEGY_H_

#include <string>

#include "apiserver/registry/generic/strategy.h"

namespace fairway::apiserver::registry::namespaces {

class NamespaceStrategy : public generic::Strategy {
 public:
  const rest::ResourceInfo& info() const override;
  std::string key_root() const override { return "/registry/namespaces"; }
  absl::Status CheckShape(const Json& object) const override;
  void PrepareForCreate(Json& object) const override;
  validation::ErrorList Validate(const Json& object) const override;
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
  rest::FieldMap Fields(const Json& object) const override;
};

// Of namespaces/status.
class NamespaceStatusStrategy final : public NamespaceStrategy {
 public:
  void PrepareForUpdate(Json& object, const Json& old) const override;
};

}  // namespace fairway::apiserver::registry::namespaces

#endif  // APISERVER_REGISTRY_CORE_NAMESPACE_STRATEGY_H_
