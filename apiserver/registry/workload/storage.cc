// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/apps/rest/storage_apps.go (v1.20.2)
#include "apiserver/registry/workload/storage.h"

#include "apiserver/registry/generic/store.h"
#include "apiserver/registry/workload/kinds.h"
#include "apiserver/registry/workload/strategy.h"

namespace fairway::apiserver::registry::workload {

std::vector<std::pair<std::string, std::unique_ptr<rest::Storage>>>
NewRESTStorage(storage::Interface* storage) {
  std::vector<std::pair<std::string, std::unique_ptr<rest::Storage>>> made;
  for (const WorkloadKind& kind : Kinds()) {
    const std::string& path = kind.info.resource;
    made.emplace_back(
        path,
        generic::NewStore(storage, std::make_unique<WorkloadStrategy>(kind),
                          generic::AllVerbs()));
    made.emplace_back(
        path + "/status",
        generic::NewStore(storage,
                          std::make_unique<WorkloadStatusStrategy>(kind),
                          generic::StatusVerbs()));
  }
  return made;
}

}  // namespace fairway::apiserver::registry::workload
