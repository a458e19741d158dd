// SPDX-License-Identifier: Apache-2.0
// A whole cluster as a person starts it (fairway-up), and port-forwards into
// it by a kubectl of choice; every part a process of its own.
#ifndef E2E_HARNESS_CLUSTER_H_
#define E2E_HARNESS_CLUSTER_H_

#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "e2e/harness/docker.h"
#include "e2e/harness/process.h"

namespace fairway::e2e {

enum class Kubectl { kOurs, kDebian };

struct ClusterOptions {
  std::string runtime = "process";  // or "docker"
  std::string dial = "netns";       // or "socat"
  bool redirect = false;
  std::string docker_endpoint;  // for "docker"
  std::string pause_image;
  int verbosity = 1;
  // API server and kubelet are the test's own to Kill() and Start(): fairway-up
  // only prepares their folder. Nobody binds pods then: PodSpec names the node.
  bool restartable = false;
};

inline constexpr char kNodeName[] = "e2e-node";

// A pod of one container, which is a pod_server.
struct PodSpec {
  std::string name;
  std::vector<std::string> servers;
  std::map<std::string, std::string> labels = {};
  std::map<std::string, uint16_t> ports = {};  // by name
  std::string namespace_ = "default";
  std::string node = kNodeName;
};

// Failures throw std::runtime_error with the log of the part that failed.
class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // kubectl with this cluster's kubeconfig.
  std::vector<std::string> KubectlArgv(Kubectl which,
                                       std::vector<std::string> args) const;
  Result RunKubectl(Kubectl which, std::vector<std::string> args,
                    Seconds timeout = Seconds(30)) const;

  // Creates a pod that runs pod_server with `servers`, and waits until it is
  // Running, and until it serves where its log can be read. With Docker it runs
  // in kPodServerImage.
  void CreatePod(const std::string& name,
                 const std::vector<std::string>& servers);
  // Returns once the API server has it. Its manifest is folder()/NAME.json.
  void StartPod(const PodSpec& spec);
  // Until it serves.
  void WaitPod(const PodSpec& spec);
  // How often the pod's container has come to serve; 0 without a pod.
  int Starts(const PodSpec& spec) const;
  // `kubectl create -f` of one object or several, YAML or JSON.
  void Create(const std::string& manifest);

  // SIGKILL to "kube-apiserver" or "kubelet" of a restartable cluster, and the
  // same again: with its arguments, on its port and its data.
  void Kill(const std::string& part);
  void Start(const std::string& part);

  // The log of "kube-apiserver" or "kubelet".
  std::string Log(const std::string& part) const;
  // A metric's value over all its labels that contain `label`, from the
  // /metrics of "kube-apiserver" or "kubelet"; 0 if there is none.
  double Metric(const std::string& part, const std::string& name,
                const std::string& label = "") const;

  // Where "kube-apiserver" or "kubelet" serves HTTPS, on loopback.
  uint16_t port(const std::string& part) const;

  // The process of "kube-apiserver", "kubelet" or "fairway-up".
  pid_t pid(const std::string& part) const;

  const std::string& folder() const { return folder_; }
  // SIGTERM, and the exit status of fairway-up, or of what was started in its
  // place; -1 if it had to be killed.
  int Stop();

 private:
  void CreateFrom(const std::string& path);
  void StartUp();
  // From fairway-up's parts to ones of our own.
  void TakeOver();
  int StopParts();

  ClusterOptions options_;
  std::string folder_;
  std::unique_ptr<Process> up_;
  std::map<std::string, pid_t> pids_;  // of fairway-up and its parts
  struct Part {
    std::vector<std::string> argv;
    std::unique_ptr<Process> process;
  };
  std::map<std::string, Part> parts_;  // of a restartable cluster
  int reserved_fd_ = -1;               // its API server's port
};

// `kubectl port-forward`, ready to take connections.
class PortForward {
 public:
  // `ports` are remote ports; each gets any free local one. `env` is added to
  // kubectl's environment ("NAME=value").
  PortForward(const Cluster& cluster, Kubectl which, const std::string& target,
              const std::vector<uint16_t>& ports,
              const std::vector<std::string>& flags = {},
              const std::vector<std::string>& env = {});
  // As a person types it behind `kubectl port-forward`, with `ports` remote
  // ports in all, different ones.
  PortForward(const Cluster& cluster, Kubectl which,
              std::vector<std::string> args, size_t ports,
              const std::vector<std::string>& env = {});
  ~PortForward();

  uint16_t local(uint16_t remote) const { return local_.at(remote); }
  // Whether it runs, and has lost no session so far.
  bool running();
  // Its exit status, if it ends by itself within `timeout`.
  std::optional<int> Wait(Seconds timeout) { return process_->Wait(timeout); }
  pid_t pid() const { return process_->pid(); }
  // The signal and the exit status; -1 if it had to be killed.
  int Stop(int signal = SIGINT);
  std::string Stderr() const;

 private:
  std::string folder_;
  std::unique_ptr<Process> process_;
  std::map<uint16_t, uint16_t> local_;
};

// The path of a kubectl's binary.
std::string KubectlPath(Kubectl which);

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_CLUSTER_H_
