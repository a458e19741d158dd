// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_service.go (v1.20.2)
#include "runtime/dockershim/docker_service.h"

#include <utility>

#include "runtime/dockershim/docker_image.h"
#include "runtime/dockershim/docker_runtime_service.h"
#include "runtime/dockershim/docker_streaming.h"
#include "runtime/dockershim/libdocker/client.h"
#include "runtime/streaming_host.h"

namespace fairway::runtime::dockershim {
namespace {

class DockerService : public EmbeddedRuntime {
 public:
  DockerService(std::unique_ptr<libdocker::Client> client,
                const DockerServiceOptions& options)
      : client_(std::move(client)),
        streaming_runtime_(*client_, options.port_forward_dial),
        runtime_(
            *client_, streaming_runtime_,
            {.pod_infra_container_image = options.pod_infra_container_image,
             .pod_network = options.pod_network}),
        images_(*client_) {}

  absl::Status Init(Executor executor, const StreamingOptions& streaming) {
    absl::StatusOr<std::unique_ptr<StreamingHost>> host =
        StreamingHost::New(executor, streaming, streaming_runtime_);
    if (!host.ok()) return host.status();
    streaming_ = *std::move(host);
    runtime_.set_streaming_server(&streaming_->server());
    return absl::OkStatus();
  }

  kubelet::cri::RuntimeService& runtime_service() override { return runtime_; }
  kubelet::cri::ImageManagerService& image_service() override {
    return images_;
  }
  kubelet::cri::streaming::Server& streaming_server() override {
    return streaming_->server();
  }

  Task<absl::Status> Start() override {
    absl::Status started = co_await runtime_.Start();
    if (!started.ok()) co_return started;
    co_return streaming_->Start();
  }

  // The pods are the engine's, and live on.
  Task<absl::Status> Stop() override {
    absl::Status stopped = co_await streaming_->Stop();
    co_return stopped;
  }

 private:
  std::unique_ptr<libdocker::Client> client_;
  StreamingRuntime streaming_runtime_;
  DockerRuntimeService runtime_;
  DockerImageService images_;
  std::unique_ptr<StreamingHost> streaming_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> NewDockerService(
    Executor executor, DockerServiceOptions options) {
  absl::StatusOr<std::unique_ptr<libdocker::Client>> client =
      libdocker::ConnectToDocker(executor, options.docker_endpoint);
  if (!client.ok()) return client.status();
  auto service = std::make_unique<DockerService>(*std::move(client), options);
  absl::Status initialized = service->Init(executor, options.streaming);
  if (!initialized.ok()) return initialized;
  return std::unique_ptr<EmbeddedRuntime>(std::move(service));
}

}  // namespace fairway::runtime::dockershim
