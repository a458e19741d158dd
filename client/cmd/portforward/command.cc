// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdPortForward of k8s.io/kubectl/pkg/cmd/portforward/
// portforward.go (v0.20.2)
#include "client/cmd/portforward/command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status/co_status.h"
#include "client/cmd/portforward/port_forward.h"

namespace fairway::cmd {
namespace {

struct Flags {
  std::vector<std::string> addresses = {"localhost"};
  std::string pod_running_timeout = "1m0s";
  std::string session_per_connection = "auto";
  std::string ping_timeout = "30s";
  int max_stream_window_bytes = 16 << 20;
};

}  // namespace

Command NewCmdPortForward() {
  auto flags = std::make_shared<Flags>();
  Command command;
  command.name = "port-forward";
  command.group = "Troubleshooting and Debugging Commands:";
  command.short_help = "Forward one or more local ports to a pod";
  command.long_help =
      "Forward one or more local ports to a pod.\n\n"
      " The pod is named by its type and name, as pod/mypod, or by its name "
      "alone.\n\n"
      " Every connection to a local port becomes a connection to the pod's "
      "port. The command runs until it is interrupted, or until the pod can "
      "no longer be reached.";
  command.example =
      "  # Listen on ports 5000 and 6000, forward to the same ports of the "
      "pod\n"
      "  kubectl port-forward pod/mypod 5000 6000\n"
      "  \n"
      "  # Listen on port 8888, forward to 5000 in the pod\n"
      "  kubectl port-forward pod/mypod 8888:5000\n"
      "  \n"
      "  # Listen on port 8888 of all addresses\n"
      "  kubectl port-forward --address 0.0.0.0 pod/mypod 8888:5000\n"
      "  \n"
      "  # Listen on port 8888 of localhost and of one address more\n"
      "  kubectl port-forward --address localhost,10.19.21.23 pod/mypod "
      "8888:5000\n"
      "  \n"
      "  # Listen on a port that the system chooses, forward to the "
      "container's port named https\n"
      "  kubectl port-forward pod/mypod :https";
  command.use =
      "port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT "
      "[...[LOCAL_PORT_N:]REMOTE_PORT_N]";
  command.flags = {
      StringSliceFlag("address", 0, &flags->addresses,
                      "Addresses to listen on (comma separated): IPs, or "
                      "localhost, which is 127.0.0.1 and ::1 and fails only "
                      "when neither can be bound"),
      DurationFlag("pod-running-timeout", &flags->pod_running_timeout,
                   "How long (like 5s, 2m, or 3h, higher than zero) to wait "
                   "until at least one pod is running"),
      StringFlag("session-per-connection", 0, &flags->session_per_connection,
                 "Whether each forwarded connection gets a session of its own "
                 "with the server, so that one that stands still cannot stop "
                 "the others: \"auto\" (unless the server keeps the streams "
                 "of one session apart), \"always\" or \"never\""),
      DurationFlag("ping-timeout", &flags->ping_timeout,
                   "How long (like 5s, 2m, or 3h, higher than zero) a server "
                   "may leave a ping unanswered before the connection to it "
                   "counts as lost"),
      IntFlag("max-stream-window-bytes", 0, &flags->max_stream_window_bytes,
              "How many bytes of one connection may be under way to here, at "
              "most (65536 to 2147483647). More fills a fast link of long "
              "delay, and costs that much memory where a connection is not "
              "read"),
  };
  command.run = [flags](Factory* factory,
                        std::vector<std::string> args) -> Task<absl::Status> {
    PortForwardOptions options(factory);
    options.addresses = flags->addresses;
    options.pod_running_timeout = flags->pod_running_timeout;
    options.session_per_connection = flags->session_per_connection;
    options.ping_timeout = flags->ping_timeout;
    options.max_stream_window_bytes = flags->max_stream_window_bytes;
    absl::Status status = co_await options.Complete(std::move(args));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    FAIRWAY_CO_RETURN_IF_ERROR(options.Validate());
    status = co_await options.RunPortForward();
    co_return status;
  };
  return command;
}

}  // namespace fairway::cmd
