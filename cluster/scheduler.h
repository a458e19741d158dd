// SPDX-License-Identifier: Apache-2.0
// Binds pods that name no node to a ready one.
#ifndef CLUSTER_SCHEDULER_H_
#define CLUSTER_SCHEDULER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/object.h"
#include "base/task/task.h"
#include "client/rest/rest_client.h"

namespace fairway::cluster {

// Threads: on one executor.
// Cancel:  Run() ends with kCancelled.
class Scheduler {
 public:
  // `client` must outlive it.
  explicit Scheduler(rest::RESTClient& client) : client_(client) {}

  // Watches the pods and binds, until cancelled. The API server's failures are
  // logged and tried again after a second.
  Task<absl::Status> Run();

 private:
  Task<absl::Status> ListAndWatch();
  Task<absl::Status> Bind(const api::Pod& pod);
  Task<absl::StatusOr<std::string>> ReadyNode();

  rest::RESTClient& client_;
};

// Whether a scheduler has something to do for `pod`.
bool NeedsNode(const api::Pod& pod);

}  // namespace fairway::cluster

#endif  // CLUSTER_SCHEDULER_H_
