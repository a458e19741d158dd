// SPDX-License-Identifier: Apache-2.0
#include "cluster/local_cluster.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "api/object.h"
#include "base/process/find_program.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"
#include "base/task/deadline.h"
#include "client/rest/kubeconfig.h"
#include "cluster/certificates.h"

namespace fairway::cluster {
namespace {

// The longest socket below the data folder, as the kubelet makes it.
constexpr absl::string_view kLongestSocket = "/kubelet/cri.sock";
constexpr size_t kMaxSocketPath = 107;
constexpr absl::Duration kStopGrace = absl::Seconds(10);
constexpr size_t kLastWordsBytes = 2000;

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
    return "localhost";
  }
  // A node's name is a DNS name, so lower case.
  return absl::AsciiStrToLower(name);
}

std::string Tail(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<size_t>(file.tellg());
  const size_t wanted = std::min(size, kLastWordsBytes);
  std::string text(wanted, '\0');
  file.seekg(static_cast<std::streamoff>(size - wanted));
  file.read(text.data(), static_cast<std::streamsize>(wanted));
  return text;
}

}  // namespace

absl::Status ValidateOptions(const Options& options) {
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError("--data-dir: must name a folder");
  }
  const std::string path =
      std::filesystem::absolute(options.data_dir).lexically_normal().string();
  if (path.size() + kLongestSocket.size() > kMaxSocketPath) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--data-dir: ", path, ": too long for the sockets below it: want at ",
        "most ", kMaxSocketPath - kLongestSocket.size(), " bytes"));
  }
  if (options.runtime != "process" && options.runtime != "docker" &&
      options.runtime != "remote") {
    return absl::InvalidArgumentError(
        absl::StrCat("--runtime: \"", options.runtime,
                     "\": want process, docker or remote"));
  }
  if (options.runtime == "remote" &&
      options.container_runtime_endpoint.empty()) {
    return absl::InvalidArgumentError(
        "--container-runtime-endpoint: --runtime=remote needs it");
  }
  if (options.port_forward_dial != "netns" &&
      options.port_forward_dial != "socat") {
    return absl::InvalidArgumentError(absl::StrCat("--port-forward-dial: \"",
                                                   options.port_forward_dial,
                                                   "\": want netns or socat"));
  }
  return absl::OkStatus();
}

LocalCluster::LocalCluster(Executor executor, Options options)
    : executor_(executor), options_(std::move(options)), tasks_(executor) {
  options_.data_dir =
      std::filesystem::absolute(options_.data_dir).lexically_normal().string();
  if (options_.node_name.empty()) options_.node_name = HostName();
}

std::string LocalCluster::kubeconfig() const {
  return options_.data_dir + "/kubeconfig";
}

absl::Status LocalCluster::PrepareFolder() {
  for (const char* sub : {"", "/pki", "/logs", "/kubelet", "/apiserver"}) {
    const std::string folder = options_.data_dir + sub;
    std::error_code ec;
    std::filesystem::create_directories(folder, ec);
    if (ec) return FromErrno(ec.value(), "--data-dir: mkdir " + folder);
  }
  chmod(options_.data_dir.c_str(), 0700);
  return absl::OkStatus();
}

absl::Status LocalCluster::MakeCredentials() {
  absl::StatusOr<ClientCredentials> made =
      MakePki(options_.data_dir + "/pki", options_.node_name);
  if (!made.ok()) return made.status();
  FAIRWAY_RETURN_IF_ERROR(WriteKubeconfig(kubeconfig(), port_, made->admin));
  FAIRWAY_RETURN_IF_ERROR(WriteKubeconfig(
      options_.data_dir + "/kubelet/kubeconfig", port_, made->node));
  absl::StatusOr<rest::Kubeconfig> loaded = rest::LoadKubeconfig(kubeconfig());
  if (!loaded.ok()) return loaded.status();
  absl::StatusOr<rest::ClientConfig> config =
      rest::NewClientConfig(*loaded, {});
  if (!config.ok()) return config.status();
  absl::StatusOr<std::unique_ptr<rest::RESTClient>> client =
      rest::RESTClientFor(executor_, config->config);
  if (!client.ok()) return client.status();
  client_ = std::move(*client);
  return absl::OkStatus();
}

absl::Status LocalCluster::ReservePort() {
  // Bound and not listening: nobody else gets the port until the API server,
  // which shares it (--permit-port-sharing), listens there. It is shared only
  // once it is ours, so that another cluster's is refused.
  reserved_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (reserved_fd_ < 0) return FromErrno(errno, "socket");
  const int on = 1;
  setsockopt(reserved_fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(options_.secure_port);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(reserved_fd_, generic, size) != 0 ||
      getsockname(reserved_fd_, generic, &size) != 0) {
    return FromErrno(errno,
                     absl::StrCat("--secure-port: listen tcp4 127.0.0.1:",
                                  options_.secure_port, ": bind"));
  }
  setsockopt(reserved_fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  port_ = ntohs(address.sin_port);
  return absl::OkStatus();
}

absl::Status LocalCluster::StartPart(const std::string& program,
                                     std::vector<std::string> args,
                                     Part* part) {
  absl::StatusOr<std::string> path = FindProgram(program);
  if (!path.ok()) return path.status();
  part->name = program.substr(program.rfind('/') + 1);
  part->log_path =
      absl::StrCat(options_.data_dir, "/logs/", part->name, ".log");
  const int log = open(part->log_path.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return FromErrno(errno, "open " + part->log_path);
  SubprocessOptions options;
  options.path = *path;
  options.argv = {*path, absl::StrCat("-v=", options_.verbosity)};
  options.argv.insert(options.argv.end(), args.begin(), args.end());
  options.env = CurrentEnvironment();
  options.stdout_fd = log;
  options.stderr_fd = log;
  absl::StatusOr<std::unique_ptr<Subprocess>> started =
      Subprocess::Start(executor_, options);
  close(log);
  if (!started.ok()) return started.status();
  part->process = std::move(*started);
  return absl::OkStatus();
}

absl::Status LocalCluster::StartApiServer() {
  const Pki pki(options_.data_dir + "/pki");
  return StartPart(
      "apiserver/kube-apiserver",
      {
          "--bind-address=127.0.0.1",
          absl::StrCat("--secure-port=", port_),
          "--permit-port-sharing",
          "--data-dir=" + options_.data_dir + "/apiserver",
          "--tls-cert-file=" + pki.apiserver_cert,
          "--tls-private-key-file=" + pki.apiserver_key,
          "--client-ca-file=" + pki.ca_cert,
          "--kubelet-certificate-authority=" + pki.ca_cert,
          "--kubelet-client-certificate=" + pki.kubelet_client_cert,
          "--kubelet-client-key=" + pki.kubelet_client_key,
          // The node is reached on loopback, whatever its name resolves to.
          "--allow-loopback-kubelets",
          "--kubelet-preferred-address-types=InternalIP",
          "--audit-log-path=" + options_.data_dir + "/logs/audit.log",
      },
      &apiserver_);
}

absl::Status LocalCluster::StartKubelet() {
  const Pki pki(options_.data_dir + "/pki");
  std::vector<std::string> args = {
      "--kubeconfig=" + options_.data_dir + "/kubelet/kubeconfig",
      "--root-dir=" + options_.data_dir + "/kubelet",
      "--address=127.0.0.1",
      "--port=0",
      "--node-ip=127.0.0.1",
      "--hostname-override=" + options_.node_name,
      "--client-ca-file=" + pki.ca_cert,
      "--tls-cert-file=" + pki.kubelet_cert,
      "--tls-private-key-file=" + pki.kubelet_key,
      "--container-runtime=" + options_.runtime,
      "--port-forward-dial=" + options_.port_forward_dial,
      absl::StrCat("--redirect-container-streaming=",
                   options_.redirect_container_streaming ? "true" : "false"),
  };
  if (!options_.docker_endpoint.empty()) {
    args.push_back("--docker-endpoint=" + options_.docker_endpoint);
  }
  if (!options_.container_runtime_endpoint.empty()) {
    args.push_back("--container-runtime-endpoint=" +
                   options_.container_runtime_endpoint);
  }
  if (!options_.pod_infra_container_image.empty()) {
    args.push_back("--pod-infra-container-image=" +
                   options_.pod_infra_container_image);
  }
  return StartPart("kubelet/kubelet", std::move(args), &kubelet_);
}

Task<absl::Status> LocalCluster::Start(absl::Duration timeout) {
  FAIRWAY_CO_RETURN_IF_ERROR(ValidateOptions(options_));
  FAIRWAY_CO_RETURN_IF_ERROR(PrepareFolder());
  FAIRWAY_CO_RETURN_IF_ERROR(ReservePort());
  FAIRWAY_CO_RETURN_IF_ERROR(MakeCredentials());
  FAIRWAY_CO_RETURN_IF_ERROR(StartApiServer());
  FAIRWAY_CO_RETURN_IF_ERROR(StartKubelet());

  absl::Status ready = absl::UnknownError("");
  TaskGroup group(executor_);
  group.SpawnOrCancelAll([this]() -> Task<absl::Status> {
    absl::Status ended = co_await FirstEnd();
    co_return ended;
  });
  group.Spawn([this, timeout, &ready, &group]() -> Task<absl::Status> {
    absl::Status status = co_await WithDeadline(
        timeout, "wait for the cluster", [this]() { return WaitReady(); });
    ready = status;
    group.Cancel();
    co_return status;
  });
  absl::Status joined = co_await group.Join();
  if (!ready.ok()) co_return absl::IsCancelled(joined) ? ready : joined;

  scheduler_ = std::make_unique<Scheduler>(*client_);
  tasks_.Spawn([this]() -> Task<absl::Status> {
    absl::Status ended = co_await scheduler_->Run();
    co_return ended;
  });
  co_return absl::OkStatus();
}

Task<absl::Status> LocalCluster::WaitReady() {
  while (true) {
    rest::Resource nodes;
    nodes.resource = "nodes";
    absl::StatusOr<std::string> json = co_await client_->List(nodes);
    if (json.ok()) {
      absl::StatusOr<api::NodeList> list = api::NodeListFromJson(*json);
      if (!list.ok()) co_return list.status();
      for (const api::Node& node : list->items) {
        if (node.ready && node.metadata.name == options_.node_name) {
          co_return absl::OkStatus();
        }
      }
    }
    absl::Status slept = co_await Sleep(absl::Milliseconds(50));
    if (!slept.ok()) co_return slept;
  }
}

Task<absl::Status> LocalCluster::PartEnded(Part* part) {
  absl::StatusOr<ExitState> ended = co_await part->process->Wait();
  if (!ended.ok()) co_return ended.status();
  co_return absl::AbortedError(absl::StrCat(
      part->name, " ended (", ended->ToString(), "); its last words, from ",
      part->log_path, ":\n", Tail(part->log_path)));
}

Task<absl::Status> LocalCluster::FirstEnd() {
  TaskGroup group(executor_);
  for (Part* part : {&apiserver_, &kubelet_}) {
    group.SpawnOrCancelAll([this, part]() -> Task<absl::Status> {
      absl::Status ended = co_await PartEnded(part);
      co_return ended;
    });
  }
  absl::Status joined = co_await group.Join();
  co_return joined;
}

Task<absl::Status> LocalCluster::Wait() {
  absl::Status ended = co_await FirstEnd();
  co_return ended;
}

Task<absl::Status> LocalCluster::Stop() {
  tasks_.Cancel();
  absl::Status joined = co_await tasks_.Join();
  (void)joined;  // The scheduler ends with kCancelled.
  // The kubelet still tells the API server how its pods end.
  for (Part* part : {&kubelet_, &apiserver_}) {
    if (part->process == nullptr) continue;
    absl::StatusOr<ExitState> ended = co_await part->process->Stop(kStopGrace);
    (void)ended;
    part->process.reset();
  }
  if (reserved_fd_ >= 0) close(reserved_fd_);
  reserved_fd_ = -1;
  co_return absl::OkStatus();
}

std::string LocalCluster::Describe() const {
  return absl::StrCat(
      "kube-apiserver  pid ", apiserver_.process->pid(),
      "  https://127.0.0.1:", port_, "  log ", apiserver_.log_path,
      "\nkubelet         pid ", kubelet_.process->pid(), "  node ",
      options_.node_name, ", runtime ", options_.runtime, "  log ",
      kubelet_.log_path, "\nkubeconfig      ", kubeconfig(), "\n");
}

}  // namespace fairway::cluster
