// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "base/task/loop.h"
#include "net/http/message.h"
#include "net/http/transport.h"
#include "net/tls/tls.h"

namespace fairway::e2e {
namespace {

constexpr Seconds kStartTimeout(60);
constexpr char kApiServer[] = "kube-apiserver";
constexpr char kKubelet[] = "kubelet";

bool BindLoopback(int fd, uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

// A port of loopback that is free, and below those that the kernel gives to
// whoever asks for any: it stays free while nobody listens there.
uint16_t QuietPort() {
  constexpr uint16_t kFirst = 20000;
  constexpr uint16_t kPorts = 10000;
  const uint16_t start = getpid() % kPorts;
  for (uint16_t i = 0; i < kPorts; ++i) {
    const uint16_t port = kFirst + (start + i) % kPorts;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = BindLoopback(fd, port);
    close(fd);
    if (free) return port;
  }
  throw std::runtime_error("no port is free");
}

std::string PodManifest(const PodSpec& spec, const std::string& program) {
  nlohmann::json command = nlohmann::json::array({program});
  for (const std::string& server : spec.servers) command.push_back(server);
  nlohmann::json container = {{"name", "server"},
                              {"image", kPodServerImage},
                              {"imagePullPolicy", "IfNotPresent"},
                              {"command", command}};
  for (const auto& [name, port] : spec.ports) {
    container["ports"].push_back({{"name", name}, {"containerPort", port}});
  }
  nlohmann::json pod = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"name", spec.name}, {"namespace", spec.namespace_}}},
      {"spec",
       {{"restartPolicy", "Never"},
        {"terminationGracePeriodSeconds", 1},
        {"containers", nlohmann::json::array({container})}}}};
  if (!spec.labels.empty()) pod["metadata"]["labels"] = spec.labels;
  if (!spec.node.empty()) pod["spec"]["nodeName"] = spec.node;
  return pod.dump(2);
}

std::string Loopback(uint16_t port) {
  return "https://127.0.0.1:" + std::to_string(port);
}

// GET with the administrator's certificate.
std::string Get(const std::string& pki, const std::string& url) {
  std::string text;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    net::TlsClientConfig tls;
    tls.ca_pem = ReadFile(pki + "/ca.crt");
    tls.cert_pem = ReadFile(pki + "/admin.crt");
    tls.key_pem = ReadFile(pki + "/admin.key");
    absl::StatusOr<std::shared_ptr<const net::TlsClientContext>> context =
        net::NewTlsClientContext(tls);
    if (!context.ok()) co_return context.status();
    net::http::DialOptions dial;
    dial.tls = *context;
    auto transport = net::http::NewTransport(executor, dial);
    absl::StatusOr<net::http::Url> parsed = net::http::ParseUrl(url);
    if (!parsed.ok()) co_return parsed.status();
    net::http::Request request;
    request.url = *parsed;
    absl::StatusOr<net::http::Response> response =
        co_await transport->RoundTrip(std::move(request));
    if (!response.ok()) co_return response.status();
    absl::StatusOr<std::string> body =
        co_await net::http::ReadAll(*response->body, 16 << 20);
    if (!body.ok()) co_return body.status();
    text = *body;
    co_return absl::OkStatus();
  });
  if (!status.ok()) {
    throw std::runtime_error("GET " + url + ": " + status.ToString());
  }
  return text;
}

}  // namespace

std::string KubectlPath(Kubectl which) {
  return DataFile(which == Kubectl::kOurs ? "client/kubectl"
                                          : "external/debian_kubectl/kubectl");
}

Cluster::Cluster(const ClusterOptions& options)
    : options_(options), folder_(MakeShortFolder()) {
  StartUp();
  if (options.restartable) TakeOver();
}

void Cluster::StartUp() {
  std::vector<std::string> argv = {
      DataFile("cluster/fairway-up"),
      "--data-dir=" + folder_,
      "--secure-port=0",
      std::string("--node-name=") + kNodeName,
      "--runtime=" + options_.runtime,
      "--port-forward-dial=" + options_.dial,
      std::string("--redirect-container-streaming=") +
          (options_.redirect ? "true" : "false"),
      "-v=" + std::to_string(options_.verbosity)};
  if (!options_.docker_endpoint.empty()) {
    argv.push_back("--docker-endpoint=" + options_.docker_endpoint);
  }
  if (!options_.pause_image.empty()) {
    argv.push_back("--pod-infra-container-image=" + options_.pause_image);
  }
  up_ = std::make_unique<Process>(
      Process::Options{argv, {}, folder_ + "/fairway-up.log"});
  pids_["fairway-up"] = up_->pid();
  while (true) {
    std::optional<std::string> line = up_->ReadLine(kStartTimeout);
    if (!line) {
      throw std::runtime_error("fairway-up did not get ready:\n" +
                               ReadFile(folder_ + "/fairway-up.log") +
                               Log(kApiServer) + Log(kKubelet));
    }
    if (line->rfind("ready", 0) == 0) break;
    std::istringstream words(*line);
    std::string part;
    std::string key;
    pid_t pid = 0;
    if (words >> part >> key >> pid && key == "pid") pids_[part] = pid;
  }
}

Cluster::~Cluster() {
  Stop();
  if (reserved_fd_ >= 0) close(reserved_fd_);
  RemoveFolder(folder_);
}

int Cluster::Stop() {
  if (!parts_.empty()) return StopParts();
  if (up_ == nullptr) return 0;
  const int status = up_->Stop(SIGTERM, Seconds(30)).value_or(-1);
  up_.reset();
  return status;
}

pid_t Cluster::pid(const std::string& part) const {
  const auto found = pids_.find(part);
  if (found == pids_.end()) {
    throw std::runtime_error("fairway-up started no " + part);
  }
  return found->second;
}

std::vector<std::string> Cluster::KubectlArgv(
    Kubectl which, std::vector<std::string> args) const {
  std::vector<std::string> argv = {KubectlPath(which),
                                   "--kubeconfig=" + folder_ + "/kubeconfig"};
  argv.insert(argv.end(), args.begin(), args.end());
  return argv;
}

Result Cluster::RunKubectl(Kubectl which, std::vector<std::string> args,
                           Seconds timeout) const {
  // Its caches belong to this cluster only.
  return Run(KubectlArgv(which, std::move(args)), timeout, {"HOME=" + folder_});
}

void Cluster::CreatePod(const std::string& name,
                        const std::vector<std::string>& servers) {
  // Whoever binds pods is part of what a person starts.
  const PodSpec spec = {.name = name, .servers = servers, .node = ""};
  StartPod(spec);
  WaitPod(spec);
}

void Cluster::StartPod(const PodSpec& spec) {
  const std::string program = options_.runtime == "docker"
                                  ? "/pod_server"
                                  : DataFile("runtime/testing/pod_server");
  const std::string path = folder_ + "/" + spec.name + ".json";
  WriteFile(path, PodManifest(spec, program));
  CreateFrom(path);
}

void Cluster::WaitPod(const PodSpec& spec) {
  std::string last;
  std::string log;
  const bool running = Eventually(Seconds(30), [&] {
    const Result got = RunKubectl(
        Kubectl::kOurs,
        {"get", "pod", spec.name, "-n", spec.namespace_, "-o", "json"});
    last = got.out + got.err;
    const auto pod = nlohmann::json::parse(got.out, nullptr, false);
    if (!pod.is_object() || !pod.contains("status") ||
        pod["status"].value("phase", "") != "Running") {
      return false;
    }
    const std::string uid = pod["metadata"]["uid"];
    log = folder_ + "/kubelet/log/pods/" + spec.namespace_ + "_" + spec.name +
          "_" + uid + "/server/0.log";
    return true;
  });
  if (!running) {
    throw std::runtime_error("pod " + spec.name + " is not running:\n" + last +
                             Log(kKubelet));
  }
  // Docker keeps its containers' logs itself.
  if (options_.runtime == "docker") return;
  if (!Eventually(Seconds(10), [&log] { return ReadFile(log) == "ready\n"; })) {
    throw std::runtime_error("pod " + spec.name + " does not serve: " + log +
                             ": " + ReadFile(log));
  }
}

int Cluster::Starts(const PodSpec& spec) const {
  const Result got = RunKubectl(
      Kubectl::kOurs,
      {"get", "pod", spec.name, "-n", spec.namespace_, "-o", "json"});
  const auto pod = nlohmann::json::parse(got.out, nullptr, false);
  if (!pod.is_object()) return 0;
  const std::string uid = pod["metadata"]["uid"];
  std::istringstream lines(ReadFile(folder_ + "/kubelet/log/pods/" +
                                    spec.namespace_ + "_" + spec.name + "_" +
                                    uid + "/server/0.log"));
  int starts = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line == "ready") ++starts;
  }
  return starts;
}

void Cluster::Create(const std::string& manifest) {
  const std::string path = folder_ + "/manifest.yaml";
  WriteFile(path, manifest);
  CreateFrom(path);
}

void Cluster::CreateFrom(const std::string& path) {
  const Result created = RunKubectl(Kubectl::kOurs, {"create", "-f", path});
  if (created.exit_status != 0) {
    throw std::runtime_error("create: " + created.err + ReadFile(path));
  }
}

void Cluster::TakeOver() {
  const uint16_t api = port(kApiServer);
  // Nobody else gets it while no API server runs; they share it.
  reserved_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(reserved_fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(reserved_fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (!BindLoopback(reserved_fd_, api)) {
    throw std::runtime_error("cannot share the API server's port");
  }
  for (const char* part : {kApiServer, kKubelet}) {
    std::istringstream words(
        ReadFile("/proc/" + std::to_string(pid(part)) + "/cmdline"));
    for (std::string word; std::getline(words, word, '\0');) {
      parts_[part].argv.push_back(word);
    }
  }
  const uint16_t kubelet = QuietPort();
  parts_[kKubelet].argv.push_back("--port=" + std::to_string(kubelet));
  if (up_->Stop(SIGTERM, kStartTimeout) != 0) {
    throw std::runtime_error("fairway-up did not end in good order");
  }
  up_.reset();
  Start(kApiServer);
  Start(kKubelet);
  const bool ready = Eventually(kStartTimeout, [&] {
    try {
      return port(kKubelet) == kubelet;
    } catch (const std::runtime_error&) {
      return false;  // nobody serves yet
    }
  });
  if (!ready) {
    throw std::runtime_error("not ready:\n" + Log(kApiServer) + Log(kKubelet));
  }
}

void Cluster::Kill(const std::string& part) {
  Part& killed = parts_.at(part);
  killed.process->Stop(SIGKILL, Seconds(10));
  killed.process.reset();
}

void Cluster::Start(const std::string& part) {
  Part& started = parts_.at(part);
  started.process = std::make_unique<Process>(
      Process::Options{started.argv, {}, folder_ + "/logs/" + part + ".log"});
  pids_[part] = started.process->pid();
}

// Whatever a killed kubelet left is ended by the next one.
int Cluster::StopParts() {
  Part& kubelet = parts_[kKubelet];
  if (kubelet.process == nullptr && !kubelet.argv.empty()) {
    Start(kKubelet);
    Eventually(Seconds(5), [this] {
      std::error_code none;
      return std::filesystem::is_empty(folder_ + "/kubelet/process/containers",
                                       none);
    });
  }
  int status = 0;
  for (const char* name : {kKubelet, kApiServer}) {
    Part& part = parts_[name];
    if (part.process == nullptr) continue;
    const int ended = part.process->Stop(SIGTERM, Seconds(30)).value_or(-1);
    if (ended != 0) status = ended;
  }
  parts_.clear();
  return status;
}

std::string Cluster::Log(const std::string& part) const {
  return ReadFile(folder_ + "/logs/" + part + ".log");
}

uint16_t Cluster::port(const std::string& part) const {
  const std::string kubeconfig = ReadFile(folder_ + "/kubeconfig");
  const std::string host = "https://127.0.0.1:";
  const size_t at = kubeconfig.find(host);
  if (at == std::string::npos) {
    throw std::runtime_error("no server in the kubeconfig");
  }
  const int api = std::stoi(kubeconfig.substr(at + host.size()));
  if (part == kApiServer) return api;
  const auto node = nlohmann::json::parse(
      Get(folder_ + "/pki", Loopback(api) + "/api/v1/nodes/" + kNodeName));
  return node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"];
}

double Cluster::Metric(const std::string& part, const std::string& name,
                       const std::string& label) const {
  std::istringstream lines(
      Get(folder_ + "/pki", Loopback(port(part)) + "/metrics"));
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t end = line.find_first_of("{ ");
    if (line.substr(0, end) != name) continue;
    if (line.find(label) == std::string::npos) continue;
    sum += std::stod(line.substr(line.rfind(' ')));
  }
  return sum;
}

namespace {

std::vector<std::string> ForwardArgs(const std::string& target,
                                     const std::vector<uint16_t>& ports,
                                     const std::vector<std::string>& flags) {
  std::vector<std::string> args = {"--address=127.0.0.1", target};
  args.insert(args.end(), flags.begin(), flags.end());
  for (uint16_t port : ports) args.push_back(":" + std::to_string(port));
  return args;
}

}  // namespace

PortForward::PortForward(const Cluster& cluster, Kubectl which,
                         const std::string& target,
                         const std::vector<uint16_t>& ports,
                         const std::vector<std::string>& flags,
                         const std::vector<std::string>& env)
    : PortForward(cluster, which, ForwardArgs(target, ports, flags),
                  ports.size(), env) {}

PortForward::PortForward(const Cluster& cluster, Kubectl which,
                         std::vector<std::string> args, size_t ports,
                         const std::vector<std::string>& env)
    : folder_(MakeShortFolder()) {
  args.insert(args.begin(), "port-forward");
  Process::Options options;
  options.argv = cluster.KubectlArgv(which, args);
  options.env = env;
  options.env.push_back("HOME=" + folder_);
  options.stderr_path = folder_ + "/err";
  process_ = std::make_unique<Process>(options);
  while (local_.size() < ports) {
    std::optional<std::string> line = process_->ReadLine(Seconds(30));
    if (!line) {
      throw std::runtime_error("port-forward: " + Stderr() +
                               cluster.Log(kApiServer) + cluster.Log(kKubelet));
    }
    // Behind the forward's name, where there are several.
    const size_t at = line->find("Forwarding from ");
    if (at == std::string::npos) continue;
    unsigned local = 0;
    unsigned remote = 0;
    if (std::sscanf(line->c_str() + at, "Forwarding from 127.0.0.1:%u -> %u",
                    &local, &remote) == 2) {
      local_[static_cast<uint16_t>(remote)] = static_cast<uint16_t>(local);
    }
  }
  process_->DiscardOutput();
}

PortForward::~PortForward() {
  process_.reset();
  RemoveFolder(folder_);
}

bool PortForward::running() {
  return !process_->Wait(Seconds(0)).has_value() &&
         Stderr().find("lost connection to pod") == std::string::npos;
}

int PortForward::Stop(int signal) {
  return process_->Stop(signal, Seconds(20)).value_or(-1);
}

std::string PortForward::Stderr() const { return ReadFile(folder_ + "/err"); }

}  // namespace fairway::e2e
