// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/rest/storage_core.go (v1.20.2)
#include "apiserver/registry/core/rest/storage_core.h"

#include <utility>
#include <vector>

#include "apiserver/registry/core/namespace/lifecycle.h"
#include "apiserver/registry/core/namespace/strategy.h"
#include "apiserver/registry/core/node/strategy.h"
#include "apiserver/registry/core/pod/binding.h"
#include "apiserver/registry/core/pod/strategy.h"
#include "apiserver/registry/generic/store.h"

namespace fairway::apiserver::registry {
namespace {

template <typename Strategy>
std::unique_ptr<rest::Storage> NewStore(storage::Interface* storage,
                                        std::vector<std::string> verbs) {
  generic::StoreOptions options;
  options.storage = storage;
  options.strategy = std::make_unique<Strategy>();
  options.verbs = std::move(verbs);
  return std::make_unique<generic::Store>(std::move(options));
}

}  // namespace

LegacyRESTStorage NewLegacyRESTStorage(storage::Interface* storage,
                                       const node::KubeletClientConfig& kubelet,
                                       const pod::ProxyOptions& proxy) {
  const std::vector<std::string> all = generic::AllVerbs();
  const std::vector<std::string> status = {"get", "patch", "update"};
  LegacyRESTStorage made;
  auto& by_path = made.storage;
  by_path["namespaces"] = namespaces::NewNamespaceStorage(storage);
  by_path["namespaces/status"] =
      NewStore<namespaces::NamespaceStatusStrategy>(storage, status);
  by_path["nodes"] = NewStore<node::NodeStrategy>(storage, all);
  by_path["nodes/status"] = NewStore<node::NodeStatusStrategy>(storage, status);
  by_path["pods"] = NewStore<pod::PodStrategy>(storage, all);
  by_path["pods/status"] = NewStore<pod::PodStatusStrategy>(storage, status);
  by_path["pods/binding"] = std::make_unique<pod::BindingRest>(storage);
  made.kubelet_connection_info =
      node::NewNodeConnectionInfoGetter(by_path["nodes"].get(), kubelet);
  made.connecters["pods/portforward"] = pod::NewPortForwardREST(
      by_path["pods"].get(), made.kubelet_connection_info.get(), proxy);
  return made;
}

}  // namespace fairway::apiserver::registry
