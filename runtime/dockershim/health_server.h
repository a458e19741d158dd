// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_DOCKERSHIM_HEALTH_SERVER_H_
#define RUNTIME_DOCKERSHIM_HEALTH_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/http/server.h"

namespace fairway::runtime::dockershim {

// Serves /healthz, /readyz and /metrics.
//
// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies.
class HealthServer {
 public:
  explicit HealthServer(Executor executor);

  // `address` is IP:port; empty: serves nothing. Errors: of listening.
  absl::Status Start(const std::string& address);
  Task<absl::Status> Stop();

 private:
  const Executor executor_;
  std::unique_ptr<net::http::Server> server_;
  TaskGroup serving_;
};

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_HEALTH_SERVER_H_
