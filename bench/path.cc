// SPDX-License-Identifier: Apache-2.0
#include "bench/path.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "bench/path_beside.h"
#include "bench/path_hops.h"
#include "bench/path_original.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/docker.h"

namespace fairway::bench {
namespace {

constexpr Ports kPodPorts = {7001, 7002, 7003, 7004};

// A kubectl port-forward through our servers.
struct Forward {
  const char* name;
  e2e::Kubectl kubectl;
  std::vector<std::string> flags;
  std::vector<std::string> env;
};

std::vector<Forward> Forwards() {
  // The caller's environment decides nothing.
  const std::string websockets = "KUBECTL_PORT_FORWARD_WEBSOCKETS=";
  return {
      {"Fairway", e2e::Kubectl::kOurs, {}, {websockets + "true"}},
      {"Fairway, SPDY", e2e::Kubectl::kOurs, {}, {websockets + "false"}},
      {"Fairway, a session each",
       e2e::Kubectl::kOurs,
       {"--session-per-connection=always"},
       {websockets + "true"}},
      {"kubectl 1.20.2", e2e::Kubectl::kDebian, {}, {}},
  };
}

class ForwardPath : public Path {
 public:
  ForwardPath(const e2e::Cluster& cluster, const Forward& forward)
      : cluster_(cluster),
        name_(forward.name),
        forward_(cluster, forward.kubectl, "pod/bench", ListOf(kPodPorts),
                 forward.flags, forward.env) {}

  const std::string& name() const override { return name_; }

  Ports ports() const override {
    std::vector<uint16_t> local;
    for (const uint16_t remote : ListOf(kPodPorts)) {
      local.push_back(forward_.local(remote));
    }
    return PortsOf(local);
  }

  // The runtime is a part of the kubelet, whose other processes are the pod's.
  std::vector<Hop> hops() const override {
    const std::vector<Hop> hops = {
        {"kubectl", forward_.pid()},
        {"kube-apiserver", cluster_.pid("kube-apiserver")},
        {"kubelet", cluster_.pid("kubelet")}};
    for (const Hop& hop : hops) RequireAlive(hop);
    return hops;
  }

 private:
  const e2e::Cluster& cluster_;
  const std::string name_;
  e2e::PortForward forward_;
};

}  // namespace

struct Yard::Parts {
  PathOptions options;
  std::optional<e2e::Docker> docker;
  std::optional<e2e::Cluster> cluster;
  ServersBeside beside;
};

Yard::Yard(PathOptions options) : parts_(std::make_unique<Parts>()) {
  e2e::ClusterOptions cluster;
  cluster.verbosity = 0;
  cluster.runtime = options.runtime;
  if (options.runtime == "docker") {
    parts_->docker.emplace();
    cluster.docker_endpoint = parts_->docker->endpoint();
    cluster.pause_image = e2e::kPodServerImage;
  }
  parts_->options = std::move(options);
  parts_->cluster.emplace(cluster);
  parts_->cluster->CreatePod("bench", ServerArguments(kPodPorts));
}

Yard::~Yard() = default;

std::vector<std::string> Yard::names() const {
  std::vector<std::string> names = {
      "Fairway", "Fairway, SPDY", "Fairway, a session each", "no forwarder",
      "socat",   "ssh -L",        "bare relay chain",        "kubectl 1.20.2"};
  if (!parts_->options.original_dir.empty()) {
    names.push_back("Kubernetes 1.20.2");
  }
  return names;
}

std::unique_ptr<Path> Yard::Open(const std::string& name) {
  for (const Forward& forward : Forwards()) {
    if (name == forward.name) {
      return std::make_unique<ForwardPath>(*parts_->cluster, forward);
    }
  }
  const Ports& servers = parts_->beside.ports();
  if (name == "no forwarder") return OpenDirectly(servers);
  if (name == "socat") return OpenSocat(servers);
  if (name == "ssh -L") return OpenSsh(servers);
  if (name == "bare relay chain") return OpenBareRelays(servers);
  if (name == "Kubernetes 1.20.2") {
    return OpenOriginal(parts_->options.original_dir);
  }
  throw std::runtime_error("no path is named " + name);
}

}  // namespace fairway::bench
