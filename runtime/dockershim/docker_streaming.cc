// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_streaming.go (v1.20.2)
#include "runtime/dockershim/docker_streaming.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::runtime::dockershim {

Task<absl::Status> StreamingRuntime::PortForward(std::string pod_sandbox_id,
                                                 int32_t port,
                                                 net::ByteStream& stream) {
  if (port < 0 || port > std::numeric_limits<uint16_t>::max()) {
    co_return absl::InvalidArgumentError(absl::StrCat("invalid port ", port));
  }
  absl::Status forwarded =
      co_await ForwardTo(std::move(pod_sandbox_id), port, stream);
  co_return forwarded;
}

}  // namespace fairway::runtime::dockershim
