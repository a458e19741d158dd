// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/portforward/options.h"

#include <utility>

#include "kubelet/cri/streaming/portforward/port_query.h"
#include "net/websocket/handshake.h"

namespace fairway::kubelet::cri::streaming::portforward {

absl::StatusOr<V4Options> NewV4Options(
    const net::http::ServerRequest& request) {
  if (!net::websocket::IsWebSocketRequest(request.headers)) return V4Options();
  absl::StatusOr<std::vector<int32_t>> ports =
      ParsePortQuery(request.url.raw_query);
  if (!ports.ok()) return ports.status();
  return BuildV4Options(*std::move(ports));
}

}  // namespace fairway::kubelet::cri::streaming::portforward
