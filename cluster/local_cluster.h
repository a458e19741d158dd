// SPDX-License-Identifier: Apache-2.0
// A cluster of one node: API server and kubelet as processes of their own on
// loopback, and a scheduler here.
#ifndef CLUSTER_LOCAL_CLUSTER_H_
#define CLUSTER_LOCAL_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/process/subprocess.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "client/rest/rest_client.h"
#include "cluster/scheduler.h"

namespace fairway::cluster {

struct Options {
  std::string data_dir;
  std::string runtime = "process";  // "docker", "remote"
  std::string docker_endpoint;
  std::string container_runtime_endpoint;  // for "remote"
  uint16_t secure_port = 0;                // 0: any free one
  std::string node_name;                   // empty: the host's name
  std::string port_forward_dial = "netns";
  bool redirect_container_streaming = false;
  std::string pod_infra_container_image;
  int verbosity = 0;
};

// Errors: kInvalidArgument, naming the flag: no data folder, a runtime that
// there is not, "remote" without an endpoint, a data folder whose path leaves
// no room for the sockets below it.
absl::Status ValidateOptions(const Options& options);

// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies.
class LocalCluster {
 public:
  explicit LocalCluster(Executor executor, Options options);

  // Makes the data folder and certificates, starts the parts, writes
  // kubeconfig, and waits until a pod can be created.
  // Errors: what a part said last, if it ended.
  Task<absl::Status> Start(absl::Duration timeout);
  // Returns when a part ends by itself, with its last words; or kCancelled.
  Task<absl::Status> Wait();
  // SIGTERM to the parts, the kubelet first; SIGKILL to what is left.
  Task<absl::Status> Stop();

  std::string kubeconfig() const;
  uint16_t port() const { return port_; }
  // What was started, a line each, for people.
  std::string Describe() const;

 private:
  struct Part {
    std::string name;
    std::string log_path;
    std::unique_ptr<Subprocess> process;
  };

  absl::Status PrepareFolder();
  absl::Status ReservePort();
  // Certificates, both kubeconfigs, and a client of our own.
  absl::Status MakeCredentials();
  absl::Status StartPart(const std::string& program,
                         std::vector<std::string> args, Part* part);
  absl::Status StartApiServer();
  absl::Status StartKubelet();
  Task<absl::Status> WaitReady();
  Task<absl::Status> PartEnded(Part* part);
  Task<absl::Status> FirstEnd();

  Executor executor_;
  Options options_;
  uint16_t port_ = 0;
  int reserved_fd_ = -1;
  Part apiserver_;
  Part kubelet_;
  std::unique_ptr<rest::RESTClient> client_;
  std::unique_ptr<Scheduler> scheduler_;
  TaskGroup tasks_;
};

}  // namespace fairway::cluster

#endif  // CLUSTER_LOCAL_CLUSTER_H_
