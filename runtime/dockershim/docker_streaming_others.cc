// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_streaming_others.go (v1.20.2)
// Differs: by default without a process a connection, and without asking the
// engine again while the infra process that it named lives.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"
#include "runtime/dockershim/docker_streaming.h"
#include "runtime/netns/port_forward.h"

namespace fairway::runtime::dockershim {

class StreamingRuntime::Entered {
 public:
  // Takes over `pidfd`.
  Entered(int pidfd, std::unique_ptr<netns::PodNetns> netns)
      : pidfd_(pidfd), netns_(std::move(netns)) {}
  ~Entered() { close(pidfd_); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

  // Whether the infra process lives. Never waits.
  bool alive() const {
    pollfd exited{.fd = pidfd_, .events = POLLIN, .revents = 0};
    return poll(&exited, 1, 0) == 0;
  }
  netns::PodNetns& netns() { return *netns_; }

 private:
  const int pidfd_;
  const std::unique_ptr<netns::PodNetns> netns_;
};

Task<absl::StatusOr<pid_t>> StreamingRuntime::RunningPid(
    std::string pod_sandbox_id) {
  absl::StatusOr<libdocker::ContainerJson> container =
      co_await client_.InspectContainer(std::move(pod_sandbox_id));
  if (!container.ok()) co_return container.status();
  if (!container->state.running) {
    co_return absl::FailedPreconditionError(
        absl::StrCat("container not running (", container->id, ")"));
  }
  co_return container->state.pid;
}

Task<absl::StatusOr<std::shared_ptr<StreamingRuntime::Entered>>>
StreamingRuntime::Enter(std::string pod_sandbox_id) {
  auto known = entered_.find(pod_sandbox_id);
  if (known != entered_.end() && known->second->alive()) {
    co_return known->second;
  }
  std::erase_if(entered_,
                [](const auto& entry) { return !entry.second->alive(); });
  absl::StatusOr<pid_t> pid = co_await RunningPid(pod_sandbox_id);
  if (!pid.ok()) co_return pid.status();
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, *pid, 0));
  if (pidfd < 0) co_return FromErrno(errno, "pidfd_open");
  absl::StatusOr<std::unique_ptr<netns::PodNetns>> netns =
      co_await netns::PodNetns::Join(*pid);
  if (!netns.ok()) {
    close(pidfd);
    co_return netns.status();
  }
  auto entered = std::make_shared<Entered>(pidfd, *std::move(netns));
  // One that ended between the engine's answer and pidfd_open may have left
  // its number to another; the namespace would then be a stranger's.
  absl::StatusOr<pid_t> again = co_await RunningPid(pod_sandbox_id);
  if (!again.ok()) co_return again.status();
  if (*again != *pid || !entered->alive()) {
    co_return absl::FailedPreconditionError(
        absl::StrCat("container not running (", pod_sandbox_id, ")"));
  }
  entered_[pod_sandbox_id] = entered;
  co_return entered;
}

Task<absl::Status> StreamingRuntime::ForwardTo(std::string pod_sandbox_id,
                                               uint16_t port,
                                               net::ByteStream& stream) {
  if (dial_ == PortForwardDial::kSocat) {
    absl::StatusOr<pid_t> container_pid =
        co_await RunningPid(std::move(pod_sandbox_id));
    if (!container_pid.ok()) co_return container_pid.status();
    absl::Status forwarded =
        co_await netns::ForwardBySocat(*container_pid, port, stream);
    co_return forwarded;
  }
  absl::StatusOr<std::shared_ptr<Entered>> entered =
      co_await Enter(pod_sandbox_id);
  if (!entered.ok()) co_return entered.status();
  std::shared_ptr<Entered> pod = *std::move(entered);
  absl::Status forwarded = co_await netns::ForwardByNetns(
      pod->netns(), std::move(pod_sandbox_id), port, stream);
  co_return forwarded;
}

void StreamingRuntime::Forget(const std::string& pod_sandbox_id) {
  entered_.erase(pod_sandbox_id);
}

}  // namespace fairway::runtime::dockershim
