// SPDX-License-Identifier: Apache-2.0
// Mirrors: REST.Delete of pkg/registry/core/namespace/storage/storage.go and
// pkg/controller/namespace (v1.20.2)
// The end of namespaces, and the beginning of those that must exist.
//
// Differs: upstream's controller is a process of its own.
#ifndef APISERVER_REGISTRY_CORE_NAMESPACE_LIFECYCLE_H_
#define APISERVER_REGISTRY_CORE_NAMESPACE_LIFECYCLE_H_

#include <memory>
#include <string>
#include <vector>

#include "apiserver/registry/rest/rest.h"
#include "apiserver/storage/storage.h"
#include "base/task/task.h"

namespace fairway::apiserver::registry::namespaces {

// The resource "namespaces": a deletion marks it Terminating; what it holds is
// removed by RunController.
//
// Lifetime: `storage` outlives it.
std::unique_ptr<rest::Storage> NewNamespaceStorage(storage::Interface* storage);

// Makes default, kube-system, kube-public and kube-node-lease if missing.
// `namespaces` must outlive the Task.
Task<absl::Status> CreateSystemNamespaces(rest::Storage& namespaces);

// Empties terminating namespaces of `contents`, and removes each when it is
// empty. Runs until cancelled; all arguments must outlive the Task.
Task<absl::Status> RunController(storage::Interface& storage,
                                 rest::Storage& namespaces,
                                 std::vector<rest::Storage*> contents);

}  // namespace fairway::apiserver::registry::namespaces

#endif  // APISERVER_REGISTRY_CORE_NAMESPACE_LIFECYCLE_H_
