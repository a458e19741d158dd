// SPDX-License-Identifier: Apache-2.0
#include "runtime/streaming_host.h"

#include <utility>

namespace fairway::runtime {

namespace streaming = kubelet::cri::streaming;

absl::StatusOr<std::unique_ptr<StreamingHost>> StreamingHost::New(
    Executor executor, const StreamingOptions& options,
    streaming::Runtime& runtime) {
  streaming::Config config;
  config.address = options.bind_addr;
  config.base_url = options.base_url;
  config.stream_idle_timeout = options.stream_idle_timeout;
  config.stream_creation_timeout = options.stream_creation_timeout;
  absl::StatusOr<std::unique_ptr<streaming::Server>> server =
      streaming::NewServer(executor, std::move(config), runtime);
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
  if (!listens_) co_return absl::OkStatus();
  absl::Status stopped = co_await server_->Stop();
  serving_.Cancel();
  co_await serving_.Join();
  co_return stopped;
}

}  // namespace fairway::runtime
