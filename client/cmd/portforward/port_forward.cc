// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2)
#include "client/cmd/portforward/port_forward.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "base/status/co_status.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "base/time/go_time.h"
#include "client/cmd/check_err.h"
#include "client/cmd/resources.h"
#include "client/tools/portforward/portforward.h"
#include "client/tools/portforward/text_observer.h"

namespace fairway::cmd {
namespace {

constexpr char kCommand[] = "port-forward";

// The windows that SPDY knows: what every stream begins with, and 31 bits.
constexpr int kMinStreamWindowBytes = 64 * 1024;
constexpr int kMaxStreamWindowBytes = 0x7fffffff;

absl::StatusOr<absl::Duration> PositiveTimeout(absl::string_view flag,
                                               const std::string& text) {
  absl::StatusOr<absl::Duration> timeout = ParseGoDuration(text);
  if (!timeout.ok()) return timeout.status();
  if (*timeout <= absl::ZeroDuration()) {
    return UsageError(kCommand,
                      absl::StrCat("--", flag, " must be higher than zero"));
  }
  return timeout;
}

// In the words that kubectl has for --cascade and --dry-run.
absl::StatusOr<portforward::SessionPerConnection> ParseSessionPerConnection(
    const std::string& text) {
  using portforward::SessionPerConnection;
  if (text == "auto") return SessionPerConnection::kAuto;
  if (text == "always") return SessionPerConnection::kAlways;
  if (text == "never") return SessionPerConnection::kNever;
  return UsageError(
      kCommand, absl::StrCat("invalid session-per-connection value (", text,
                             "). Must be \"auto\", \"always\", or \"never\"."));
}

// Whether Go's strconv.Atoi takes it.
bool IsGoInteger(absl::string_view text) {
  int64_t number = 0;
  const absl::string_view digits =
      text.substr(!text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0);
  return !digits.empty() &&
         std::all_of(digits.begin(), digits.end(),
                     [](char c) { return absl::ascii_isdigit(c); }) &&
         absl::SimpleAtoi(text, &number);
}

// Mirrors: util.LookupContainerPortNumberByName.
absl::optional<int> NamedPort(const api::Pod& pod, absl::string_view name) {
  for (const api::Container& container : pod.containers) {
    for (const api::ContainerPort& port : container.ports) {
      if (port.name == name) return port.container_port;
    }
  }
  return absl::nullopt;
}

Task<absl::StatusOr<api::Pod>> GetPod(Factory* factory, std::string ns,
                                      std::string name) {
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) co_return client.status();
  rest::Resource resource = ResourceOf(*FindKind("Pod"), ns, name);
  absl::StatusOr<std::string> json =
      co_await GetObject(*client, std::move(resource));
  if (!json.ok()) co_return json.status();
  co_return api::PodFromJson(*json);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ConvertPodNamedPortToNumber(
    const std::vector<std::string>& ports, const api::Pod& pod) {
  std::vector<std::string> converted;
  for (const std::string& port : ports) {
    // As upstream has it, what is behind a second colon is passed over.
    const std::vector<std::string> parts = absl::StrSplit(port, ':');
    const std::string& local = parts[0];
    const std::string& remote = parts.size() == 2 ? parts[1] : parts[0];
    std::string number = remote;
    if (!IsGoInteger(remote)) {
      absl::optional<int> named = NamedPort(pod, remote);
      if (!named.has_value()) {
        return absl::NotFoundError(
            absl::StrCat("Pod '", pod.metadata.name,
                         "' does not have a named port '", remote, "'"));
      }
      number = absl::StrCat(*named);
    }
    converted.push_back(local == remote ? number
                                        : absl::StrCat(local, ":", number));
  }
  return converted;
}

Task<absl::Status> PortForwardOptions::Complete(std::vector<std::string> args) {
  if (args.size() < 2) {
    co_return UsageError(
        kCommand, "TYPE/NAME and list of ports are required for port-forward");
  }
  absl::StatusOr<rest::ClientConfig> config = factory_->ToClientConfig();
  if (!config.ok()) co_return config.status();
  namespace_ = config->namespace_;
  absl::StatusOr<absl::Duration> timeout =
      PositiveTimeout("pod-running-timeout", pod_running_timeout);
  if (!timeout.ok()) co_return timeout.status();
  FAIRWAY_CO_RETURN_IF_ERROR(CompleteSession());
  absl::StatusOr<ResourceArgs> target = ParseResourceArgs({args[0]}, "pods");
  if (!target.ok()) co_return target.status();
  if (target->kind->kind != "Pod") {
    co_return absl::UnimplementedError(
        absl::StrCat("cannot forward ports of ", target->kind->plural,
                     ": name a pod, as in pod/NAME"));
  }
  // A pod that was named is taken as it is; only a choice of several would
  // wait for one to run.
  absl::StatusOr<api::Pod> pod =
      co_await GetPod(factory_, namespace_, target->names[0]);
  if (!pod.ok()) co_return pod.status();
  pod_name_ = pod->metadata.name;
  const std::vector<std::string> specs(args.begin() + 1, args.end());
  absl::StatusOr<std::vector<std::string>> ports =
      ConvertPodNamedPortToNumber(specs, *pod);
  if (!ports.ok()) co_return ports.status();
  ports_ = *std::move(ports);
  co_return absl::OkStatus();
}

absl::Status PortForwardOptions::CompleteSession() {
  absl::StatusOr<portforward::SessionPerConnection> mode =
      ParseSessionPerConnection(session_per_connection);
  if (!mode.ok()) return mode.status();
  mode_ = *mode;
  absl::StatusOr<absl::Duration> timeout =
      PositiveTimeout("ping-timeout", ping_timeout);
  if (!timeout.ok()) return timeout.status();
  session_.ping_timeout = *timeout;
  if (max_stream_window_bytes < kMinStreamWindowBytes) {
    return UsageError(
        kCommand,
        absl::StrCat("--max-stream-window-bytes must be between ",
                     kMinStreamWindowBytes, " and ", kMaxStreamWindowBytes));
  }
  session_.max_stream_window_bytes = max_stream_window_bytes;
  session_.stream_window_bytes =
      std::min(session_.stream_window_bytes, session_.max_stream_window_bytes);
  session_.name = "kubectl";
  return absl::OkStatus();
}

absl::Status PortForwardOptions::Validate() const {
  if (pod_name_.empty()) {
    return UsageError(kCommand,
                      "pod name or resource type/name must be specified");
  }
  if (ports_.empty()) {
    return UsageError(kCommand, "at least 1 PORT is required for port-forward");
  }
  return absl::OkStatus();
}

Task<absl::Status> PortForwardOptions::RunPortForward() {
  absl::StatusOr<api::Pod> pod =
      co_await GetPod(factory_, namespace_, pod_name_);
  if (!pod.ok()) co_return pod.status();
  if (absl::string_view(pod->phase) != api::kPodRunning) {
    co_return absl::FailedPreconditionError(absl::StrCat(
        "unable to forward port because pod is not running. Current status=",
        pod->phase));
  }
  absl::StatusOr<rest::ClientConfig> config = factory_->ToClientConfig();
  if (!config.ok()) co_return config.status();
  absl::StatusOr<rest::RESTClient*> client = factory_->RESTClient();
  if (!client.ok()) co_return client.status();
  rest::Resource resource =
      ResourceOf(*FindKind("Pod"), namespace_, pod->metadata.name);
  resource.subresource = "portforward";
  DefaultPortForwarder forwarder(factory_, mode_, session_);
  absl::Status status = co_await forwarder.ForwardPorts(
      "POST", (*client)->URL(resource), config->config, addresses, ports_);
  co_return status;
}

Task<absl::Status> DefaultPortForwarder::ForwardPorts(
    std::string method, net::http::Url url, rest::Config config,
    std::vector<std::string> addresses, std::vector<std::string> ports) {
  Executor executor = factory_->executor();
  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> dialer =
      factory_->dialers()(executor, config, method, url, session_);
  if (!dialer.ok()) co_return dialer.status();
  // Whoever does not read our lines must not stop the connections.
  const IOStreams& streams = factory_->streams();
  std::ostream* out = streams.lossy_out ? streams.lossy_out : streams.out;
  std::ostream* err_out =
      streams.lossy_err_out ? streams.lossy_err_out : streams.err_out;
  portforward::TextObserver observer(out, err_out);
  absl::StatusOr<std::unique_ptr<portforward::PortForwarder>> forwarder =
      portforward::NewOnAddresses(executor, *std::move(dialer), addresses,
                                  ports, &observer, mode_);
  if (!forwarder.ok()) co_return forwarder.status();
  portforward::PortForwarder* raw = forwarder->get();
  TaskGroup signals(executor);
  signals.Spawn([raw]() -> Task<absl::Status> {
    std::vector<int> numbers = {SIGINT, SIGTERM};
    absl::StatusOr<int> signal = co_await WaitForSignal(std::move(numbers));
    if (signal.ok()) raw->Stop();
    co_return signal.status();
  });
  absl::Status status = co_await raw->ForwardPorts();
  signals.Cancel();
  absl::Status joined = co_await signals.Join();
  joined.IgnoreError();
  co_return status;
}

}  // namespace fairway::cmd
