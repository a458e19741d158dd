// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/process_runtime.h"

#include <utility>

#include "runtime/process/images.h"
#include "runtime/process/process_service.h"
#include "runtime/streaming_host.h"

namespace fairway::runtime::process {
namespace {

// What containers have to end in when the process is asked to.
constexpr absl::Duration kStopGrace = absl::Seconds(2);

class ProcessRuntime : public EmbeddedRuntime {
 public:
  ProcessRuntime(Executor executor, ProcessService::Options options)
      : service_(executor, std::move(options)) {}

  absl::Status Init(Executor executor, const StreamingOptions& streaming) {
    absl::StatusOr<std::unique_ptr<StreamingHost>> host =
        StreamingHost::New(executor, streaming, service_);
    if (!host.ok()) return host.status();
    streaming_ = *std::move(host);
    service_.set_streaming_server(&streaming_->server());
    return absl::OkStatus();
  }

  kubelet::cri::RuntimeService& runtime_service() override { return service_; }
  kubelet::cri::ImageManagerService& image_service() override {
    return images_;
  }
  kubelet::cri::streaming::Server& streaming_server() override {
    return streaming_->server();
  }

  Task<absl::Status> Start() override {
    absl::Status started = co_await service_.Start();
    if (!started.ok()) co_return started;
    co_return streaming_->Start();
  }

  Task<absl::Status> Stop() override {
    absl::Status stopped = co_await streaming_->Stop();
    absl::Status ended = co_await service_.Stop(kStopGrace);
    stopped.Update(ended);
    co_return stopped;
  }

 private:
  ProcessService service_;
  Images images_;
  std::unique_ptr<StreamingHost> streaming_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> NewProcessRuntime(
    Executor executor, ProcessRuntimeOptions options) {
  auto runtime = std::make_unique<ProcessRuntime>(
      executor, ProcessService::Options{
                    .root_directory = std::move(options.root_directory),
                    .port_forward_dial = options.port_forward_dial,
                    .host_ip = std::move(options.host_ip)});
  absl::Status initialized = runtime->Init(executor, options.streaming);
  if (!initialized.ok()) return initialized;
  return std::unique_ptr<EmbeddedRuntime>(std::move(runtime));
}

}  // namespace fairway::runtime::process
