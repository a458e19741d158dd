// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kuberuntime/testing/fake_runtime.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kubelet/kuberuntime/labels.h"

namespace fairway::kubelet::kuberuntime {
namespace {

template <typename LabelMap>
bool Matches(const LabelMap& labels, const LabelMap& selector) {
  for (const auto& [key, value] : selector) {
    auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  return true;
}

template <typename LabelMap>
std::string Label(const LabelMap& labels, const char* key) {
  auto found = labels.find(key);
  return found == labels.end() ? "" : found->second;
}

}  // namespace

absl::Status FakeRuntime::TakeFailure(const std::string& method) {
  std::deque<absl::Status>& failures = failures_[method];
  if (failures.empty()) return absl::OkStatus();
  absl::Status failure = failures.front();
  failures.pop_front();
  return failure;
}

std::vector<std::string> FakeRuntime::TakeCalls() {
  return std::exchange(calls, {});
}

std::string FakeRuntime::NameOf(const std::string& container_id) const {
  auto found = containers.find(container_id);
  if (found == containers.end()) return container_id;
  return absl::StrCat(Label(found->second.labels(), kPodNameLabel), "/",
                      found->second.metadata().name());
}

void FakeRuntime::Exit(runtimeapi::ContainerStatus& status, int exit_code) {
  status.set_state(runtimeapi::CONTAINER_EXITED);
  status.set_exit_code(exit_code);
  status.set_finished_at(Tick());
  status.set_reason(exit_code == 0 ? "Completed" : "Error");
}

void FakeRuntime::ExitContainer(const std::string& pod,
                                const std::string& container, int exit_code) {
  for (auto& [id, status] : containers) {
    if (NameOf(id) == absl::StrCat(pod, "/", container) &&
        status.state() == runtimeapi::CONTAINER_RUNNING) {
      Exit(status, exit_code);
    }
  }
}

void FakeRuntime::KillSandbox(const std::string& pod) {
  for (auto& [id, status] : sandboxes) {
    if (status.metadata().name() != pod) continue;
    status.set_state(runtimeapi::SANDBOX_NOTREADY);
    for (auto& [container_id, container] : containers) {
      if (sandbox_of[container_id] == id &&
          container.state() == runtimeapi::CONTAINER_RUNNING) {
        Exit(container, 137);
      }
    }
  }
}

Task<absl::StatusOr<runtimeapi::VersionResponse>> FakeRuntime::Version(
    runtimeapi::VersionRequest) {
  runtimeapi::VersionResponse response;
  response.set_runtime_name("fake");
  response.set_runtime_version("1.0");
  response.set_runtime_api_version("v1");
  co_return response;
}

Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>>
FakeRuntime::RunPodSandbox(runtimeapi::RunPodSandboxRequest request) {
  const runtimeapi::PodSandboxConfig& config = request.config();
  calls.push_back(absl::StrCat("RunPodSandbox ", config.metadata().name(), " ",
                               config.metadata().attempt()));
  run_requests.push_back(request);
  absl::Status failure = TakeFailure("RunPodSandbox");
  if (!failure.ok()) co_return failure;
  const std::string id = absl::StrCat("sandbox-", next_id_++);
  runtimeapi::PodSandboxStatus& status = sandboxes[id];
  status.set_id(id);
  *status.mutable_metadata() = config.metadata();
  *status.mutable_labels() = config.labels();
  *status.mutable_annotations() = config.annotations();
  status.set_state(runtimeapi::SANDBOX_READY);
  status.set_created_at(Tick());
  *status.mutable_linux()->mutable_namespaces()->mutable_options() =
      config.linux().security_context().namespace_options();
  const bool host =
      config.linux().security_context().namespace_options().network() ==
      runtimeapi::NODE;
  if (!host) status.mutable_network()->set_ip(ip);
  runtimeapi::RunPodSandboxResponse response;
  response.set_pod_sandbox_id(id);
  co_return response;
}

Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>>
FakeRuntime::StopPodSandbox(runtimeapi::StopPodSandboxRequest request) {
  calls.push_back(absl::StrCat("StopPodSandbox ", request.pod_sandbox_id()));
  absl::Status failure = TakeFailure("StopPodSandbox");
  if (!failure.ok()) co_return failure;
  auto found = sandboxes.find(request.pod_sandbox_id());
  if (found != sandboxes.end()) {
    found->second.set_state(runtimeapi::SANDBOX_NOTREADY);
  }
  for (auto& [id, container] : containers) {
    if (sandbox_of[id] == request.pod_sandbox_id() &&
        container.state() == runtimeapi::CONTAINER_RUNNING) {
      Exit(container, 137);
    }
  }
  co_return runtimeapi::StopPodSandboxResponse();
}

Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>>
FakeRuntime::RemovePodSandbox(runtimeapi::RemovePodSandboxRequest request) {
  calls.push_back(absl::StrCat("RemovePodSandbox ", request.pod_sandbox_id()));
  absl::Status failure = TakeFailure("RemovePodSandbox");
  if (!failure.ok()) co_return failure;
  sandboxes.erase(request.pod_sandbox_id());
  for (auto it = containers.begin(); it != containers.end();) {
    it = sandbox_of[it->first] == request.pod_sandbox_id()
             ? containers.erase(it)
             : std::next(it);
  }
  co_return runtimeapi::RemovePodSandboxResponse();
}

Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>>
FakeRuntime::PodSandboxStatus(runtimeapi::PodSandboxStatusRequest request) {
  auto found = sandboxes.find(request.pod_sandbox_id());
  if (found == sandboxes.end()) {
    co_return absl::NotFoundError("no such sandbox");
  }
  runtimeapi::PodSandboxStatusResponse response;
  *response.mutable_status() = found->second;
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>>
FakeRuntime::ListPodSandbox(runtimeapi::ListPodSandboxRequest request) {
  absl::Status failure = TakeFailure("ListPodSandbox");
  if (!failure.ok()) co_return failure;
  runtimeapi::ListPodSandboxResponse response;
  const runtimeapi::PodSandboxFilter& filter = request.filter();
  for (const auto& [id, status] : sandboxes) {
    if (filter.has_state() && filter.state().state() != status.state()) {
      continue;
    }
    if (!Matches(status.labels(), filter.label_selector())) continue;
    runtimeapi::PodSandbox* item = response.add_items();
    item->set_id(id);
    *item->mutable_metadata() = status.metadata();
    item->set_state(status.state());
    item->set_created_at(status.created_at());
    *item->mutable_labels() = status.labels();
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::CreateContainerResponse>>
FakeRuntime::CreateContainer(runtimeapi::CreateContainerRequest request) {
  create_requests.push_back(request);
  absl::Status failure = TakeFailure("CreateContainer");
  if (!failure.ok()) co_return failure;
  const std::string id = absl::StrCat("container-", next_id_++);
  runtimeapi::ContainerStatus& status = containers[id];
  status.set_id(id);
  *status.mutable_metadata() = request.config().metadata();
  *status.mutable_labels() = request.config().labels();
  *status.mutable_annotations() = request.config().annotations();
  *status.mutable_image() = request.config().image();
  status.set_state(runtimeapi::CONTAINER_CREATED);
  status.set_created_at(Tick());
  sandbox_of[id] = request.pod_sandbox_id();
  runtimeapi::CreateContainerResponse response;
  response.set_container_id(id);
  co_return response;
}

Task<absl::StatusOr<runtimeapi::StartContainerResponse>>
FakeRuntime::StartContainer(runtimeapi::StartContainerRequest request) {
  auto found = containers.find(request.container_id());
  if (found == containers.end()) {
    co_return absl::NotFoundError("no such container");
  }
  calls.push_back(absl::StrCat("StartContainer ", NameOf(found->first), " ",
                               found->second.metadata().attempt()));
  absl::Status failure = TakeFailure("StartContainer");
  if (!failure.ok()) co_return failure;
  found->second.set_state(runtimeapi::CONTAINER_RUNNING);
  found->second.set_started_at(Tick());
  co_return runtimeapi::StartContainerResponse();
}

Task<absl::StatusOr<runtimeapi::StopContainerResponse>>
FakeRuntime::StopContainer(runtimeapi::StopContainerRequest request) {
  calls.push_back(absl::StrCat("StopContainer ", NameOf(request.container_id()),
                               " ", request.timeout()));
  absl::Status failure = TakeFailure("StopContainer");
  if (!failure.ok()) co_return failure;
  auto found = containers.find(request.container_id());
  if (found != containers.end() &&
      found->second.state() == runtimeapi::CONTAINER_RUNNING) {
    Exit(found->second, 143);
  }
  co_return runtimeapi::StopContainerResponse();
}

Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>>
FakeRuntime::RemoveContainer(runtimeapi::RemoveContainerRequest request) {
  calls.push_back(
      absl::StrCat("RemoveContainer ", NameOf(request.container_id())));
  containers.erase(request.container_id());
  co_return runtimeapi::RemoveContainerResponse();
}

Task<absl::StatusOr<runtimeapi::ListContainersResponse>>
FakeRuntime::ListContainers(runtimeapi::ListContainersRequest request) {
  absl::Status failure = TakeFailure("ListContainers");
  if (!failure.ok()) co_return failure;
  runtimeapi::ListContainersResponse response;
  const runtimeapi::ContainerFilter& filter = request.filter();
  for (const auto& [id, status] : containers) {
    if (filter.has_state() && filter.state().state() != status.state()) {
      continue;
    }
    if (!Matches(status.labels(), filter.label_selector())) continue;
    runtimeapi::Container* item = response.add_containers();
    item->set_id(id);
    item->set_pod_sandbox_id(sandbox_of[id]);
    *item->mutable_metadata() = status.metadata();
    item->set_state(status.state());
    item->set_created_at(status.created_at());
    *item->mutable_annotations() = status.annotations();
    *item->mutable_labels() = status.labels();
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>>
FakeRuntime::ContainerStatus(runtimeapi::ContainerStatusRequest request) {
  auto found = containers.find(request.container_id());
  if (found == containers.end()) {
    co_return absl::NotFoundError("no such container");
  }
  runtimeapi::ContainerStatusResponse response;
  *response.mutable_status() = found->second;
  co_return response;
}

Task<absl::StatusOr<runtimeapi::PortForwardResponse>> FakeRuntime::PortForward(
    runtimeapi::PortForwardRequest request) {
  port_forward_requests.push_back(request);
  absl::Status failure = TakeFailure("PortForward");
  if (!failure.ok()) co_return failure;
  runtimeapi::PortForwardResponse response;
  response.set_url(absl::StrCat("http://127.0.0.1:4000/portforward/",
                                request.pod_sandbox_id()));
  co_return response;
}

Task<absl::StatusOr<runtimeapi::StatusResponse>> FakeRuntime::Status(
    runtimeapi::StatusRequest) {
  absl::Status failure = TakeFailure("Status");
  if (!failure.ok()) co_return failure;
  runtimeapi::StatusResponse response;
  for (const char* type : {"RuntimeReady", "NetworkReady"}) {
    runtimeapi::RuntimeCondition* condition =
        response.mutable_status()->add_conditions();
    condition->set_type(type);
    condition->set_status(true);
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ListImagesResponse>> FakeRuntime::ListImages(
    runtimeapi::ListImagesRequest) {
  runtimeapi::ListImagesResponse response;
  for (const std::string& image : images) {
    response.add_images()->set_id(absl::StrCat("sha256:", image));
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> FakeRuntime::ImageStatus(
    runtimeapi::ImageStatusRequest request) {
  absl::Status failure = TakeFailure("ImageStatus");
  if (!failure.ok()) co_return failure;
  runtimeapi::ImageStatusResponse response;
  if (images.count(request.image().image()) != 0) {
    response.mutable_image()->set_id(
        absl::StrCat("sha256:", request.image().image()));
  }
  co_return response;
}

Task<absl::StatusOr<runtimeapi::PullImageResponse>> FakeRuntime::PullImage(
    runtimeapi::PullImageRequest request) {
  calls.push_back(absl::StrCat("PullImage ", request.image().image()));
  absl::Status failure = TakeFailure("PullImage");
  if (!failure.ok()) co_return failure;
  images.insert(request.image().image());
  runtimeapi::PullImageResponse response;
  response.set_image_ref(absl::StrCat("sha256:", request.image().image()));
  co_return response;
}

Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> FakeRuntime::RemoveImage(
    runtimeapi::RemoveImageRequest request) {
  images.erase(request.image().image());
  co_return runtimeapi::RemoveImageResponse();
}

}  // namespace fairway::kubelet::kuberuntime
