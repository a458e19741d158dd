// SPDX-License-Identifier: Apache-2.0
#include "runtime/streaming_host.h"

#include <utility>

#include "absl/time/time.h"

namespace fairway::runtime {

namespace streaming = kubelet::cri::streaming;

namespace {

// How long open streams may go on.
constexpr absl::Duration kDrainGrace = absl::Seconds(5);

}  // namespace

absl::StatusOr<std::unique_ptr<StreamingHost>> StreamingHost::New(
    Executor executor, const StreamingOptions& options,
    streaming::Runtime& runtime) {
  absl::StatusOr<std::unique_ptr<streaming::Server>> server =
      streaming::NewServer(executor, options, runtime);
  if (!server.ok()) return server.status();
  return std::unique_ptr<StreamingHost>(new StreamingHost(
      executor, /*listens=*/options.base_url.empty(), *std::move(server)));
}

absl::Status StreamingHost::Start() {
  if (!listens_) return absl::OkStatus();
  absl::Status listening = server_->Listen();
  if (!listening.ok()) return listening;
  serving_.Spawn([this]() -> Task<absl::Status> { return server_->Start(); });
  return absl::OkStatus();
}

Task<absl::Status> StreamingHost::Stop() {
  absl::Status stopped = co_await server_->Stop(kDrainGrace);
  serving_.Cancel();
  co_await serving_.Join();
  co_return stopped;
}

}  // namespace fairway::runtime
