// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/portforward/websocket.go (v1.20.2)
// Ports as text. No I/O.
#ifndef KUBELET_CRI_STREAMING_PORTFORWARD_PORT_QUERY_H_
#define KUBELET_CRI_STREAMING_PORTFORWARD_PORT_QUERY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::kubelet::cri::streaming::portforward {

// "80" as Go's strconv.ParseUint(text, 10, 16) has it.
// Errors: kInvalidArgument: `strconv.ParseUint: parsing "x": invalid syntax`,
// or "value out of range".
absl::StatusOr<uint16_t> ParsePort(absl::string_view text);

// The ports of a query's `port` values, at least one:
// "port=80,443&port=8080".
// Errors: kInvalidArgument, in upstream's words.
absl::StatusOr<std::vector<int32_t>> ParsePortQuery(
    absl::string_view raw_query);

}  // namespace fairway::kubelet::cri::streaming::portforward

#endif  // KUBELET_CRI_STREAMING_PORTFORWARD_PORT_QUERY_H_
