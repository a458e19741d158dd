// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/docker_container.go (v1.20.2)
#include <glog/logging.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"
#include "runtime/dockershim/convert.h"
#include "runtime/dockershim/docker_runtime_service.h"
#include "runtime/dockershim/naming.h"

namespace fairway::runtime::dockershim {

namespace fs = std::filesystem;

namespace {

constexpr char kNamespaceModeHost[] = "host";

// The path of the container's log as the kubelet named it; empty if it did not.
std::string LogPathLabel(const libdocker::ContainerJson& container) {
  auto label = container.config.labels.find(kContainerLogPathLabelKey);
  return label == container.config.labels.end() ? "" : label->second;
}

void ApplyNamespaces(const std::string& pod_sandbox_id,
                     const runtimeapi::LinuxContainerSecurityContext& security,
                     libdocker::ContainerCreateConfig& create) {
  const runtimeapi::NamespaceOption& namespaces = security.namespace_options();
  const std::string of_sandbox = absl::StrCat("container:", pod_sandbox_id);
  create.network_mode = of_sandbox;
  create.ipc_mode = of_sandbox;
  if (namespaces.network() == runtimeapi::NODE) {
    create.uts_mode = kNamespaceModeHost;
  }
  // Sharing is CRI's zero, and must not come of saying nothing.
  if (!security.has_namespace_options()) return;
  switch (namespaces.pid()) {
    case runtimeapi::NODE:
      create.pid_mode = kNamespaceModeHost;
      break;
    case runtimeapi::POD:
      create.pid_mode = of_sandbox;
      break;
    case runtimeapi::TARGET:
      create.pid_mode = absl::StrCat("container:", namespaces.target_id());
      break;
    default:
      break;
  }
}

void ApplyLinux(const runtimeapi::LinuxContainerConfig& linux_config,
                libdocker::ContainerCreateConfig& create) {
  const runtimeapi::LinuxContainerResources& resources =
      linux_config.resources();
  create.memory_bytes = resources.memory_limit_in_bytes();
  create.cpu_shares = resources.cpu_shares();
  create.cpu_quota = resources.cpu_quota();
  create.cpu_period = resources.cpu_period();
  // A score below the engine's own needs a right that it may not have, and a
  // container whose score is refused does not start.
  create.oom_score_adj =
      std::max<int>(0, static_cast<int>(resources.oom_score_adj()));
  const runtimeapi::LinuxContainerSecurityContext& security =
      linux_config.security_context();
  create.privileged = security.privileged();
  create.readonly_rootfs = security.readonly_rootfs();
  const runtimeapi::Capability& capabilities = security.capabilities();
  create.cap_add.assign(capabilities.add_capabilities().begin(),
                        capabilities.add_capabilities().end());
  create.cap_drop.assign(capabilities.drop_capabilities().begin(),
                         capabilities.drop_capabilities().end());
  if (security.no_new_privs()) {
    create.security_opt.push_back("no-new-privileges");
  }
  if (security.has_run_as_user()) {
    create.user = absl::StrCat(security.run_as_user().value());
  } else {
    create.user = security.run_as_username();
  }
}

libdocker::ContainerCreateConfig MakeContainerDockerConfig(
    const runtimeapi::CreateContainerRequest& request) {
  const runtimeapi::ContainerConfig& config = request.config();
  const runtimeapi::PodSandboxConfig& sandbox = request.sandbox_config();
  libdocker::ContainerCreateConfig create;
  create.name = MakeContainerName(sandbox, config);
  create.image = config.image().image();
  create.entrypoint.assign(config.command().begin(), config.command().end());
  create.cmd.assign(config.args().begin(), config.args().end());
  for (const runtimeapi::KeyValue& env : config.envs()) {
    create.env.push_back(absl::StrCat(env.key(), "=", env.value()));
  }
  create.working_dir = config.working_dir();
  create.labels = MakeLabels(config.labels(), config.annotations());
  create.labels[kContainerTypeLabelKey] = kContainerTypeLabelContainer;
  create.labels[kContainerLogPathLabelKey] =
      sandbox.log_directory().empty() || config.log_path().empty()
          ? ""
          : absl::StrCat(sandbox.log_directory(), "/", config.log_path());
  create.labels[kSandboxIDLabelKey] = request.pod_sandbox_id();
  create.open_stdin = config.stdin();
  create.stdin_once = config.stdin_once();
  create.tty = config.tty();
  create.binds = GenerateMountBindings(config.mounts());
  create.cgroup_parent = sandbox.linux().cgroup_parent();
  ApplyLinux(config.linux(), create);
  ApplyNamespaces(request.pod_sandbox_id(), config.linux().security_context(),
                  create);
  return create;
}

// Upstream's three cases of a container that does not run: it has ended, it
// could not start, it was not started yet.
void SetState(const libdocker::ContainerJson& container, absl::Time created,
              absl::Time started, absl::Time finished,
              runtimeapi::ContainerStatus& status) {
  if (container.state.running) {
    status.set_state(runtimeapi::CONTAINER_RUNNING);
  } else if (finished != absl::InfinitePast()) {
    status.set_state(runtimeapi::CONTAINER_EXITED);
    status.set_reason(container.state.oom_killed       ? "OOMKilled"
                      : container.state.exit_code == 0 ? "Completed"
                                                       : "Error");
  } else if (container.state.exit_code != 0) {
    status.set_state(runtimeapi::CONTAINER_EXITED);
    status.set_reason("ContainerCannotRun");
    started = finished = created;
  } else {
    status.set_state(runtimeapi::CONTAINER_CREATED);
  }
  auto nanos = [](absl::Time time) {
    return time == absl::InfinitePast() ? 0 : absl::ToUnixNanos(time);
  };
  status.set_created_at(nanos(created));
  status.set_started_at(nanos(started));
  status.set_finished_at(nanos(finished));
  status.set_exit_code(container.state.exit_code);
  status.set_message(container.state.error);
}

}  // namespace

Task<absl::StatusOr<runtimeapi::CreateContainerResponse>>
DockerRuntimeService::CreateContainer(
    runtimeapi::CreateContainerRequest request) {
  if (!request.has_config()) {
    co_return absl::InvalidArgumentError("container config is nil");
  }
  if (!request.has_sandbox_config()) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("sandbox config is nil for container \"",
                     request.config().metadata().name(), "\""));
  }
  libdocker::ContainerCreateConfig config = MakeContainerDockerConfig(request);
  absl::StatusOr<std::string> id =
      co_await client_.CreateContainer(std::move(config));
  if (!id.ok()) co_return id.status();
  runtimeapi::CreateContainerResponse response;
  response.set_container_id(*id);
  co_return response;
}

Task<absl::Status> DockerRuntimeService::CreateContainerLogSymlink(
    std::string container_id) {
  absl::StatusOr<libdocker::ContainerJson> container =
      co_await client_.InspectContainer(container_id);
  if (!container.ok()) co_return container.status();
  const std::string path = LogPathLabel(*container);
  if (path.empty()) co_return absl::OkStatus();
  if (container->log_path.empty()) {
    // A log driver that writes no files.
    LOG(WARNING) << "Cannot create symbolic link because container log file "
                    "doesn't exist!";
    co_return absl::OkStatus();
  }
  std::error_code ec;
  fs::create_directories(fs::path(path).parent_path(), ec);
  std::error_code ignored;
  fs::remove(path, ignored);
  fs::create_symlink(container->log_path, path, ec);
  co_return FromErrno(
      ec.value(),
      absl::StrCat("failed to create symbolic link \"", path,
                   "\" to the container log file \"", container->log_path,
                   "\" for container \"", container_id, "\""));
}

Task<absl::StatusOr<runtimeapi::StartContainerResponse>>
DockerRuntimeService::StartContainer(
    runtimeapi::StartContainerRequest request) {
  const std::string& id = request.container_id();
  absl::Status started = co_await client_.StartContainer(id);
  if (!started.ok()) {
    co_return absl::Status(started.code(),
                           absl::StrCat("failed to start container \"", id,
                                        "\": ", started.message()));
  }
  absl::Status linked = co_await CreateContainerLogSymlink(id);
  if (!linked.ok()) {
    absl::Status stopped =
        co_await client_.StopContainer(id, absl::ZeroDuration());
    LOG_IF(ERROR, !stopped.ok())
        << "Failed to stop container \"" << id << "\": " << stopped.message();
    co_return linked;
  }
  co_return runtimeapi::StartContainerResponse();
}

Task<absl::StatusOr<runtimeapi::StopContainerResponse>>
DockerRuntimeService::StopContainer(runtimeapi::StopContainerRequest request) {
  const int64_t seconds = std::max<int64_t>(0, request.timeout());
  absl::Status stopped = co_await client_.StopContainer(request.container_id(),
                                                        absl::Seconds(seconds));
  FAIRWAY_CO_RETURN_IF_ERROR(stopped);
  co_return runtimeapi::StopContainerResponse();
}

Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>>
DockerRuntimeService::RemoveContainer(
    runtimeapi::RemoveContainerRequest request) {
  const std::string& id = request.container_id();
  absl::StatusOr<libdocker::ContainerJson> container =
      co_await client_.InspectContainer(id);
  if (absl::IsNotFound(container.status())) {
    co_return runtimeapi::RemoveContainerResponse();
  }
  if (!container.ok()) co_return container.status();
  // The log goes with the container, so its link would lead nowhere.
  std::error_code ignored;
  const std::string path = LogPathLabel(*container);
  if (!path.empty()) fs::remove(path, ignored);
  absl::Status removed = co_await client_.RemoveContainer(id);
  if (!removed.ok() && !absl::IsNotFound(removed)) {
    co_return absl::Status(removed.code(),
                           absl::StrCat("failed to remove container \"", id,
                                        "\": ", removed.message()));
  }
  co_return runtimeapi::RemoveContainerResponse();
}

Task<absl::StatusOr<runtimeapi::ListContainersResponse>>
DockerRuntimeService::ListContainers(
    runtimeapi::ListContainersRequest request) {
  const runtimeapi::ContainerFilter& wanted = request.filter();
  libdocker::ContainerFilter filter;
  filter.labels = libdocker::StringMap(wanted.label_selector().begin(),
                                       wanted.label_selector().end());
  filter.labels[kContainerTypeLabelKey] = kContainerTypeLabelContainer;
  filter.id = wanted.id();
  if (wanted.has_state()) {
    filter.status = ToDockerContainerStatus(wanted.state().state());
  }
  if (!wanted.pod_sandbox_id().empty()) {
    filter.labels[kSandboxIDLabelKey] = wanted.pod_sandbox_id();
  }
  absl::StatusOr<std::vector<libdocker::Container>> containers =
      co_await client_.ListContainers(std::move(filter));
  if (!containers.ok()) co_return containers.status();
  runtimeapi::ListContainersResponse response;
  for (const libdocker::Container& container : *containers) {
    absl::StatusOr<runtimeapi::Container> converted = ToContainer(container);
    if (!converted.ok()) {
      VLOG(4) << "Unable to convert docker to runtime API container: "
              << converted.status().message();
      continue;
    }
    *response.add_containers() = *std::move(converted);
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>>
DockerRuntimeService::ContainerStatus(
    runtimeapi::ContainerStatusRequest request) {
  absl::StatusOr<libdocker::ContainerJson> container =
      co_await client_.InspectContainer(request.container_id());
  if (!container.ok()) co_return container.status();
  absl::StatusOr<absl::Time> created = ParseDockerTimestamp(container->created);
  if (!created.ok()) co_return created.status();
  absl::StatusOr<absl::Time> started =
      ParseDockerTimestamp(container->state.started_at);
  if (!started.ok()) co_return started.status();
  absl::StatusOr<absl::Time> finished =
      ParseDockerTimestamp(container->state.finished_at);
  if (!finished.ok()) co_return finished.status();
  absl::StatusOr<runtimeapi::ContainerMetadata> metadata =
      ParseContainerName(container->name);
  if (!metadata.ok()) co_return metadata.status();
  absl::StatusOr<libdocker::Image> image =
      co_await client_.InspectImage(container->image_id);
  // One that was removed meanwhile has only its id left.
  const libdocker::Image known = image.ok() ? *image : libdocker::Image();
  runtimeapi::ContainerStatusResponse response;
  runtimeapi::ContainerStatus& status = *response.mutable_status();
  status.set_id(container->id);
  *status.mutable_metadata() = *metadata;
  SetState(*container, *created, *started, *finished, status);
  status.mutable_image()->set_image(container->config.image);
  status.set_image_ref(ToPullableImageId(container->image_id, known));
  for (const libdocker::MountPoint& mount : container->mounts) {
    runtimeapi::Mount& converted = *status.add_mounts();
    converted.set_host_path(mount.source);
    converted.set_container_path(mount.destination);
    converted.set_readonly(!mount.read_write);
  }
  ExtractLabels(container->config.labels, *status.mutable_labels(),
                *status.mutable_annotations());
  status.set_log_path(LogPathLabel(*container));
  if (request.verbose()) {
    (*response.mutable_info())["info"] =
        absl::StrCat("{\"pid\":", container->state.pid, "}");
  }
  co_return response;
}

}  // namespace fairway::runtime::dockershim
