// SPDX-License-Identifier: Apache-2.0
// fairway-up: a cluster of one node until SIGTERM.
#include <fcntl.h>
#include <gflags/gflags.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/flags/daemon.h"
#include "base/task/asio_status.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "cluster/local_cluster.h"

DEFINE_string(data_dir, "",
              "folder for certificates, stores, logs and kubeconfig; made if "
              "it is not there");
DEFINE_string(runtime, "process", "what runs pods: process, docker or remote");
DEFINE_string(docker_endpoint, "",
              "the Docker Engine of --runtime=docker (unix:///path)");
DEFINE_string(container_runtime_endpoint, "",
              "the CRI socket of --runtime=remote (unix:///path)");
DEFINE_int32(secure_port, 6443,
             "the API server's port on loopback; 0 for any free one");
DEFINE_string(node_name, "", "the node's name; the host's name if empty");
DEFINE_string(port_forward_dial, "netns",
              "how a pod's port is reached: netns or socat");
DEFINE_bool(redirect_container_streaming, false,
            "the kubelet answers with a redirect to its /cri/ instead of "
            "relaying");
DEFINE_string(pod_infra_container_image, "",
              "the image that holds a pod's namespaces, for docker");
DEFINE_string(ready_file, "", "is made when a pod can be created");

namespace fairway {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(60);

cluster::Options OptionsFromFlags() {
  cluster::Options options;
  options.data_dir = FLAGS_data_dir;
  options.runtime = FLAGS_runtime;
  options.docker_endpoint = FLAGS_docker_endpoint;
  options.container_runtime_endpoint = FLAGS_container_runtime_endpoint;
  options.secure_port = static_cast<uint16_t>(FLAGS_secure_port);
  options.node_name = FLAGS_node_name;
  options.port_forward_dial = FLAGS_port_forward_dial;
  options.redirect_container_streaming = FLAGS_redirect_container_streaming;
  options.pod_infra_container_image = FLAGS_pod_infra_container_image;
  google::CommandLineFlagInfo verbosity;
  if (google::GetCommandLineFlagInfo("v", &verbosity)) {
    options.verbosity = std::atoi(verbosity.current_value.c_str());
  }
  return options;
}

absl::Status Touch(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return FromErrno(errno, "--ready-file: open " + path);
  close(fd);
  return absl::OkStatus();
}

Task<absl::Status> StartAndWait(cluster::LocalCluster& cluster) {
  absl::Status started = co_await cluster.Start(kStartTimeout);
  if (!started.ok()) co_return started;
  std::cout << cluster.Describe() << "ready; Ctrl-C stops it" << std::endl;
  if (!FLAGS_ready_file.empty()) {
    absl::Status touched = Touch(FLAGS_ready_file);
    if (!touched.ok()) co_return touched;
  }
  absl::Status ended = co_await cluster.Wait();
  co_return ended;
}

Task<absl::Status> Run() {
  Executor executor = co_await kThisExecutor;
  cluster::LocalCluster cluster(executor, OptionsFromFlags());
  absl::Status result;
  TaskGroup group(executor);
  group.SpawnOrCancelAll([&cluster, &result]() -> Task<absl::Status> {
    absl::Status ended = co_await StartAndWait(cluster);
    if (!absl::IsCancelled(ended)) result = ended;
    co_return ended.ok() ? absl::CancelledError("over") : ended;
  });
  group.SpawnOrCancelAll([]() -> Task<absl::Status> {
    const std::vector<int> signals = {SIGINT, SIGTERM};
    absl::StatusOr<int> signal = co_await WaitForSignal(signals);
    co_return signal.ok() ? absl::CancelledError("stopped by a signal")
                          : signal.status();
  });
  absl::Status joined = co_await group.Join();
  absl::Status stopped = co_await cluster.Stop();
  co_return result.ok() ? stopped : result;
}

absl::Status CheckFlags() {
  if (FLAGS_secure_port < 0 || FLAGS_secure_port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("--secure-port: ", FLAGS_secure_port, ": want 0..65535"));
  }
  return cluster::ValidateOptions(OptionsFromFlags());
}

}  // namespace
}  // namespace fairway

int main(int argc, char** argv) {
  fairway::InitDaemon(argc, argv,
                      "Starts a Kubernetes cluster of one node on loopback: "
                      "API server and kubelet as\nprocesses of their own, "
                      "certificates, a kubeconfig, a scheduler.");
  // `bazel run` starts elsewhere than the person who typed the paths.
  const char* typed_in = std::getenv("BUILD_WORKING_DIRECTORY");
  if (typed_in != nullptr && chdir(typed_in) != 0) {
    std::cerr << "Error: chdir " << typed_in << "\n";
    return 1;
  }
  absl::Status checked = fairway::CheckFlags();
  if (!checked.ok()) return fairway::ExitStatus(checked);
  return fairway::ExitStatus(fairway::RunLoop([]() { return fairway::Run(); }));
}
