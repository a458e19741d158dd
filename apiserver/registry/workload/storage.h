// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/apps/rest/storage_apps.go, pkg/registry/batch/rest/
// storage_batch.go and what pkg/registry/core/rest/storage_core.go has of
// replicationcontrollers (v1.20.2)
#ifndef APISERVER_REGISTRY_WORKLOAD_STORAGE_H_
#define APISERVER_REGISTRY_WORKLOAD_STORAGE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apiserver/registry/rest/rest.h"
#include "apiserver/storage/storage.h"

namespace fairway::apiserver::registry::workload {

// Each kind of kinds.h and its status, by path: "deployments",
// "deployments/status". `storage` outlives them.
std::vector<std::pair<std::string, std::unique_ptr<rest::Storage>>>
NewRESTStorage(storage::Interface* storage);

}  // namespace fairway::apiserver::registry::workload

#endif  // APISERVER_REGISTRY_WORKLOAD_STORAGE_H_
