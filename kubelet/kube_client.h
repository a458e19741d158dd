// SPDX-License-Identifier: Apache-2.0
// What the kubelet asks of the API server.
#ifndef KUBELET_KUBE_CLIENT_H_
#define KUBELET_KUBE_CLIENT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/object.h"
#include "base/task/task.h"

namespace fairway::kubelet {

// Errors are the API's own (api/errors.h: kNotFound, kAborted for a conflict,
// kOutOfRange for 410) and those of the way to it (kUnavailable).
//
// Threads:  one executor.
// Lifetime: must outlive its calls.
// Cancel:   honoured by every call.
class KubeClient {
 public:
  virtual ~KubeClient() = default;

  // The pods whose spec.nodeName is `node_name`.
  virtual Task<absl::StatusOr<api::PodList>> ListPods(
      std::string node_name) = 0;

  // Calls `on_event` for each event of these pods after `resource_version`,
  // until the server ends the watch (OK), `on_event` fails, or the connection
  // does.
  virtual Task<absl::Status> WatchPods(
      std::string node_name, std::string resource_version,
      std::function<absl::Status(api::WatchEvent)> on_event) = 0;

  // Errors: kNotFound also when the pod of that name has another UID.
  virtual Task<absl::StatusOr<api::Pod>> GetPod(std::string namespace_,
                                                std::string name,
                                                std::string uid) = 0;

  // Replaces the status of that very pod by `pod`'s.
  // Errors: kNotFound also when the pod of that name has another UID.
  virtual Task<absl::Status> UpdatePodStatus(api::Pod pod) = 0;

  // Removes that very pod for good (gracePeriodSeconds 0).
  // Errors: kNotFound; kAborted when the pod of that name has another UID.
  virtual Task<absl::Status> DeletePod(std::string namespace_, std::string name,
                                       std::string uid) = 0;

  // `node_json` is a whole Node. Errors: kAlreadyExists.
  virtual Task<absl::Status> CreateNode(std::string node_json) = 0;

  // The Node document, as the server has it. Errors: kNotFound.
  virtual Task<absl::StatusOr<std::string>> GetNode(std::string name) = 0;

  // Errors: kAborted when somebody wrote the node since it was read.
  virtual Task<absl::Status> UpdateNodeStatus(std::string name,
                                              std::string node_json) = 0;
};

}  // namespace fairway::kubelet

#endif  // KUBELET_KUBE_CLIENT_H_
