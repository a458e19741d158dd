// SPDX-License-Identifier: Apache-2.0
// The sandboxes of ProcessService, and the way to their ports.
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "runtime/netns/port_forward.h"
#include "runtime/process/process_service.h"

namespace fairway::runtime::process {
namespace {

// How long a container has when its pod is stopped without a word.
constexpr absl::Duration kPodGrace = absl::Seconds(2);

}  // namespace

Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>>
ProcessService::RunPodSandbox(runtimeapi::RunPodSandboxRequest request) {
  cri::SandboxRecord record;
  record.config = std::move(*request.mutable_config());
  runtimeapi::PodSandboxStatus& status = record.status;
  const std::string id = cri::NewId();
  status.set_id(id);
  *status.mutable_metadata() = record.config.metadata();
  status.set_state(runtimeapi::SANDBOX_NOTREADY);
  status.set_created_at(absl::ToUnixNanos(absl::Now()));
  *status.mutable_labels() = record.config.labels();
  *status.mutable_annotations() = record.config.annotations();
  const runtimeapi::NamespaceOption& namespaces =
      record.config.linux().security_context().namespace_options();
  *status.mutable_linux()->mutable_namespaces()->mutable_options() = namespaces;
  const bool on_host = namespaces.network() == runtimeapi::NODE;
  std::string uid = record.config.metadata().uid();
  // First the name, so that two calls for one pod do not both go on.
  FAIRWAY_CO_RETURN_IF_ERROR(records_.AddSandbox(std::move(record)));
  absl::StatusOr<PodPlace> place = network_.PlaceOnHost();
  if (!on_host) {
    absl::StatusOr<PodPlace> alone =
        co_await network_.PlaceAlone(std::move(uid));
    place = std::move(alone);
  }
  absl::StatusOr<cri::SandboxRecord*> added = records_.FindSandbox(id);
  if (!place.ok() || !added.ok()) {
    if (place.ok()) network_.Leave(*place);
    records_.RemoveSandbox(id);
    co_return place.ok() ? added.status() : place.status();
  }
  (*added)->status.set_state(runtimeapi::SANDBOX_READY);
  (*added)->status.mutable_network()->set_ip(place->ip);
  places_[id] = *std::move(place);
  runtimeapi::RunPodSandboxResponse response;
  response.set_pod_sandbox_id(id);
  co_return response;
}

Task<absl::Status> ProcessService::EndContainersOf(std::string sandbox_id,
                                                   absl::Duration grace) {
  TaskGroup ending(executor_);
  for (const std::string& id : records_.ContainersOf(sandbox_id)) {
    ending.Spawn([this, id, grace]() -> Task<absl::Status> {
      return EndContainer(id, grace);
    });
  }
  absl::Status ended = co_await ending.Join();
  co_return ended;
}

Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>>
ProcessService::StopPodSandbox(runtimeapi::StopPodSandboxRequest request) {
  absl::StatusOr<cri::SandboxRecord*> found =
      records_.FindSandbox(request.pod_sandbox_id());
  if (absl::IsNotFound(found.status())) {
    co_return runtimeapi::StopPodSandboxResponse();
  }
  if (!found.ok()) co_return found.status();
  const std::string id = (*found)->status.id();
  // No container starts from here on.
  (*found)->status.set_state(runtimeapi::SANDBOX_NOTREADY);
  absl::Status ended = co_await EndContainersOf(id, kPodGrace);
  FAIRWAY_CO_RETURN_IF_ERROR(ended);
  auto place = places_.find(id);
  if (place != places_.end()) {
    network_.Leave(place->second);
    places_.erase(place);
  }
  co_return runtimeapi::StopPodSandboxResponse();
}

Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>>
ProcessService::RemovePodSandbox(runtimeapi::RemovePodSandboxRequest request) {
  absl::StatusOr<cri::SandboxRecord*> found =
      records_.FindSandbox(request.pod_sandbox_id());
  if (absl::IsNotFound(found.status())) {
    co_return runtimeapi::RemovePodSandboxResponse();
  }
  if (!found.ok()) co_return found.status();
  const std::string id = (*found)->status.id();
  runtimeapi::StopPodSandboxRequest stop;
  stop.set_pod_sandbox_id(id);
  absl::StatusOr<runtimeapi::StopPodSandboxResponse> stopped =
      co_await StopPodSandbox(std::move(stop));
  if (!stopped.ok()) co_return stopped.status();
  records_.RemoveSandbox(id);
  co_return runtimeapi::RemovePodSandboxResponse();
}

Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>>
ProcessService::PodSandboxStatus(runtimeapi::PodSandboxStatusRequest request) {
  absl::StatusOr<cri::SandboxRecord*> record =
      records_.FindSandbox(request.pod_sandbox_id());
  if (!record.ok()) co_return record.status();
  runtimeapi::PodSandboxStatusResponse response;
  *response.mutable_status() = (*record)->status;
  auto place = places_.find((*record)->status.id());
  if (request.verbose() && place != places_.end()) {
    (*response.mutable_info())["info"] =
        absl::StrCat("{\"pid\":", place->second.netns->holder(), "}");
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>>
ProcessService::ListPodSandbox(runtimeapi::ListPodSandboxRequest request) {
  co_return records_.ListPodSandbox(request);
}

absl::StatusOr<PodPlace> ProcessService::PlaceOf(
    absl::string_view pod_sandbox_id) {
  absl::StatusOr<cri::SandboxRecord*> record =
      records_.FindSandbox(pod_sandbox_id);
  if (!record.ok()) return record.status();
  const runtimeapi::PodSandboxStatus& status = (*record)->status;
  auto place = places_.find(status.id());
  if (status.state() != runtimeapi::SANDBOX_READY || place == places_.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("container not running (", status.id(), ")"));
  }
  return place->second;
}

Task<absl::StatusOr<runtimeapi::PortForwardResponse>>
ProcessService::PortForward(runtimeapi::PortForwardRequest request) {
  // An empty id is the streaming server's to refuse.
  if (!request.pod_sandbox_id().empty()) {
    absl::StatusOr<PodPlace> place = PlaceOf(request.pod_sandbox_id());
    if (!place.ok()) co_return place.status();
  }
  co_return streaming_server_->GetPortForward(request);
}

Task<absl::Status> ProcessService::PortForward(std::string pod_sandbox_id,
                                               int32_t port,
                                               net::ByteStream& stream) {
  if (port < 0 || port > std::numeric_limits<uint16_t>::max()) {
    co_return absl::InvalidArgumentError(absl::StrCat("invalid port ", port));
  }
  absl::StatusOr<PodPlace> place = PlaceOf(pod_sandbox_id);
  if (!place.ok()) co_return place.status();
  if (options_.port_forward_dial == PortForwardDial::kSocat) {
    const pid_t pid =
        place->on_host ? netns::kOwnNamespace : place->netns->holder();
    absl::Status forwarded = co_await netns::ForwardBySocat(pid, port, stream);
    co_return forwarded;
  }
  absl::Status forwarded = co_await netns::ForwardByNetns(
      *place->netns, std::move(pod_sandbox_id), port, stream);
  co_return forwarded;
}

}  // namespace fairway::runtime::process
