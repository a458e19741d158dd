// SPDX-License-Identifier: Apache-2.0
// Mirrors: cmd/kubelet/app/server.go, pkg/kubelet/kubelet_dockershim.go
// (v1.20.2): runDockershim
#include "kubelet/runtime_host.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status/co_status.h"
#include "base/task/task_group.h"
#include "kubelet/cri/streaming/server.h"
#include "net/grpc/grpc.h"
#include "net/socket/socket.h"
#include "runtime/cri/cri_server.h"
#include "runtime/dockershim/docker_service.h"
#include "runtime/embedded.h"
#include "runtime/process/process_runtime.h"

namespace fairway::kubelet {
namespace {

// sockaddr_un's sun_path, without the NUL.
constexpr size_t kMaxSocketPathBytes = 107;
// Calls under way at the end are the kubelet's own, which has ended.
constexpr absl::Duration kDrainGrace = absl::Seconds(1);

std::string SocketPath(const RuntimeHostOptions& options) {
  return absl::StrCat(options.root_dir, "/cri.sock");
}

class RemoteHost : public RuntimeHost {
 public:
  explicit RemoteHost(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  Task<absl::Status> Start() override { co_return absl::OkStatus(); }
  void Drain() override {}
  Task<absl::Status> Stop() override { co_return absl::OkStatus(); }
  std::string endpoint() const override { return endpoint_; }
  net::http::Handler cri_handler() override { return nullptr; }
  net::http::Handler HandlerOf(const net::http::Url&) override {
    return nullptr;
  }

 private:
  const std::string endpoint_;
};

class EmbeddedHost : public RuntimeHost {
 public:
  EmbeddedHost(Executor executor, const RuntimeHostOptions& options,
               std::unique_ptr<runtime::EmbeddedRuntime> runtime)
      : executor_(executor),
        socket_path_(SocketPath(options)),
        mounts_streams_(options.redirect_container_streaming),
        runtime_(std::move(runtime)),
        grpc_(net::grpc::NewServer(executor)),
        serving_(executor) {
    runtime::cri::RegisterRuntimeService(*grpc_, runtime_->runtime_service());
    runtime::cri::RegisterImageService(*grpc_, runtime_->image_service());
  }

  Task<absl::Status> Start() override {
    absl::StatusOr<std::unique_ptr<net::Listener>> listener =
        net::ListenUnix(executor_, socket_path_);
    if (!listener.ok()) co_return listener.status();
    absl::Status started = co_await runtime_->Start();
    FAIRWAY_CO_RETURN_IF_ERROR(started);
    listener_ = *std::move(listener);
    serving_.Spawn([this] { return grpc_->Serve(std::move(listener_)); });
    co_return absl::OkStatus();
  }

  void Drain() override { runtime_->streaming_server().Drain(); }

  Task<absl::Status> Stop() override {
    absl::Status drained = co_await grpc_->Shutdown(kDrainGrace);
    serving_.Cancel();
    absl::Status served = co_await serving_.Join();
    absl::Status stopped = co_await runtime_->Stop();
    if (!stopped.ok()) co_return stopped;
    if (!served.ok() && !absl::IsCancelled(served)) co_return served;
    co_return drained;
  }

  std::string endpoint() const override {
    return absl::StrCat("unix://", socket_path_);
  }

  net::http::Handler cri_handler() override {
    if (!mounts_streams_) return nullptr;
    return runtime_->streaming_server().handler();
  }

  net::http::Handler HandlerOf(const net::http::Url& url) override {
    cri::streaming::Server& server = runtime_->streaming_server();
    return server.Serves(url) ? server.handler() : nullptr;
  }

 private:
  const Executor executor_;
  const std::string socket_path_;
  const bool mounts_streams_;
  std::unique_ptr<runtime::EmbeddedRuntime> runtime_;
  std::unique_ptr<net::grpc::Server> grpc_;
  std::unique_ptr<net::Listener> listener_;
  TaskGroup serving_;
};

runtime::StreamingOptions Streaming(const RuntimeHostOptions& options) {
  runtime::StreamingOptions streaming;
  if (options.redirect_container_streaming) streaming.base_url = "/cri/";
  streaming.stream_idle_timeout = options.stream_idle_timeout;
  streaming.session = options.session;
  return streaming;
}

}  // namespace

absl::Status ValidateRuntimeHostOptions(const RuntimeHostOptions& options) {
  if (options.runtime != "docker" && options.runtime != "process" &&
      options.runtime != "remote") {
    return absl::InvalidArgumentError(
        absl::StrCat("unsupported CRI runtime: \"", options.runtime,
                     "\" (--container-runtime: want docker, process or "
                     "remote)"));
  }
  if (options.port_forward_dial != "netns" &&
      options.port_forward_dial != "socat") {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid argument \"", options.port_forward_dial,
                     "\" for \"--port-forward-dial\" flag: want netns or "
                     "socat"));
  }
  if (options.runtime == "remote") {
    if (options.remote_endpoint.empty()) {
      return absl::InvalidArgumentError(
          "--container-runtime=remote needs --container-runtime-endpoint");
    }
    return absl::OkStatus();
  }
  if (SocketPath(options).size() > kMaxSocketPathBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--root-dir ", options.root_dir, ": too long for the Unix socket ",
        SocketPath(options), " (", SocketPath(options).size(),
        " bytes, at most ", kMaxSocketPathBytes, ")"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RuntimeHost>> NewRuntimeHost(
    Executor executor, const RuntimeHostOptions& options) {
  if (options.runtime == "remote") {
    return std::unique_ptr<RuntimeHost>(
        std::make_unique<RemoteHost>(options.remote_endpoint));
  }
  const runtime::PortForwardDial dial = options.port_forward_dial == "socat"
                                            ? runtime::PortForwardDial::kSocat
                                            : runtime::PortForwardDial::kNetns;
  absl::StatusOr<std::unique_ptr<runtime::EmbeddedRuntime>> embedded;
  if (options.runtime == "process") {
    runtime::process::ProcessRuntimeOptions process;
    process.root_directory = absl::StrCat(options.root_dir, "/process");
    process.port_forward_dial = dial;
    process.host_ip = options.host_ip;
    process.streaming = Streaming(options);
    embedded =
        runtime::process::NewProcessRuntime(executor, std::move(process));
  } else {
    runtime::dockershim::DockerServiceOptions docker;
    docker.docker_endpoint = options.docker_endpoint;
    docker.pod_infra_container_image = options.pod_infra_container_image;
    docker.port_forward_dial = dial;
    docker.streaming = Streaming(options);
    embedded =
        runtime::dockershim::NewDockerService(executor, std::move(docker));
  }
  if (!embedded.ok()) return embedded.status();
  return std::unique_ptr<RuntimeHost>(
      std::make_unique<EmbeddedHost>(executor, options, *std::move(embedded)));
}

}  // namespace fairway::kubelet
