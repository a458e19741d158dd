// SPDX-License-Identifier: Apache-2.0
// The flags of every daemon that has a streaming server: linking this library
// defines them.
//
//   --streaming-ping-timeout       how long a silent peer is waited for
//   --streaming-buffer-bytes       what may lie unread of one stream
//   --streaming-max-window-bytes   how far a stream's window may grow
#ifndef KUBELET_CRI_STREAMING_SESSION_FLAGS_H_
#define KUBELET_CRI_STREAMING_SESSION_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "kubelet/cri/streaming/config.h"

namespace fairway::kubelet::cri::streaming {

// What the flags say. `name` is the daemon's, for the log and metrics.
// Errors: kInvalidArgument, naming the flag and its bounds.
absl::StatusOr<SessionOptions> SessionOptionsFromFlags(std::string name);

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_SESSION_FLAGS_H_
