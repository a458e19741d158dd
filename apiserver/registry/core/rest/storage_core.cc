// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/rest/storage_core.go (v1.20.2)
#include "apiserver/registry/core/rest/storage_core.h"

#include "apiserver/registry/core/endpoint/strategy.h"
#include "apiserver/registry/core/namespace/lifecycle.h"
#include "apiserver/registry/core/namespace/strategy.h"
#include "apiserver/registry/core/node/strategy.h"
#include "apiserver/registry/core/pod/binding.h"
#include "apiserver/registry/core/pod/strategy.h"
#include "apiserver/registry/core/service/strategy.h"
#include "apiserver/registry/generic/store.h"

namespace fairway::apiserver::registry {
namespace {

using generic::NewStore;

// A resource and its status.
template <typename Strategy, typename StatusStrategy>
void Add(storage::Interface* storage, const std::string& path,
         LegacyRESTStorage* made) {
  made->storage[path] =
      NewStore(storage, std::make_unique<Strategy>(), generic::AllVerbs());
  made->storage[path + "/status"] = NewStore(
      storage, std::make_unique<StatusStrategy>(), generic::StatusVerbs());
}

}  // namespace

LegacyRESTStorage NewLegacyRESTStorage(storage::Interface* storage,
                                       const node::KubeletClientConfig& kubelet,
                                       const pod::ProxyOptions& proxy) {
  LegacyRESTStorage made;
  auto& by_path = made.storage;
  by_path["namespaces"] = namespaces::NewNamespaceStorage(storage);
  by_path["namespaces/status"] =
      NewStore(storage, std::make_unique<namespaces::NamespaceStatusStrategy>(),
               generic::StatusVerbs());
  Add<node::NodeStrategy, node::NodeStatusStrategy>(storage, "nodes", &made);
  Add<pod::PodStrategy, pod::PodStatusStrategy>(storage, "pods", &made);
  Add<service::ServiceStrategy, service::ServiceStatusStrategy>(
      storage, "services", &made);
  by_path["endpoints"] =
      NewStore(storage, std::make_unique<endpoint::EndpointsStrategy>(),
               generic::AllVerbs());
  by_path["pods/binding"] = std::make_unique<pod::BindingRest>(storage);
  made.kubelet_connection_info =
      node::NewNodeConnectionInfoGetter(by_path["nodes"].get(), kubelet);
  made.connecters["pods/portforward"] = pod::NewPortForwardREST(
      by_path["pods"].get(), made.kubelet_connection_info.get(), proxy);
  return made;
}

}  // namespace fairway::apiserver::registry
