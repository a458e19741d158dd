// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/{core/replicationcontroller,apps/deployment,
// apps/replicaset,apps/statefulset,apps/daemonset,batch/job}/strategy.go
// (v1.20.2)
// One strategy for all kinds of kinds.h.
//
// Differs: nobody acts on them. This server runs no controllers: their pods are
// made by whoever wants some, and their status by whoever writes it.
#ifndef APISERVER_REGISTRY_WORKLOAD_STRATEGY_H_
#define APISERVER_REGISTRY_WORKLOAD_STRATEGY_H_

#include <string>

#include "apiserver/registry/generic/strategy.h"
#include "apiserver/registry/workload/kinds.h"

namespace fairway::apiserver::registry::workload {

// Lifetime: `kind` outlives it.
class WorkloadStrategy : public generic::Strategy {
 public:
  explicit WorkloadStrategy(const WorkloadKind& kind) : kind_(kind) {}

  const rest::ResourceInfo& info() const override { return kind_.info; }
  std::string key_root() const override { return kind_.key_root; }
  absl::Status CheckShape(const Json& object) const override;
  void PrepareForCreate(Json& object) const override;
  validation::ErrorList Validate(const Json& object) const override;
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
  rest::FieldMap Fields(const Json& object) const override;

 protected:
  const WorkloadKind& kind_;
};

// Of the status subresource: all but the status stays as it is.
class WorkloadStatusStrategy final : public WorkloadStrategy {
 public:
  using WorkloadStrategy::WorkloadStrategy;
  void PrepareForUpdate(Json& object, const Json& old) const override;
  validation::ErrorList ValidateUpdate(const Json& object,
                                       const Json& old) const override;
};

}  // namespace fairway::apiserver::registry::workload

#endif  // APISERVER_REGISTRY_WORKLOAD_STRATEGY_H_
