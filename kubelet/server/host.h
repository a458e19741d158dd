// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/server/server.go (v1.20.2): HostInterface
#ifndef KUBELET_SERVER_HOST_H_
#define KUBELET_SERVER_HOST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "api/object.h"
#include "base/task/task.h"
#include "net/http/url.h"

namespace fairway::kubelet::server {

// What the server asks of its kubelet.
//
// Threads:  one executor.
class HostInterface {
 public:
  virtual ~HostInterface() = default;
  virtual std::vector<api::Pod> GetPods() = 0;
  // Null if there is none; valid until the next wait.
  virtual const api::Pod* GetPodByName(absl::string_view namespace_,
                                       absl::string_view name) = 0;
  // Where port-forward streams to the pod can be opened; a relative URL is one
  // of this very server.
  // Errors: of CRI; kUnknown "pod not found (...)".
  virtual Task<absl::StatusOr<net::http::Url>> GetPortForward(
      std::string name, std::string namespace_, std::string uid,
      std::vector<int32_t> ports) = 0;
  // OK once the kubelet does its work.
  virtual absl::Status Ready() = 0;
};

}  // namespace fairway::kubelet::server

#endif  // KUBELET_SERVER_HOST_H_
