// SPDX-License-Identifier: Apache-2.0
// The dockershim daemon: CRI on a Unix socket, over the Docker Engine API.
#include <gflags/gflags.h>
#include <glog/logging.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/flags/daemon.h"
#include "base/status/co_status.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/cri/streaming/server.h"
#include "kubelet/cri/streaming/session_flags.h"
#include "net/grpc/grpc.h"
#include "net/socket/socket.h"
#include "runtime/cri/cri_server.h"
#include "runtime/dockershim/docker_service.h"
#include "runtime/dockershim/health_server.h"

DEFINE_string(docker_endpoint, "unix:///var/run/docker.sock",
              "Use this for the docker endpoint to communicate with.");
DEFINE_string(listen, "unix:///var/run/dockershim.sock",
              "The Unix socket on which CRI is served.");
DEFINE_string(port_forward_dial, "netns",
              "How a pod's port is reached: \"netns\" makes a socket in the "
              "pod's network namespace, \"socat\" runs nsenter and socat for "
              "each connection.");
DEFINE_string(pod_infra_container_image, "k8s.gcr.io/pause:3.2",
              "The image whose network and IPC namespaces containers in each "
              "pod use.");
DEFINE_string(pod_network, "",
              "Docker's network for pods that do not use the node's: "
              "\"default\" or \"none\". Empty: \"default\" if Docker has its "
              "bridge, else \"none\".");
DEFINE_string(streaming_bind_addr, "127.0.0.1:0",
              "The address on which the streaming server listens.");
DEFINE_string(healthz_bind_addr, "",
              "The address of /healthz, /readyz and /metrics. Empty: none.");
DEFINE_string(streaming_connection_idle_timeout, "4h0m0s",
              "How long a streaming connection may be idle before it is "
              "closed.");

namespace fairway::runtime::dockershim {
namespace {

// How long calls may go on after SIGTERM.
constexpr absl::Duration kGrace = absl::Seconds(5);

absl::StatusOr<DockerServiceOptions> OptionsFromFlags() {
  DockerServiceOptions options;
  options.docker_endpoint = FLAGS_docker_endpoint;
  options.pod_infra_container_image = FLAGS_pod_infra_container_image;
  options.pod_network = FLAGS_pod_network;
  options.streaming.address = FLAGS_streaming_bind_addr;
  if (FLAGS_port_forward_dial == "socat") {
    options.port_forward_dial = PortForwardDial::kSocat;
  } else if (FLAGS_port_forward_dial != "netns") {
    return absl::InvalidArgumentError(absl::StrCat("--port-forward-dial \"",
                                                   FLAGS_port_forward_dial,
                                                   "\": want netns or socat"));
  }
  FAIRWAY_RETURN_IF_ERROR(ParseDurationFlag(
      "streaming-connection-idle-timeout",
      FLAGS_streaming_connection_idle_timeout, absl::ZeroDuration(),
      &options.streaming.stream_idle_timeout));
  absl::StatusOr<kubelet::cri::streaming::SessionOptions> session =
      kubelet::cri::streaming::SessionOptionsFromFlags("dockershim");
  if (!session.ok()) return session.status();
  options.streaming.session = *std::move(session);
  return options;
}

// Serves until a signal.
Task<absl::Status> Serve(DockerServiceOptions options) {
  Executor executor = co_await kThisExecutor;
  std::string path(absl::StripPrefix(FLAGS_listen, "unix://"));
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      net::ListenUnix(executor, std::move(path));
  if (!listener.ok()) {
    co_return absl::Status(
        listener.status().code(),
        absl::StrCat("--listen: ", listener.status().message()));
  }
  absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> runtime =
      NewDockerService(executor, std::move(options));
  if (!runtime.ok()) co_return runtime.status();
  absl::Status started = co_await (*runtime)->Start();
  FAIRWAY_CO_RETURN_IF_ERROR(started);
  std::unique_ptr<net::grpc::Server> server = net::grpc::NewServer(executor);
  cri::RegisterRuntimeService(*server, (*runtime)->runtime_service());
  cri::RegisterImageService(*server, (*runtime)->image_service());
  HealthServer health(executor);
  absl::Status healthy = health.Start(FLAGS_healthz_bind_addr);
  FAIRWAY_CO_RETURN_IF_ERROR(healthy);
  TaskGroup serving(executor);
  serving.Spawn([&]() -> Task<absl::Status> {
    return server->Serve(*std::move(listener));
  });
  LOG(INFO) << "Serving CRI on " << FLAGS_listen;
  std::vector<int> signals = {SIGINT, SIGTERM};
  absl::StatusOr<int> signal = co_await WaitForSignal(std::move(signals));
  LOG_IF(INFO, signal.ok()) << "Ending on signal " << *signal;
  (*runtime)->streaming_server().Drain();
  absl::Status shut = co_await server->Shutdown(kGrace);
  absl::Status stopped = co_await (*runtime)->Stop();
  absl::Status unhealthy = co_await health.Stop();
  shut.Update(stopped);
  shut.Update(unhealthy);
  co_await serving.Join();
  co_return shut;
}

absl::Status Main() {
  absl::StatusOr<DockerServiceOptions> options = OptionsFromFlags();
  if (!options.ok()) return options.status();
  return RunLoop(
      [&]() -> Task<absl::Status> { return Serve(*std::move(options)); });
}

}  // namespace
}  // namespace fairway::runtime::dockershim

int main(int argc, char** argv) {
  fairway::InitDaemon(argc, argv,
                      "The dockershim serves CRI, the interface between "
                      "kubelet and container runtime, over Docker.");
  return fairway::ExitStatus(fairway::runtime::dockershim::Main());
}
