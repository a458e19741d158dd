// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2)
#ifndef CLIENT_CMD_PORTFORWARD_PORT_FORWARD_H_
#define CLIENT_CMD_PORTFORWARD_PORT_FORWARD_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"
#include "client/cmd/portforward/forward_group.h"
#include "client/cmd/portforward/forward_run.h"
#include "client/cmd/portforward/forward_spec.h"
#include "client/cmd/portforward/ready_fd.h"
#include "client/tools/portforward/forward_options.h"
#include "client/tools/portforward/target.h"
#include "httpstream/spdy/session_options.h"

namespace fairway::cmd {

// What the flags of port-forward say, as typed.
struct PortForwardFlags {
  std::vector<std::string> addresses = {"localhost"};
  std::string pod_running_timeout = "1m0s";
  std::string session_per_connection = "auto";
  std::string ping_timeout = "30s";
  int max_stream_window_bytes = 16 << 20;
  bool reconnect = true;
  std::string reconnect_timeout = "30s";
  std::string pods = "one";
  std::vector<std::string> filenames;
  std::string output;
  std::string ports_file;
  int ready_fd = kNoReadyFd;
  bool quiet = false;
  bool stats = false;
  std::string unix_socket_mode = "0600";
};

class PortForwardOptions {
 public:
  // `factory` outlives it.
  PortForwardOptions(Factory* factory, PortForwardFlags flags);
  ~PortForwardOptions();

  // `args` are TYPE/NAME and ports, and more of them behind each "--". Reads
  // the files of --filename; asks no server.
  absl::Status Complete(const std::vector<std::string>& args);
  absl::Status Validate() const;
  // Errors: of ForwardGroup::Run.
  Task<absl::Status> RunPortForward();

 private:
  absl::Status CompleteForwards(const std::vector<std::string>& args);
  absl::Status CompleteSession();
  absl::Status CompleteOutput();
  absl::StatusOr<portforward::ForwardOptions> OptionsOf(
      const ForwardSpec& forward) const;
  // That of the forward's context.
  Factory* FactoryOf(const ForwardSpec& forward);
  ForwardPlan PlanOf(const ForwardSpec& forward);
  absl::StatusOr<std::unique_ptr<portforward::PodSource>> NewPodSource(
      Factory* factory, const ForwardSpec& forward, const std::string& ns,
      portforward::Pods pods) const;
  Task<absl::Status> CloseFactories();

  Factory* const factory_;
  const PortForwardFlags flags_;
  std::vector<ForwardSpec> forwards_;
  absl::Duration pod_running_timeout_;
  httpstream::spdy::SessionOptions session_;
  portforward::ForwardOptions options_;  // but for its addresses and pods
  GroupOptions output_;
  std::map<std::string, std::unique_ptr<Factory>> factories_;  // by context
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_PORT_FORWARD_H_
