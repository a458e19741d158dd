// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/pod/strategy.go, with what it needs of
// pkg/apis/core/v1/defaults.go and pkg/apis/core/validation (v1.20.2)
#ifndef APISERVER_REGISTRY_CORE_POD_STRATEGY_H_
#define APISERVER_REGISTRY_CORE_POD_STRATEGY_H_

#include <optional>
#include <string>

#include "apiserver/registry/generic/strategy.h"

namespace fairway::apiserver::registry::pod {

// Of the pods themselves: status is left as it is.
class PodStrategy : public generic::Strategy {
 public:
  const rest::ResourceInfo& info() const override;
  std::string key_root() const override { return "/registry/pods"; }
  absl::Status CheckShape(const Json& object) const override;
  void PrepareForCreate(Json& object) const override;
  validation::ErrorList Validate(const Json& object) const override;
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
  rest::FieldMap Fields(const Json& object) const override;
  std::optional<int64_t> GracePeriod(
      const Json& object, const rest::DeleteOptions& options) const override;
};

// Of pods/status: everything but the status stays as it is.
class PodStatusStrategy final : public PodStrategy {
 public:
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
};

// Mirrors: pkg/apis/core/helper/qos. "Guaranteed", "Burstable", "BestEffort".
std::string GetPodQos(const Json& pod);

}  // namespace fairway::apiserver::registry::pod

#endif  // APISERVER_REGISTRY_CORE_POD_STRATEGY_H_
