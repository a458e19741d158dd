// SPDX-License-Identifier: Apache-2.0
#include "bench/path_original.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/path_beside.h"
#include "bench/path_hops.h"
#include "cluster/certificates.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/docker.h"
#include "e2e/harness/process.h"

namespace fairway::bench {
namespace {

using e2e::Process;

constexpr e2e::Seconds kStartTimeout(120);
// A kubelet that is named by an address has that address.
constexpr char kNode[] = "127.0.0.1";
constexpr Ports kPodPorts = {7001, 7002, 7003, 7004};

struct Programs {
  std::string apiserver;
  std::string kubelet;
  std::string etcd;
  std::string kubectl;
};

bool IsIn(const std::string& folder, const std::string& name) {
  return access((folder + "/" + name).c_str(), X_OK) == 0;
}

std::string Required(const std::string& folder, const std::string& name) {
  if (!IsIn(folder, name)) {
    throw std::runtime_error(name + ": not in " + folder);
  }
  return folder + "/" + name;
}

Programs FindPrograms(const std::string& folder) {
  return {Required(folder, "kube-apiserver"), Required(folder, "kubelet"),
          IsIn(folder, "etcd") ? folder + "/etcd"
                               : FindProgram("etcd", "etcd-server"),
          IsIn(folder, "kubectl") ? folder + "/kubectl"
                                  : e2e::KubectlPath(e2e::Kubectl::kDebian)};
}

std::string HttpOnLoopback(uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

std::string PodManifest() {
  std::string command = "\"/pod_server\"";
  for (const std::string& server : ServerArguments(kPodPorts)) {
    command += ", \"" + server + "\"";
  }
  return std::string(R"(apiVersion: v1
kind: Pod
metadata:
  name: bench
spec:
  nodeName: )") +
         '"' + kNode + R"("
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
  - name: server
    image: )" +
         e2e::kPodServerImage + R"(
    imagePullPolicy: IfNotPresent
    command: [)" +
         command + "]\n";
}

class OriginalPath : public Path {
 public:
  explicit OriginalPath(const std::string& folder)
      : programs_(FindPrograms(folder)) {
    try {
      StartApiServer();
      StartKubelet();
      StartPod();
      Forward();
    } catch (const std::runtime_error&) {
      End();
      throw;
    }
  }
  ~OriginalPath() override { End(); }

  const std::string& name() const override { return name_; }
  Ports ports() const override { return ports_; }

  std::vector<Hop> hops() const override {
    std::vector<Hop> hops = {Alive("kubectl"), Alive("kube-apiserver")};
    for (Hop hop : HopsBelow("kubelet", Alive("kubelet").pid)) {
      if (hop.pid != processes_.at("kubelet").pid()) hop.role = "socat";
      hops.push_back(hop);
    }
    return hops;
  }

 private:
  std::string LogPath(const std::string& part) const {
    return folder_ + "/" + part + ".log";
  }

  Hop Alive(const std::string& part) const {
    const Hop hop = {part, processes_.at(part).pid()};
    RequireAlive(hop);
    return hop;
  }

  Process& Start(const std::string& part, std::vector<std::string> argv) {
    return processes_[part] =
               Process({std::move(argv), {"HOME=" + folder_}, LogPath(part)});
  }

  void StartListening(const std::string& part, std::vector<std::string> argv,
                      uint16_t port) {
    WaitUntilListens(part, Start(part, std::move(argv)), {port}, LogPath(part));
  }

  void StartApiServer() {
    const absl::StatusOr<cluster::ClientCredentials> made =
        cluster::MakePki(folder_, kNode);
    if (!made.ok()) throw std::runtime_error(made.status().ToString());
    for (const auto& [path, who] :
         {std::pair(folder_ + "/kubeconfig", made->admin),
          std::pair(folder_ + "/node.kubeconfig", made->node)}) {
      const absl::Status written =
          cluster::WriteKubeconfig(path, apiserver_, who);
      if (!written.ok()) throw std::runtime_error(written.ToString());
    }
    const std::string etcd = HttpOnLoopback(QuietPort());
    const std::string peer = HttpOnLoopback(QuietPort());
    Start(
        "etcd",
        {programs_.etcd, "--data-dir=" + folder_ + "/etcd",
         "--listen-client-urls=" + etcd, "--advertise-client-urls=" + etcd,
         "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
         "--initial-cluster=default=" + peer});
    const cluster::Pki pki(folder_);
    StartListening(
        "kube-apiserver",
        {programs_.apiserver, "--etcd-servers=" + etcd,
         "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
         "--endpoint-reconciler-type=none",
         "--secure-port=" + std::to_string(apiserver_), "--cert-dir=" + folder_,
         "--tls-cert-file=" + pki.apiserver_cert,
         "--tls-private-key-file=" + pki.apiserver_key,
         "--client-ca-file=" + pki.ca_cert,
         "--kubelet-certificate-authority=" + pki.ca_cert,
         "--kubelet-client-certificate=" + pki.kubelet_client_cert,
         "--kubelet-client-key=" + pki.kubelet_client_key,
         "--service-account-issuer=https://kubernetes.default.svc",
         "--service-account-key-file=" + pki.apiserver_key,
         "--service-account-signing-key-file=" + pki.apiserver_key,
         "--service-cluster-ip-range=10.0.0.0/24",
         "--authorization-mode=Node,RBAC",
         // Nobody makes service accounts here.
         "--disable-admission-plugins=ServiceAccount"},
        apiserver_);
    UntilKubectl("kube-apiserver", {"get", "--raw=/readyz"}, "ok");
  }

  void StartKubelet() {
    const cluster::Pki pki(folder_);
    const uint16_t port = QuietPort();
    StartListening(
        "kubelet",
        {programs_.kubelet, "--kubeconfig=" + folder_ + "/node.kubeconfig",
         std::string("--hostname-override=") + kNode,
         "--root-dir=" + folder_ + "/kubelet",
         "--cert-dir=" + folder_ + "/kubelet-pki",
         "--volume-plugin-dir=" + folder_ + "/volume-plugins",
         "--experimental-dockershim-root-directory=" + folder_ + "/dockershim",
         "--address=127.0.0.1", "--port=" + std::to_string(port),
         "--read-only-port=0", "--healthz-port=0",
         "--tls-cert-file=" + pki.kubelet_cert,
         "--tls-private-key-file=" + pki.kubelet_key,
         "--client-ca-file=" + pki.ca_cert, "--anonymous-auth=false",
         "--authorization-mode=Webhook", "--container-runtime=docker",
         "--docker-endpoint=" + docker_.endpoint(),
         std::string("--pod-infra-container-image=") + e2e::kPodServerImage,
         "--fail-swap-on=false",
         // A test's machine has neither a cgroup tree for pods nor much disk.
         "--cgroups-per-qos=false",
         "--enforce-node-allocatable=", "--eviction-hard=", "--resolv-conf="},
        port);
  }

  void StartPod() {
    e2e::WriteFile(folder_ + "/pod.yaml", PodManifest());
    // The namespace is made behind the server's back, a moment later.
    UntilKubectl("kube-apiserver",
                 {"create", "-o", "name", "-f", folder_ + "/pod.yaml"},
                 "pod/bench\n");
    UntilKubectl("kubelet",
                 {"get", "pod", "bench", "-o", "jsonpath={.status.phase}"},
                 "Running");
  }

  void Forward() {
    std::vector<std::string> argv =
        KubectlArgv({"port-forward", "--address=127.0.0.1", "pod/bench"});
    for (const uint16_t remote : ListOf(kPodPorts)) {
      argv.push_back(":" + std::to_string(remote));
    }
    Process& kubectl = Start("kubectl", argv);
    std::map<unsigned, uint16_t> local_of;
    while (local_of.size() < ListOf(kPodPorts).size()) {
      const std::optional<std::string> line = kubectl.ReadLine(kStartTimeout);
      if (!line) Fail("kubectl");
      unsigned local = 0;
      unsigned remote = 0;
      if (std::sscanf(line->c_str(), "Forwarding from 127.0.0.1:%u -> %u",
                      &local, &remote) == 2) {
        local_of[remote] = static_cast<uint16_t>(local);
      }
    }
    kubectl.DiscardOutput();
    std::vector<uint16_t> list;
    for (const uint16_t remote : ListOf(kPodPorts)) {
      list.push_back(local_of.at(remote));
    }
    ports_ = PortsOf(list);
  }

  std::vector<std::string> KubectlArgv(std::vector<std::string> args) const {
    args.insert(args.begin(),
                {programs_.kubectl, "--kubeconfig=" + folder_ + "/kubeconfig"});
    return args;
  }

  e2e::Result Kubectl(const std::vector<std::string>& args) const {
    return e2e::Run(KubectlArgv(args), kStartTimeout, {"HOME=" + folder_});
  }

  // Asks again until kubectl says `answer`, which is up to `part`.
  void UntilKubectl(const std::string& part,
                    const std::vector<std::string>& args,
                    const std::string& answer) {
    const bool so = e2e::Eventually(kStartTimeout, [&] {
      return processes_.at(part).Wait(e2e::Seconds(0)).has_value() ||
             Kubectl(args).out == answer;
    });
    if (!so || processes_.at(part).Wait(e2e::Seconds(0)).has_value()) {
      Fail(part);
    }
  }

  [[noreturn]] void Fail(const std::string& part) const {
    throw std::runtime_error("Kubernetes' " + part + " did not get ready: " +
                             e2e::ReadFile(LogPath(part)));
  }

  void End() {
    for (const char* part : {"kubectl", "kubelet", "kube-apiserver", "etcd"}) {
      const auto found = processes_.find(part);
      if (found == processes_.end()) continue;
      found->second.Stop(SIGTERM, e2e::Seconds(10));
      processes_.erase(found);
    }
    e2e::RemoveFolder(folder_);
  }

  const std::string name_ = "Kubernetes 1.20.2";
  const Programs programs_;
  const std::string folder_ = e2e::MakeShortFolder();
  const uint16_t apiserver_ = QuietPort();
  e2e::Docker docker_;
  std::map<std::string, Process> processes_;
  Ports ports_;
};

}  // namespace

std::unique_ptr<Path> OpenOriginal(const std::string& folder) {
  return std::make_unique<OriginalPath>(folder);
}

}  // namespace fairway::bench
