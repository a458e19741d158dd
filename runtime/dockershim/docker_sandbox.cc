// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_sandbox.go (v1.20.2)
#include <glog/logging.h>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "runtime/dockershim/convert.h"
#include "runtime/dockershim/docker_runtime_service.h"
#include "runtime/dockershim/naming.h"
#include "runtime/netns/pod_address.h"

namespace fairway::runtime::dockershim {
namespace {

constexpr int kDefaultSandboxOomAdj = -998;
constexpr int64_t kDefaultSandboxCpuShares = 2;
constexpr absl::Duration kDefaultSandboxGracePeriod = absl::Seconds(10);
constexpr char kNamespaceModeHost[] = "host";

const char* ProtocolName(runtimeapi::Protocol protocol) {
  switch (protocol) {
    case runtimeapi::UDP:
      return "udp";
    case runtimeapi::SCTP:
      return "sctp";
    default:
      return "tcp";
  }
}

void ApplyNetworking(const runtimeapi::PodSandboxConfig& config,
                     libdocker::ContainerCreateConfig& create) {
  for (const runtimeapi::PortMapping& mapping : config.port_mappings()) {
    // Only these are published; a pod's other ports need no mapping.
    if (mapping.host_port() <= 0) continue;
    create.port_bindings.push_back(
        {absl::StrCat(mapping.container_port(), "/",
                      ProtocolName(mapping.protocol())),
         mapping.host_ip(), mapping.host_port()});
  }
  const runtimeapi::DNSConfig& dns = config.dns_config();
  create.dns.assign(dns.servers().begin(), dns.servers().end());
  create.dns_search.assign(dns.searches().begin(), dns.searches().end());
  create.dns_options.assign(dns.options().begin(), dns.options().end());
}

// The pod's address: Docker's, or one that is only a name for a pod that has
// none; empty on the node's network, where the kubelet knows it.
std::string AddressOf(const libdocker::ContainerJson& sandbox,
                      const std::string& pod_uid) {
  if (sandbox.network_mode == kNamespaceModeHost) return "";
  if (!sandbox.ip_address.empty()) return sandbox.ip_address;
  if (!sandbox.global_ipv6_address.empty()) return sandbox.global_ipv6_address;
  return netns::PodAddress(pod_uid, 0);
}

runtimeapi::NamespaceMode ModeOf(const std::string& docker_mode) {
  return docker_mode == kNamespaceModeHost ? runtimeapi::NODE : runtimeapi::POD;
}

}  // namespace

Task<absl::Status> DockerRuntimeService::EnsureSandboxImageExists() {
  absl::StatusOr<libdocker::Image> image =
      co_await client_.InspectImage(options_.pod_infra_container_image);
  if (!absl::IsNotFound(image.status())) co_return image.status();
  absl::Status pulled =
      co_await client_.PullImage(options_.pod_infra_container_image);
  if (!pulled.ok()) {
    co_return absl::Status(pulled.code(),
                           absl::StrCat("unable to pull sandbox image \"",
                                        options_.pod_infra_container_image,
                                        "\": ", pulled.message()));
  }
  co_return absl::OkStatus();
}

libdocker::ContainerCreateConfig DockerRuntimeService::MakeSandboxDockerConfig(
    const runtimeapi::PodSandboxConfig& config) const {
  libdocker::ContainerCreateConfig create;
  create.name = MakeSandboxName(config);
  create.image = options_.pod_infra_container_image;
  create.labels = MakeLabels(config.labels(), config.annotations());
  create.labels[kContainerTypeLabelKey] = kContainerTypeLabelSandbox;
  create.labels[kKubernetesContainerNameLabel] = kSandboxContainerName;
  create.cpu_shares = kDefaultSandboxCpuShares;
  create.cgroup_parent = config.linux().cgroup_parent();
  const auto& sysctls = config.linux().sysctls();
  create.sysctls = libdocker::StringMap(sysctls.begin(), sysctls.end());
  const runtimeapi::LinuxSandboxSecurityContext& security =
      config.linux().security_context();
  create.privileged = security.privileged();
  create.readonly_rootfs = security.readonly_rootfs();
  if (security.has_run_as_user()) {
    create.user = absl::StrCat(security.run_as_user().value());
  }
  const runtimeapi::NamespaceOption& namespaces = security.namespace_options();
  if (namespaces.network() == runtimeapi::NODE) {
    create.network_mode = kNamespaceModeHost;
  } else {
    create.network_mode = options_.pod_network;
    create.hostname = config.hostname();
    ApplyNetworking(config, create);
  }
  create.ipc_mode =
      namespaces.ipc() == runtimeapi::NODE ? kNamespaceModeHost : "shareable";
  if (namespaces.pid() == runtimeapi::NODE)
    create.pid_mode = kNamespaceModeHost;
  return create;
}

Task<absl::StatusOr<std::string>> DockerRuntimeService::CreateAndStart(
    libdocker::ContainerCreateConfig config) {
  absl::StatusOr<std::string> id =
      co_await client_.CreateContainer(std::move(config));
  if (!id.ok()) co_return id.status();
  absl::Status started = co_await client_.StartContainer(*id);
  if (started.ok()) co_return *id;
  absl::Status removed = co_await client_.RemoveContainer(*id);
  LOG_IF(WARNING, !removed.ok())
      << "Failed to remove container " << *id << ": " << removed.message();
  co_return started;
}

Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>>
DockerRuntimeService::RunPodSandbox(runtimeapi::RunPodSandboxRequest request) {
  absl::Status image = co_await EnsureSandboxImageExists();
  FAIRWAY_CO_RETURN_IF_ERROR(image);
  libdocker::ContainerCreateConfig config =
      MakeSandboxDockerConfig(request.config());
  const libdocker::ContainerCreateConfig without_oom_score = config;
  if (may_lower_oom_score_) config.oom_score_adj = kDefaultSandboxOomAdj;
  absl::StatusOr<std::string> id = co_await CreateAndStart(std::move(config));
  if (!id.ok() && may_lower_oom_score_ && !absl::IsAlreadyExists(id.status())) {
    absl::StatusOr<std::string> second =
        co_await CreateAndStart(without_oom_score);
    if (second.ok()) {
      may_lower_oom_score_ = false;
      LOG(WARNING) << "The kernel does not permit an oom score of "
                   << kDefaultSandboxOomAdj << ": sandboxes run without ("
                   << id.status().message() << ")";
    }
    id = std::move(second);
  }
  if (!id.ok()) {
    co_return absl::Status(
        id.status().code(),
        absl::StrCat("failed to start sandbox container for pod \"",
                     request.config().metadata().name(),
                     "\": ", id.status().message()));
  }
  runtimeapi::RunPodSandboxResponse response;
  response.set_pod_sandbox_id(*id);
  co_return response;
}

Task<absl::StatusOr<std::vector<libdocker::Container>>>
DockerRuntimeService::ContainersOf(std::string pod_sandbox_id) {
  libdocker::ContainerFilter filter;
  filter.labels[kContainerTypeLabelKey] = kContainerTypeLabelContainer;
  filter.labels[kSandboxIDLabelKey] = std::move(pod_sandbox_id);
  absl::StatusOr<std::vector<libdocker::Container>> containers =
      co_await client_.ListContainers(std::move(filter));
  co_return containers;
}

Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>>
DockerRuntimeService::StopPodSandbox(
    runtimeapi::StopPodSandboxRequest request) {
  const std::string& id = request.pod_sandbox_id();
  streaming_.Forget(id);
  absl::StatusOr<std::vector<libdocker::Container>> containers =
      co_await ContainersOf(id);
  if (!containers.ok()) co_return containers.status();
  for (const libdocker::Container& container : *containers) {
    absl::Status stopped =
        co_await client_.StopContainer(container.id, absl::ZeroDuration());
    if (!stopped.ok() && !absl::IsNotFound(stopped)) co_return stopped;
  }
  absl::Status stopped =
      co_await client_.StopContainer(id, kDefaultSandboxGracePeriod);
  // One that is gone needs no stop.
  if (!stopped.ok() && !absl::IsNotFound(stopped)) co_return stopped;
  co_return runtimeapi::StopPodSandboxResponse();
}

Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>>
DockerRuntimeService::RemovePodSandbox(
    runtimeapi::RemovePodSandboxRequest request) {
  const std::string& id = request.pod_sandbox_id();
  streaming_.Forget(id);
  absl::StatusOr<std::vector<libdocker::Container>> containers =
      co_await ContainersOf(id);
  if (!containers.ok()) co_return containers.status();
  for (const libdocker::Container& container : *containers) {
    runtimeapi::RemoveContainerRequest remove;
    remove.set_container_id(container.id);
    absl::StatusOr<runtimeapi::RemoveContainerResponse> removed =
        co_await RemoveContainer(std::move(remove));
    if (!removed.ok()) co_return removed.status();
  }
  absl::Status removed = co_await client_.RemoveContainer(id);
  if (!removed.ok() && !absl::IsNotFound(removed)) co_return removed;
  co_return runtimeapi::RemovePodSandboxResponse();
}

Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>>
DockerRuntimeService::PodSandboxStatus(
    runtimeapi::PodSandboxStatusRequest request) {
  absl::StatusOr<libdocker::ContainerJson> sandbox =
      co_await client_.InspectContainer(request.pod_sandbox_id());
  if (!sandbox.ok()) co_return sandbox.status();
  absl::StatusOr<absl::Time> created = ParseDockerTimestamp(sandbox->created);
  if (!created.ok()) co_return created.status();
  absl::StatusOr<runtimeapi::PodSandboxMetadata> metadata =
      ParseSandboxName(sandbox->name);
  if (!metadata.ok()) co_return metadata.status();
  runtimeapi::PodSandboxStatusResponse response;
  runtimeapi::PodSandboxStatus& status = *response.mutable_status();
  status.set_id(sandbox->id);
  status.set_state(sandbox->state.running ? runtimeapi::SANDBOX_READY
                                          : runtimeapi::SANDBOX_NOTREADY);
  status.set_created_at(absl::ToUnixNanos(*created));
  status.mutable_network()->set_ip(AddressOf(*sandbox, metadata->uid()));
  *status.mutable_metadata() = *metadata;
  runtimeapi::NamespaceOption& namespaces =
      *status.mutable_linux()->mutable_namespaces()->mutable_options();
  namespaces.set_network(ModeOf(sandbox->network_mode));
  namespaces.set_pid(sandbox->pid_mode == kNamespaceModeHost
                         ? runtimeapi::NODE
                         : runtimeapi::CONTAINER);
  namespaces.set_ipc(ModeOf(sandbox->ipc_mode));
  ExtractLabels(sandbox->config.labels, *status.mutable_labels(),
                *status.mutable_annotations());
  if (request.verbose()) {
    (*response.mutable_info())["info"] =
        absl::StrCat("{\"pid\":", sandbox->state.pid, "}");
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>>
DockerRuntimeService::ListPodSandbox(
    runtimeapi::ListPodSandboxRequest request) {
  const runtimeapi::PodSandboxFilter& wanted = request.filter();
  libdocker::ContainerFilter filter;
  filter.labels = libdocker::StringMap(wanted.label_selector().begin(),
                                       wanted.label_selector().end());
  filter.labels[kContainerTypeLabelKey] = kContainerTypeLabelSandbox;
  filter.id = wanted.id();
  // The engine cannot be asked for all that do not run.
  filter.all = !wanted.has_state() ||
               wanted.state().state() != runtimeapi::SANDBOX_READY;
  absl::StatusOr<std::vector<libdocker::Container>> containers =
      co_await client_.ListContainers(std::move(filter));
  if (!containers.ok()) co_return containers.status();
  runtimeapi::ListPodSandboxResponse response;
  for (const libdocker::Container& container : *containers) {
    absl::StatusOr<runtimeapi::PodSandbox> sandbox = ToPodSandbox(container);
    if (!sandbox.ok()) {
      VLOG(4) << "Unable to convert docker to runtime API sandbox: "
              << sandbox.status().message();
      continue;
    }
    if (wanted.has_state() && sandbox->state() != wanted.state().state()) {
      continue;
    }
    *response.add_items() = *std::move(sandbox);
  }
  co_return response;
}

}  // namespace fairway::runtime::dockershim
