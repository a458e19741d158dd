// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/portforward/websocket.go (v1.20.2):
// V4Options
#ifndef KUBELET_CRI_STREAMING_PORTFORWARD_OPTIONS_H_
#define KUBELET_CRI_STREAMING_PORTFORWARD_OPTIONS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "net/http/handler.h"

namespace fairway::kubelet::cri::streaming::portforward {

// The ports that a WebSocket request names; a SPDY request names one with each
// of its streams instead.
struct V4Options {
  std::vector<int32_t> ports;
};

// Of the query's `port` values: "?port=80,443&port=8080". Empty for a request
// that is no WebSocket's.
// Errors: kInvalidArgument, in upstream's words, for a WebSocket request
// without a port or with one that is none.
absl::StatusOr<V4Options> NewV4Options(const net::http::ServerRequest& request);

inline V4Options BuildV4Options(std::vector<int32_t> ports) {
  return V4Options{std::move(ports)};
}

}  // namespace fairway::kubelet::cri::streaming::portforward

#endif  // KUBELET_CRI_STREAMING_PORTFORWARD_OPTIONS_H_
