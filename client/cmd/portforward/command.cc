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
#include "client/cmd/portforward/ready_fd.h"

namespace fairway::cmd {
namespace {

constexpr char kLongHelp[] =
    "Forward one or more local ports to a pod.\n\n"
    " The target is TYPE/NAME, or a pod's name alone: a pod, or what has pods "
    "(deployment, replicaset, statefulset, daemonset, job, service, "
    "replicationcontroller), of which one that runs is chosen. A remote port "
    "is "
    "a number or a name; of a service it is the service's port.\n\n"
    " Every connection to a local port becomes a connection to the pod's port. "
    "The command runs until it is interrupted. When the pod is replaced or the "
    "network drops, the local ports stay open, connections that were open are "
    "reset, and new ones wait for a way to a pod; --reconnect=false ends the "
    "command instead.\n\n"
    " Several forwards are parted by --, or are listed in a file (-f), and run "
    "each on its own: one that fails says so, the others go on, and the exit "
    "code is 1 in the end.\n\n"
    "File of -f (YAML or JSON):\n"
    "  forwards:\n"
    "  - target: svc/web             # required\n"
    "    ports: [8080:80, \":https\"]  # required\n"
    "    name: web                   # before its lines; default: the target\n"
    "    namespace: shop\n"
    "    context: staging\n"
    "    addresses: [localhost]\n"
    "    pods: round-robin\n\n"
    "Events of -o json, one a line, each with time, event, forward:\n"
    "  listening     localAddress localPort | unixPath; remotePort pod\n"
    "  connected     pod namespace podUID\n"
    "  reconnecting  pod namespace podUID reason\n"
    "  accepted      connection; local end as above\n"
    "  closed        connection; local end; pod sentBytes receivedBytes "
    "durationSeconds [error]\n"
    "  error         message [final]";

constexpr char kExample[] =
    "  # Listen on ports 5000 and 6000, forward to the same ports of the "
    "pod\n"
    "  kubectl port-forward pod/mypod 5000 6000\n"
    "  \n"
    "  # Listen on port 5000 and 6000, forward to the same ports of a pod of "
    "the deployment\n"
    "  kubectl port-forward deployment/mydeployment 5000 6000\n"
    "  \n"
    "  # Listen on port 8443, forward to the port named https of the service, "
    "in a pod of it\n"
    "  kubectl port-forward service/myservice 8443:https\n"
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
    "  kubectl port-forward pod/mypod :https\n"
    "  \n"
    "  # Listen on a Unix socket, forward to 5432 in the pod\n"
    "  kubectl port-forward pod/mydb unix:/run/user/1000/db.sock:5432\n"
    "  \n"
    "  # Forward to two services, and show what goes on\n"
    "  kubectl port-forward --stats svc/web 8080:80 -- svc/api 9090:90\n"
    "  \n"
    "  # Send each new connection to the next pod of the service\n"
    "  kubectl port-forward --pods=round-robin svc/web 8080:80\n"
    "  \n"
    "  # Run the forwards of a file, and tell another program of them\n"
    "  kubectl port-forward -f forwards.yaml -o json";

std::vector<Flag> AddressFlags(PortForwardFlags* flags) {
  return {
      StringSliceFlag("address", 0, &flags->addresses,
                      "Addresses to listen on (comma separated): IPs, or "
                      "localhost, which is 127.0.0.1 and ::1 and fails only "
                      "when neither can be bound. Unix sockets have none"),
      StringFlag("unix-socket-mode", 0, &flags->unix_socket_mode,
                 "The permissions of a local end unix:PATH, in octal"),
      StringSliceFlag("filename", 'f', &flags->filenames,
                      "Files that list forwards (- is standard input)"),
  };
}

std::vector<Flag> PodFlags(PortForwardFlags* flags) {
  return {
      DurationFlag("pod-running-timeout", &flags->pod_running_timeout,
                   "How long (like 5s, 2m, or 3h, higher than zero) to wait "
                   "until at least one pod is running"),
      StringFlag("pods", 0, &flags->pods,
                 "Which of a target's pods a new connection goes to: "
                 "\"one\" (the same as long as it can be used), "
                 "\"each\" (every pod has local ports of its own, "
                 "counted up from LOCAL_PORT) or \"round-robin\" "
                 "(the next one that is ready)"),
      BoolFlag("reconnect", 0, &flags->reconnect,
               "Keep the local ports when the way to the pod is lost, and make "
               "it again, to another pod if need be. If false, the command "
               "ends then"),
      DurationFlag("reconnect-timeout", &flags->reconnect_timeout,
                   "How long (like 5s, 2m, or 3h, higher than zero) a new "
                   "connection waits for a way to a pod"),
  };
}

std::vector<Flag> OutputFlags(PortForwardFlags* flags) {
  Flag ready_fd;
  ready_fd.name = "ready-fd";
  ready_fd.default_text = "-1";
  ready_fd.help =
      "A file descriptor, 3 or above, that gets \"ready\\n\" and is closed "
      "when "
      "all local ports are open";
  // While nothing else is open that could have the number.
  ready_fd.set = [flags](const std::string& value) {
    absl::StatusOr<int> fd = ParseReadyFd(value);
    if (fd.ok()) flags->ready_fd = *fd;
    return fd.status();
  };
  return {
      StringFlag("output", 'o', &flags->output,
                 "\"json\" for one event a line on standard output"),
      StringFlag("ports-file", 0, &flags->ports_file,
                 "A file that is written, as JSON and at once, when all local "
                 "ports are open, and removed at the end"),
      std::move(ready_fd),
      BoolFlag("quiet", 'q', &flags->quiet,
               "Write no line for what listens and what connects; errors are "
               "written"),
      BoolFlag(
          "stats", 0, &flags->stats,
          "Show a table of the forwards on the terminal, anew each second; "
          "where standard error is none, lines every 5 seconds"),
  };
}

std::vector<Flag> SessionFlags(PortForwardFlags* flags) {
  return {
      StringFlag("session-per-connection", 0, &flags->session_per_connection,
                 "Whether each forwarded connection gets a session of its "
                 "own with the server, so that one that stands still "
                 "cannot stop the others: \"auto\" (unless the server "
                 "keeps the streams of one session apart), \"always\" or "
                 "\"never\""),
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
}

}  // namespace

Command NewCmdPortForward() {
  auto flags = std::make_shared<PortForwardFlags>();
  Command command;
  command.name = "port-forward";
  command.group = "Troubleshooting and Debugging Commands:";
  command.short_help = "Forward one or more local ports to a pod";
  command.long_help = kLongHelp;
  command.example = kExample;
  command.use =
      "port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT "
      "[...[LOCAL_PORT_N:]REMOTE_PORT_N] [-- TYPE/NAME ...]";
  for (auto group : {AddressFlags, PodFlags, OutputFlags, SessionFlags}) {
    for (Flag& flag : group(flags.get())) {
      command.flags.push_back(std::move(flag));
    }
  }
  command.keeps_separators = true;
  command.run = [flags](Factory* factory,
                        std::vector<std::string> args) -> Task<absl::Status> {
    PortForwardOptions options(factory, *flags);
    FAIRWAY_CO_RETURN_IF_ERROR(options.Complete(args));
    FAIRWAY_CO_RETURN_IF_ERROR(options.Validate());
    absl::Status status = co_await options.RunPortForward();
    co_return status;
  };
  return command;
}

}  // namespace fairway::cmd
