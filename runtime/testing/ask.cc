// SPDX-License-Identifier: Apache-2.0
#include "runtime/testing/ask.h"

#include "base/task/task_group.h"
#include "net/io/pipe.h"
#include "net/io/testing/transport.h"

namespace fairway::runtime {

Task<absl::StatusOr<std::string>> Ask(kubelet::cri::streaming::Runtime& runtime,
                                      std::string pod_sandbox_id, int32_t port,
                                      std::string sent) {
  Executor executor = co_await kThisExecutor;
  auto ends = net::MakePipe(executor);
  TaskGroup tasks(executor);
  absl::Status result;
  tasks.Spawn([&]() -> Task<absl::Status> {
    result = co_await runtime.PortForward(pod_sandbox_id, port, *ends.second);
    if (!result.ok()) ends.second->Abort();
    co_return absl::OkStatus();
  });
  absl::Status written = co_await net::WriteAll(*ends.first, sent);
  if (written.ok()) co_await ends.first->CloseWrite();
  absl::StatusOr<std::string> answer = co_await net::ReadAll(*ends.first);
  co_await tasks.Join();
  if (!result.ok()) co_return result;
  co_return answer;
}

}  // namespace fairway::runtime
