// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2)
#include "client/cmd/portforward/port_forward.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status/co_status.h"
#include "base/time/go_time.h"
#include "client/cmd/check_err.h"
#include "client/cmd/portforward/forwards_file.h"
#include "client/cmd/resources.h"
#include "client/cmd/source.h"
#include "client/polymorphichelpers/target_pods.h"
#include "client/tools/portforward/ports.h"

namespace fairway::cmd {
namespace {

using portforward::ForwardOptions;
using portforward::Pods;
using portforward::SessionPerConnection;

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
absl::Status InvalidValue(absl::string_view flag, absl::string_view value,
                          absl::string_view want) {
  return UsageError(kCommand, absl::StrCat("invalid ", flag, " value (", value,
                                           "). Must be ", want, "."));
}

absl::StatusOr<SessionPerConnection> ParseSessionPerConnection(
    const std::string& text) {
  if (text == "auto") return SessionPerConnection::kAuto;
  if (text == "always") return SessionPerConnection::kAlways;
  if (text == "never") return SessionPerConnection::kNever;
  return InvalidValue("session-per-connection", text,
                      "\"auto\", \"always\", or \"never\"");
}

absl::StatusOr<Pods> ParsePods(const std::string& text) {
  if (text == "one") return Pods::kOne;
  if (text == "each") return Pods::kEach;
  if (text == "round-robin") return Pods::kRoundRobin;
  return InvalidValue("pods", text, "\"one\", \"each\", or \"round-robin\"");
}

absl::StatusOr<mode_t> ParseMode(const std::string& text) {
  mode_t mode = 0;
  bool valid = !text.empty() && text.size() <= 4;
  for (char c : text) {
    valid = valid && c >= '0' && c <= '7';
    mode = mode * 8 + (c - '0');
  }
  if (valid && mode <= 0777) return mode;
  return InvalidValue("unix-socket-mode", text, "octal, from 0 to 0777");
}

}  // namespace

PortForwardOptions::PortForwardOptions(Factory* factory, PortForwardFlags flags)
    : factory_(factory), flags_(std::move(flags)) {}

PortForwardOptions::~PortForwardOptions() = default;

absl::Status PortForwardOptions::Complete(
    const std::vector<std::string>& args) {
  FAIRWAY_RETURN_IF_ERROR(CompleteForwards(args));
  absl::StatusOr<rest::ClientConfig> config = factory_->ToClientConfig();
  // One of several forwards may have a context of its own.
  if (!config.ok() && forwards_.size() == 1 && forwards_[0].context.empty()) {
    return config.status();
  }
  absl::StatusOr<absl::Duration> timeout =
      PositiveTimeout("pod-running-timeout", flags_.pod_running_timeout);
  if (!timeout.ok()) return timeout.status();
  pod_running_timeout_ = *timeout;
  FAIRWAY_RETURN_IF_ERROR(CompleteSession());
  return CompleteOutput();
}

absl::Status PortForwardOptions::CompleteForwards(
    const std::vector<std::string>& args) {
  if (args.empty() && flags_.filenames.empty()) {
    return UsageError(
        kCommand, "TYPE/NAME and list of ports are required for port-forward");
  }
  absl::StatusOr<std::vector<ForwardSpec>> typed = ForwardsOfArgs(args);
  if (!typed.ok()) return typed.status();
  forwards_ = *std::move(typed);
  for (const std::string& filename : flags_.filenames) {
    absl::StatusOr<Source> source = ReadSource(*factory_, filename);
    if (!source.ok()) return source.status();
    absl::StatusOr<std::vector<ForwardSpec>> read = ForwardsOfFile(*source);
    if (!read.ok()) return read.status();
    std::move(read->begin(), read->end(), std::back_inserter(forwards_));
  }
  return NameForwards(&forwards_);
}

absl::Status PortForwardOptions::CompleteSession() {
  absl::StatusOr<SessionPerConnection> mode =
      ParseSessionPerConnection(flags_.session_per_connection);
  if (!mode.ok()) return mode.status();
  options_.mode = *mode;
  absl::StatusOr<absl::Duration> timeout =
      PositiveTimeout("ping-timeout", flags_.ping_timeout);
  if (!timeout.ok()) return timeout.status();
  session_.ping_timeout = *timeout;
  if (flags_.max_stream_window_bytes < kMinStreamWindowBytes) {
    return UsageError(
        kCommand,
        absl::StrCat("--max-stream-window-bytes must be between ",
                     kMinStreamWindowBytes, " and ", kMaxStreamWindowBytes));
  }
  session_.max_stream_window_bytes = flags_.max_stream_window_bytes;
  session_.stream_window_bytes =
      std::min(session_.stream_window_bytes, session_.max_stream_window_bytes);
  session_.name = "kubectl";
  options_.reconnect = flags_.reconnect;
  timeout = PositiveTimeout("reconnect-timeout", flags_.reconnect_timeout);
  if (!timeout.ok()) return timeout.status();
  options_.reconnect_timeout = *timeout;
  absl::StatusOr<mode_t> socket_mode = ParseMode(flags_.unix_socket_mode);
  if (!socket_mode.ok()) return socket_mode.status();
  options_.unix_socket_mode = *socket_mode;
  return absl::OkStatus();
}

absl::Status PortForwardOptions::CompleteOutput() {
  if (flags_.output == "json") {
    output_.format = OutputFormat::kJson;
  } else if (!flags_.output.empty()) {
    return UsageError(kCommand, "--output must be 'json'");
  } else if (flags_.quiet) {
    output_.format = OutputFormat::kQuiet;
  }
  if (!flags_.ports_file.empty()) {
    output_.ports_file = TypedPath(flags_.ports_file);
  }
  output_.ready_fd = flags_.ready_fd;
  output_.stats = flags_.stats;
  return absl::OkStatus();
}

absl::Status PortForwardOptions::Validate() const {
  if (forwards_.empty()) {
    return UsageError(kCommand, "at least 1 forward is required");
  }
  for (const ForwardSpec& forward : forwards_) {
    absl::Status valid = OptionsOf(forward).status();
    if (valid.ok()) continue;
    if (forwards_.size() == 1) return valid;
    return absl::Status(valid.code(),
                        absl::StrCat(forward.name, ": ", valid.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<ForwardOptions> PortForwardOptions::OptionsOf(
    const ForwardSpec& forward) const {
  ForwardOptions options = options_;
  const std::vector<std::string>& addresses =
      forward.addresses.empty() ? flags_.addresses : forward.addresses;
  if (addresses.empty()) {
    return absl::InvalidArgumentError("you must specify at least 1 address");
  }
  absl::StatusOr<std::vector<portforward::ListenAddress>> parsed =
      portforward::ParseAddresses(addresses);
  if (!parsed.ok()) return parsed.status();
  options.addresses = *std::move(parsed);
  absl::StatusOr<Pods> pods =
      ParsePods(forward.pods.empty() ? flags_.pods : forward.pods);
  if (!pods.ok()) return pods.status();
  options.pods = *pods;
  return options;
}

Task<absl::Status> PortForwardOptions::RunPortForward() {
  std::vector<ForwardPlan> plans;
  for (const ForwardSpec& forward : forwards_) {
    plans.push_back(PlanOf(forward));
  }
  absl::Status status;
  {
    ForwardGroup group(factory_->executor(), factory_->streams(), output_,
                       std::move(plans));
    status = co_await group.Run();
  }
  absl::Status closed = co_await CloseFactories();
  closed.IgnoreError();
  co_return status;
}

Factory* PortForwardOptions::FactoryOf(const ForwardSpec& forward) {
  if (forward.context.empty() ||
      forward.context == factory_->flags().overrides.context) {
    return factory_;
  }
  std::unique_ptr<Factory>& factory = factories_[forward.context];
  if (factory == nullptr) {
    ConfigFlags flags = factory_->flags();
    flags.overrides.context = forward.context;
    factory =
        std::make_unique<Factory>(factory_->executor(), std::move(flags),
                                  factory_->dialers(), factory_->streams());
  }
  return factory.get();
}

ForwardPlan PortForwardOptions::PlanOf(const ForwardSpec& forward) {
  ForwardPlan plan;
  plan.name = forward.name;
  plan.target = forward.target;
  absl::StatusOr<ForwardOptions> options = OptionsOf(forward);
  if (!options.ok()) {
    plan.pods = options.status();
    return plan;
  }
  plan.options = *std::move(options);
  Factory* factory = FactoryOf(forward);
  absl::StatusOr<rest::ClientConfig> config = factory->ToClientConfig();
  if (!config.ok()) {
    plan.pods = config.status();
    return plan;
  }
  plan.namespace_ =
      forward.namespace_.empty() ? config->namespace_ : forward.namespace_;
  plan.pods =
      NewPodSource(factory, forward, plan.namespace_, plan.options.pods);
  return plan;
}

absl::StatusOr<std::unique_ptr<portforward::PodSource>>
PortForwardOptions::NewPodSource(Factory* factory, const ForwardSpec& forward,
                                 const std::string& ns, Pods pods) const {
  absl::StatusOr<ResourceArgs> target =
      ParseResourceArgs({forward.target}, "pods");
  if (!target.ok()) return target.status();
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) return client.status();
  polymorphichelpers::TargetPodsOptions options;
  options.kind = target->kind;
  options.name = target->names[0];
  options.namespace_ = ns;
  options.ports = forward.ports;
  options.pod_running_timeout = pod_running_timeout_;
  options.reconnect = flags_.reconnect;
  options.ready_only = pods != Pods::kOne;
  polymorphichelpers::PodDialer dialer =
      [factory, raw = *client, ns, session = session_](const std::string& name)
      -> absl::StatusOr<std::unique_ptr<httpstream::Dialer>> {
    absl::StatusOr<rest::ClientConfig> config = factory->ToClientConfig();
    if (!config.ok()) return config.status();
    rest::Resource resource = ResourceOf(*FindKind("Pod"), ns, name);
    resource.subresource = "portforward";
    return factory->dialers()(factory->executor(), config->config, "POST",
                              raw->URL(resource), session);
  };
  return std::make_unique<polymorphichelpers::TargetPods>(
      factory->executor(), *client, std::move(dialer), std::move(options));
}

Task<absl::Status> PortForwardOptions::CloseFactories() {
  for (const auto& [context, factory] : factories_) {
    absl::Status closed = co_await factory->Close();
    closed.IgnoreError();
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::cmd
