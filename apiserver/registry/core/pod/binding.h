// SPDX-License-Identifier: Apache-2.0
// Mirrors: BindingREST of pkg/registry/core/pod/storage/storage.go (v1.20.2)
#ifndef APISERVER_REGISTRY_CORE_POD_BINDING_H_
#define APISERVER_REGISTRY_CORE_POD_BINDING_H_

#include <string>
#include <vector>

#include "apiserver/registry/rest/rest.h"
#include "apiserver/storage/storage.h"

namespace fairway::apiserver::registry::pod {

// pods/binding: puts a pod on a node, once.
//
// Lifetime: `storage` outlives it.
class BindingRest final : public rest::Storage {
 public:
  explicit BindingRest(storage::Interface* storage) : storage_(storage) {}
  const rest::ResourceInfo& info() const override;
  std::vector<std::string> verbs() const override { return {"create"}; }
  // Errors: 404; 409 "pod X is already assigned to node \"Y\""; 422.
  Task<absl::StatusOr<Json>> Create(std::string ns, std::string name,
                                    Json object, rest::DryRun dry_run) override;

 private:
  storage::Interface* storage_;
};

}  // namespace fairway::apiserver::registry::pod

#endif  // APISERVER_REGISTRY_CORE_POD_BINDING_H_
