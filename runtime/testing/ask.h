// SPDX-License-Identifier: Apache-2.0
// One forwarded connection, for tests of what implements streaming::Runtime.
#ifndef RUNTIME_TESTING_ASK_H_
#define RUNTIME_TESTING_ASK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "kubelet/cri/streaming/runtime.h"

namespace fairway::runtime {

// What the pod's port answers to `sent` and FIN. `runtime` must outlive the
// Task. Errors: of PortForward().
Task<absl::StatusOr<std::string>> Ask(kubelet::cri::streaming::Runtime& runtime,
                                      std::string pod_sandbox_id, int32_t port,
                                      std::string sent);

}  // namespace fairway::runtime

#endif  // RUNTIME_TESTING_ASK_H_
