// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/proxy/metrics/metrics.go (v0.37.0)
#include "apiserver/proxy/metrics.h"

#include <string>

#include "base/metrics/metrics.h"

namespace fairway::apiserver::proxy {

void IncStreamTunnelRequest(int code) {
  static Counter* const requests = new Counter(
      "apiserver_stream_tunnel_requests_total",
      "Total number of requests that were handled by the StreamTunnelProxy, "
      "which processes streaming PortForward/V2");
  requests->Increment({{"code", std::to_string(code)}});
}

void IncWebSocketStreamingRequest(absl::string_view subresource,
                                  absl::string_view proxy_type) {
  static Counter* const requests = new Counter(
      "apiserver_websocket_streaming_requests_total",
      "Total number of WebSocket streaming requests "
      "(exec/attach/portforward) routed by the API server, labeled by "
      "subresource and proxy_type. proxy_type is proxied_to_kubelet when the "
      "kubelet handles the request directly; otherwise "
      "translated_at_apiserver.");
  requests->Increment({{"subresource", std::string(subresource)},
                       {"proxy_type", std::string(proxy_type)}});
}

}  // namespace fairway::apiserver::proxy
