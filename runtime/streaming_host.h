// SPDX-License-Identifier: Apache-2.0
// The streaming server of a runtime, mounted by its holder or listening itself,
// as StreamingOptions say.
#ifndef RUNTIME_STREAMING_HOST_H_
#define RUNTIME_STREAMING_HOST_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "kubelet/cri/streaming/runtime.h"
#include "kubelet/cri/streaming/server.h"
#include "runtime/embedded.h"

namespace fairway::runtime {

// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies, if it was started.
class StreamingHost {
 public:
  // `runtime` must outlive it. Errors: kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<StreamingHost>> New(
      Executor executor, const StreamingOptions& options,
      kubelet::cri::streaming::Runtime& runtime);

  kubelet::cri::streaming::Server& server() { return *server_; }

  // Listens, unless the holder serves. Errors: of listening.
  absl::Status Start();
  // Lets open streams end, for five seconds at most.
  Task<absl::Status> Stop();

 private:
  StreamingHost(Executor executor, bool listens,
                std::unique_ptr<kubelet::cri::streaming::Server> server)
      : listens_(listens), server_(std::move(server)), serving_(executor) {}

  const bool listens_;
  std::unique_ptr<kubelet::cri::streaming::Server> server_;
  TaskGroup serving_;
};

}  // namespace fairway::runtime

#endif  // RUNTIME_STREAMING_HOST_H_
