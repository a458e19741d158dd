// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/proxy/metrics/metrics.go (v0.37.0)
#ifndef APISERVER_PROXY_METRICS_H_
#define APISERVER_PROXY_METRICS_H_

#include "absl/strings/string_view.h"

namespace fairway::apiserver::proxy {

// apiserver_stream_tunnel_requests_total{code}: how a request for a tunnel was
// answered.
void IncStreamTunnelRequest(int code);

// Who speaks WebSocket with the client: the kubelet, or this API server.
inline constexpr absl::string_view kProxiedToKubelet = "proxied_to_kubelet";
inline constexpr absl::string_view kTranslatedAtApiserver =
    "translated_at_apiserver";

// apiserver_websocket_streaming_requests_total{subresource, proxy_type}. Only
// names of ours may be given.
void IncWebSocketStreamingRequest(absl::string_view subresource,
                                  absl::string_view proxy_type);

}  // namespace fairway::apiserver::proxy

#endif  // APISERVER_PROXY_METRICS_H_
