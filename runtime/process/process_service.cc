// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/process_service.h"

#include <glog/logging.h>

#include <csignal>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "base/version/version.h"
#include "runtime/process/launch.h"

namespace fairway::runtime::process {

// CRI's version, which kubelets compare.
constexpr char kKubeApiVersion[] = "0.1.0";

ProcessService::ProcessService(Executor executor, Options options)
    : executor_(executor),
      options_(std::move(options)),
      leftovers_(absl::StrCat(options_.root_directory, "/containers")),
      network_(options_.host_ip),
      container_ended_(executor),
      watchers_(executor) {}

Task<absl::Status> ProcessService::Start() {
  FAIRWAY_CO_RETURN_IF_ERROR(leftovers_.Open());
  const int killed = leftovers_.KillAll();
  if (killed > 0) {
    LOG(INFO) << "Killed " << killed << " processes that an earlier run left";
  }
  absl::Status started = co_await network_.Start();
  co_return started;
}

Task<absl::Status> ProcessService::Stop(absl::Duration grace) {
  TaskGroup ending(executor_);
  for (const auto& [id, process] : processes_) {
    ending.Spawn([this, id = id, grace]() -> Task<absl::Status> {
      return EndContainer(id, grace);
    });
  }
  absl::Status ended = co_await ending.Join();
  watchers_.Cancel();
  co_await watchers_.Join();
  places_.clear();
  co_return ended;
}

Task<absl::StatusOr<runtimeapi::VersionResponse>> ProcessService::Version(
    runtimeapi::VersionRequest) {
  runtimeapi::VersionResponse response;
  response.set_version(kKubeApiVersion);
  response.set_runtime_name("process");
  response.set_runtime_version(std::string(kVersion));
  response.set_runtime_api_version(kKubeApiVersion);
  co_return response;
}

Task<absl::StatusOr<runtimeapi::StatusResponse>> ProcessService::Status(
    runtimeapi::StatusRequest) {
  runtimeapi::StatusResponse response;
  runtimeapi::RuntimeCondition* runtime =
      response.mutable_status()->add_conditions();
  runtime->set_type("RuntimeReady");
  runtime->set_status(true);
  runtimeapi::RuntimeCondition* network =
      response.mutable_status()->add_conditions();
  network->set_type("NetworkReady");
  network->set_status(true);
  if (!network_.shared_because().empty()) {
    network->set_reason("HostNetworkShared");
    network->set_message(absl::StrCat("all pods share the host's network: ",
                                      network_.shared_because()));
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::CreateContainerResponse>>
ProcessService::CreateContainer(runtimeapi::CreateContainerRequest request) {
  FAIRWAY_CO_RETURN_IF_ERROR(ValidateContainer(request.config()));
  absl::StatusOr<cri::SandboxRecord*> sandbox =
      records_.FindSandbox(request.pod_sandbox_id());
  if (!sandbox.ok()) co_return sandbox.status();
  cri::ContainerRecord record;
  record.pod_sandbox_id = (*sandbox)->status.id();
  record.config = std::move(*request.mutable_config());
  runtimeapi::ContainerStatus& status = record.status;
  status.set_id(cri::NewId());
  *status.mutable_metadata() = record.config.metadata();
  status.set_state(runtimeapi::CONTAINER_CREATED);
  status.set_created_at(absl::ToUnixNanos(absl::Now()));
  *status.mutable_image() = record.config.image();
  status.set_image_ref(record.config.image().image());
  *status.mutable_labels() = record.config.labels();
  *status.mutable_annotations() = record.config.annotations();
  *status.mutable_mounts() = record.config.mounts();
  status.set_log_path(LogPathOf(record));
  runtimeapi::CreateContainerResponse response;
  response.set_container_id(status.id());
  FAIRWAY_CO_RETURN_IF_ERROR(records_.AddContainer(std::move(record)));
  co_return response;
}

std::string ProcessService::LogPathOf(const cri::ContainerRecord& record) {
  absl::StatusOr<cri::SandboxRecord*> sandbox =
      records_.FindSandbox(record.pod_sandbox_id);
  const std::string& directory =
      sandbox.ok() ? (*sandbox)->config.log_directory() : "";
  if (!directory.empty() && !record.config.log_path().empty()) {
    return absl::StrCat(directory, "/", record.config.log_path());
  }
  return absl::StrCat(options_.root_directory, "/logs/", record.status.id(),
                      ".log");
}

Task<absl::StatusOr<runtimeapi::StartContainerResponse>>
ProcessService::StartContainer(runtimeapi::StartContainerRequest request) {
  absl::StatusOr<cri::ContainerRecord*> found =
      records_.FindContainer(request.container_id());
  if (!found.ok()) co_return found.status();
  cri::ContainerRecord& record = **found;
  runtimeapi::ContainerStatus& status = record.status;
  if (status.state() != runtimeapi::CONTAINER_CREATED) {
    co_return absl::FailedPreconditionError(
        absl::StrCat("container \"", status.id(), "\": was started before"));
  }
  absl::StatusOr<PodPlace> place = PlaceOf(record.pod_sandbox_id);
  if (!place.ok()) co_return place.status();
  absl::StatusOr<cri::SandboxRecord*> sandbox =
      records_.FindSandbox(record.pod_sandbox_id);
  if (!sandbox.ok()) co_return sandbox.status();
  absl::StatusOr<std::unique_ptr<Subprocess>> launched =
      Launch(executor_, record.config, (*sandbox)->config.hostname(),
             status.log_path(), place->on_host ? -1 : place->netns->fd());
  status.set_started_at(absl::ToUnixNanos(absl::Now()));
  if (!launched.ok()) {
    status.set_state(runtimeapi::CONTAINER_EXITED);
    status.set_finished_at(status.started_at());
    status.set_exit_code(absl::IsNotFound(launched.status()) ? 127 : 128);
    status.set_reason("ContainerCannotRun");
    status.set_message(std::string(launched.status().message()));
    co_return launched.status();
  }
  status.set_state(runtimeapi::CONTAINER_RUNNING);
  std::shared_ptr<Subprocess> process = *std::move(launched);
  processes_[status.id()] = process;
  absl::Status recorded = leftovers_.Record(status.id(), process->pid());
  LOG_IF(WARNING, !recorded.ok()) << recorded.message();
  watchers_.Spawn([this, id = status.id(), process]() -> Task<absl::Status> {
    return Watch(id, process);
  });
  co_return runtimeapi::StartContainerResponse();
}

Task<absl::Status> ProcessService::Watch(std::string container_id,
                                         std::shared_ptr<Subprocess> process) {
  absl::StatusOr<ExitState> ended = co_await process->Wait();
  if (!ended.ok()) co_return ended.status();
  // As with the first process of a container, the rest goes with it.
  process->SignalGroup(SIGKILL);
  processes_.erase(container_id);
  leftovers_.Forget(container_id);
  container_ended_.NotifyAll();
  absl::StatusOr<cri::ContainerRecord*> record =
      records_.FindContainer(container_id);
  if (!record.ok()) co_return absl::OkStatus();
  runtimeapi::ContainerStatus& status = (*record)->status;
  status.set_state(runtimeapi::CONTAINER_EXITED);
  status.set_finished_at(absl::ToUnixNanos(absl::Now()));
  status.set_exit_code(ended->exit_code);
  status.set_reason(ended->exit_code == 0 ? "Completed" : "Error");
  co_return absl::OkStatus();
}

Task<absl::Status> ProcessService::EndContainer(std::string container_id,
                                                absl::Duration grace) {
  auto found = processes_.find(container_id);
  if (found == processes_.end()) co_return absl::OkStatus();
  std::shared_ptr<Subprocess> process = found->second;
  if (grace > absl::ZeroDuration()) {
    process->SignalGroup(SIGTERM);
    std::function<Task<absl::Status>()> wait =
        [process]() -> Task<absl::Status> {
      absl::StatusOr<ExitState> state = co_await process->Wait();
      co_return state.status();
    };
    absl::Status ended =
        co_await WithDeadline(grace, "stop container", std::move(wait));
    if (absl::IsCancelled(ended)) co_return ended;
  }
  process->SignalGroup(SIGKILL);
  absl::StatusOr<ExitState> state = co_await process->Wait();
  if (!state.ok()) co_return state.status();
  // The watcher was woken by the same end: let it write the record first.
  while (processes_.contains(container_id)) {
    absl::Status waited = co_await container_ended_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<runtimeapi::StopContainerResponse>>
ProcessService::StopContainer(runtimeapi::StopContainerRequest request) {
  absl::StatusOr<cri::ContainerRecord*> record =
      records_.FindContainer(request.container_id());
  if (!record.ok()) co_return record.status();
  absl::Status ended = co_await EndContainer((*record)->status.id(),
                                             absl::Seconds(request.timeout()));
  FAIRWAY_CO_RETURN_IF_ERROR(ended);
  co_return runtimeapi::StopContainerResponse();
}

Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>>
ProcessService::RemoveContainer(runtimeapi::RemoveContainerRequest request) {
  absl::StatusOr<cri::ContainerRecord*> record =
      records_.FindContainer(request.container_id());
  if (absl::IsNotFound(record.status())) {
    co_return runtimeapi::RemoveContainerResponse();
  }
  if (!record.ok()) co_return record.status();
  const std::string id = (*record)->status.id();
  absl::Status ended = co_await EndContainer(id, absl::ZeroDuration());
  FAIRWAY_CO_RETURN_IF_ERROR(ended);
  records_.RemoveContainer(id);
  co_return runtimeapi::RemoveContainerResponse();
}

Task<absl::StatusOr<runtimeapi::ListContainersResponse>>
ProcessService::ListContainers(runtimeapi::ListContainersRequest request) {
  co_return records_.ListContainers(request);
}

Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>>
ProcessService::ContainerStatus(runtimeapi::ContainerStatusRequest request) {
  absl::StatusOr<cri::ContainerRecord*> record =
      records_.FindContainer(request.container_id());
  if (!record.ok()) co_return record.status();
  runtimeapi::ContainerStatusResponse response;
  *response.mutable_status() = (*record)->status;
  auto process = processes_.find((*record)->status.id());
  if (request.verbose() && process != processes_.end()) {
    (*response.mutable_info())["info"] =
        absl::StrCat("{\"pid\":", process->second->pid(), "}");
  }
  co_return response;
}

}  // namespace fairway::runtime::process
