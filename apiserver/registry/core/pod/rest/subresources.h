// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/pod/rest/subresources.go (v1.20.2; WebSocket:
// v1.31.0)
#ifndef APISERVER_REGISTRY_CORE_POD_REST_SUBRESOURCES_H_
#define APISERVER_REGISTRY_CORE_POD_REST_SUBRESOURCES_H_

#include <cstdint>
#include <memory>

#include "apiserver/registry/core/node/kubelet_client.h"
#include "apiserver/registry/rest/rest.h"

namespace fairway::apiserver::registry::pod {

struct ProxyOptions {
  bool streaming_proxy_redirects = true;  // feature gates of these names
  bool validate_proxy_redirects = true;
  bool port_forward_websockets = true;
  int64_t max_bytes_per_sec = 0;  // of one connection; 0: no limit
};

// pods/portforward. `store` and `kubelet_conn` outlive it and its handlers.
std::unique_ptr<rest::Connecter> NewPortForwardREST(
    rest::Storage* store, node::ConnectionInfoGetter* kubelet_conn,
    ProxyOptions options);

}  // namespace fairway::apiserver::registry::pod

#endif  // APISERVER_REGISTRY_CORE_POD_REST_SUBRESOURCES_H_
