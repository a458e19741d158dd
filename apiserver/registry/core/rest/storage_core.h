// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/rest/storage_core.go (v1.20.2)
// The resources of the core group, each by its path; but for those of
// workload/storage.h.
#ifndef APISERVER_REGISTRY_CORE_REST_STORAGE_CORE_H_
#define APISERVER_REGISTRY_CORE_REST_STORAGE_CORE_H_

#include <map>
#include <memory>
#include <string>

#include "apiserver/registry/core/node/kubelet_client.h"
#include "apiserver/registry/core/pod/rest/subresources.h"
#include "apiserver/registry/rest/rest.h"
#include "apiserver/storage/storage.h"

namespace fairway::apiserver::registry {

// "pods", "pods/status", "pods/portforward" ... -> what serves it. Those that
// answer CONNECT use the others' storage and the connection info: take all of
// it, and let it die together.
struct LegacyRESTStorage {
  std::map<std::string, std::unique_ptr<rest::Storage>> storage;
  std::unique_ptr<node::ConnectionInfoGetter> kubelet_connection_info;
  std::map<std::string, std::unique_ptr<rest::Connecter>> connecters;
};

// `storage` outlives what is made.
LegacyRESTStorage NewLegacyRESTStorage(storage::Interface* storage,
                                       const node::KubeletClientConfig& kubelet,
                                       const pod::ProxyOptions& proxy);

}  // namespace fairway::apiserver::registry

#endif  // APISERVER_REGISTRY_CORE_REST_STORAGE_CORE_H_
