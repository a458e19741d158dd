// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/cluster.h"

#include <csignal>
#include <cstdio>
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

std::string PodManifest(const std::string& name, const std::string& image,
                        const std::string& program,
                        const std::vector<std::string>& servers) {
  nlohmann::json command = nlohmann::json::array({program});
  for (const std::string& server : servers) command.push_back(server);
  const nlohmann::json pod = {{"apiVersion", "v1"},
                              {"kind", "Pod"},
                              {"metadata", {{"name", name}}},
                              {"spec",
                               {{"restartPolicy", "Never"},
                                {"terminationGracePeriodSeconds", 1},
                                {"containers",
                                 {{{"name", "server"},
                                   {"image", image},
                                   {"imagePullPolicy", "IfNotPresent"},
                                   {"command", command}}}}}}};
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
  std::vector<std::string> argv = {
      DataFile("cluster/fairway-up"),
      "--data-dir=" + folder_,
      "--secure-port=0",
      "--node-name=e2e-node",
      "--runtime=" + options.runtime,
      "--port-forward-dial=" + options.dial,
      std::string("--redirect-container-streaming=") +
          (options.redirect ? "true" : "false"),
      "-v=" + std::to_string(options.verbosity)};
  if (!options.docker_endpoint.empty()) {
    argv.push_back("--docker-endpoint=" + options.docker_endpoint);
  }
  if (!options.pause_image.empty()) {
    argv.push_back("--pod-infra-container-image=" + options.pause_image);
  }
  up_ = std::make_unique<Process>(
      Process::Options{argv, {}, folder_ + "/fairway-up.log"});
  pids_["fairway-up"] = up_->pid();
  while (true) {
    std::optional<std::string> line = up_->ReadLine(kStartTimeout);
    if (!line) {
      throw std::runtime_error("fairway-up did not get ready:\n" +
                               ReadFile(folder_ + "/fairway-up.log") +
                               Log("kube-apiserver") + Log("kubelet"));
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
  RemoveFolder(folder_);
}

int Cluster::Stop() {
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
  const std::string program = options_.runtime == "docker"
                                  ? "/pod_server"
                                  : DataFile("runtime/testing/pod_server");
  const std::string path = folder_ + "/" + name + ".json";
  WriteFile(path, PodManifest(name, kPodServerImage, program, servers));
  const Result created = RunKubectl(Kubectl::kOurs, {"create", "-f", path});
  if (created.exit_status != 0) {
    throw std::runtime_error("create pod: " + created.err);
  }
  std::string last;
  std::string log;
  const bool running = Eventually(Seconds(30), [&] {
    const Result got =
        RunKubectl(Kubectl::kOurs, {"get", "pod", name, "-o", "json"});
    last = got.out + got.err;
    const auto pod = nlohmann::json::parse(got.out, nullptr, false);
    if (!pod.is_object() || !pod.contains("status") ||
        pod["status"].value("phase", "") != "Running") {
      return false;
    }
    const std::string uid = pod["metadata"]["uid"];
    log = folder_ + "/kubelet/log/pods/default_" + name + "_" + uid +
          "/server/0.log";
    return true;
  });
  if (!running) {
    throw std::runtime_error("pod " + name + " is not running:\n" + last +
                             Log("kubelet"));
  }
  // Docker keeps its containers' logs itself.
  if (options_.runtime == "docker") return;
  if (!Eventually(Seconds(10), [&log] { return ReadFile(log) == "ready\n"; })) {
    throw std::runtime_error("pod " + name + " does not serve: " + log + ": " +
                             ReadFile(log));
  }
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
  if (part == "kube-apiserver") return api;
  const auto node = nlohmann::json::parse(
      Get(folder_ + "/pki", Loopback(api) + "/api/v1/nodes/e2e-node"));
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

PortForward::PortForward(const Cluster& cluster, Kubectl which,
                         const std::string& target,
                         const std::vector<uint16_t>& ports,
                         const std::vector<std::string>& flags,
                         const std::vector<std::string>& env)
    : folder_(MakeShortFolder()) {
  std::vector<std::string> args = {"port-forward", "--address=127.0.0.1",
                                   target};
  args.insert(args.end(), flags.begin(), flags.end());
  for (uint16_t port : ports) args.push_back(":" + std::to_string(port));
  Process::Options options;
  options.argv = cluster.KubectlArgv(which, args);
  options.env = env;
  options.env.push_back("HOME=" + folder_);
  options.stderr_path = folder_ + "/err";
  process_ = std::make_unique<Process>(options);
  while (local_.size() < ports.size()) {
    std::optional<std::string> line = process_->ReadLine(Seconds(30));
    if (!line) {
      throw std::runtime_error("port-forward: " + Stderr() +
                               cluster.Log("kube-apiserver") +
                               cluster.Log("kubelet"));
    }
    unsigned local = 0;
    unsigned remote = 0;
    if (std::sscanf(line->c_str(), "Forwarding from 127.0.0.1:%u -> %u", &local,
                    &remote) == 2) {
      local_[static_cast<uint16_t>(remote)] = static_cast<uint16_t>(local);
    }
  }
  process_->DiscardOutput();
}

PortForward::~PortForward() {
  process_.reset();
  RemoveFolder(folder_);
}

bool PortForward::running() { return !process_->Wait(Seconds(0)).has_value(); }

int PortForward::Stop(int signal) {
  return process_->Stop(signal, Seconds(20)).value_or(-1);
}

std::string PortForward::Stderr() const { return ReadFile(folder_ + "/err"); }

}  // namespace fairway::e2e
