// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/kuberuntime_container.go,
// pkg/kubelet/images/image_manager.go (v1.20.2)
#include <glog/logging.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kubelet/kuberuntime/expansion.h"
#include "kubelet/kuberuntime/kuberuntime_manager.h"
#include "kubelet/kuberuntime/labels.h"
#include "kubelet/kuberuntime/namespaces.h"

namespace fairway::kubelet::kuberuntime {
namespace {

// Upstream's classes of errors are the reason that a container's status gives;
// here the message is "REASON: what happened".
absl::Status Because(absl::string_view reason, absl::StatusCode code,
                     absl::string_view message) {
  return absl::Status(code, absl::StrCat(reason, ": ", message));
}

}  // namespace

runtimeapi::ContainerConfig KubeGenericRuntimeManager::GenerateContainerConfig(
    const api::Pod& pod, const api::Container& container,
    const std::string& image_ref, uint32_t restart_count) const {
  runtimeapi::ContainerConfig config;
  config.mutable_metadata()->set_name(container.name);
  config.mutable_metadata()->set_attempt(restart_count);
  config.mutable_image()->set_image(image_ref);

  std::map<std::string, std::string> variables;
  for (const api::EnvVar& variable : container.env) {
    const std::string value = Expand(variable.value, variables);
    variables[variable.name] = value;
    runtimeapi::KeyValue* env = config.add_envs();
    env->set_key(variable.name);
    env->set_value(value);
  }
  for (const std::string& word : container.command) {
    config.add_command(Expand(word, variables));
  }
  for (const std::string& word : container.args) {
    config.add_args(Expand(word, variables));
  }
  config.set_working_dir(container.working_dir);
  config.set_log_path(absl::StrCat(container.name, "/", restart_count, ".log"));

  auto& labels = *config.mutable_labels();
  labels[kPodNameLabel] = pod.metadata.name;
  labels[kPodNamespaceLabel] = pod.metadata.namespace_;
  labels[kPodUidLabel] = pod.metadata.uid;
  labels[kContainerNameLabel] = container.name;
  auto& annotations = *config.mutable_annotations();
  annotations[kContainerRestartCountAnnotation] = absl::StrCat(restart_count);
  annotations[kPodTerminationGracePeriodAnnotation] =
      absl::StrCat(pod.termination_grace_period_seconds);

  *config.mutable_linux()
       ->mutable_security_context()
       ->mutable_namespace_options() = NamespacesForPod(pod);
  return config;
}

Task<absl::StatusOr<std::string>> KubeGenericRuntimeManager::EnsureImageExists(
    std::string pod_uid, std::string image,
    runtimeapi::PodSandboxConfig sandbox_config) {
  runtimeapi::ImageStatusRequest status_request;
  status_request.mutable_image()->set_image(image);
  absl::StatusOr<runtimeapi::ImageStatusResponse> status =
      co_await image_service_.ImageStatus(std::move(status_request));
  if (!status.ok()) {
    co_return Because("ImageInspectError", status.status().code(),
                      absl::StrCat("Failed to inspect image \"", image,
                                   "\": ", status.status().message()));
  }
  if (!status->image().id().empty()) co_return status->image().id();

  const Backoff::Key key{pod_uid, image};
  auto failed = image_failures_.find(key);
  if (failed != image_failures_.end()) {
    const absl::Duration remaining =
        image_backoff_.Remaining(key, failed->second, options_.now());
    if (remaining > absl::ZeroDuration()) {
      co_return Because("ImagePullBackOff", absl::StatusCode::kUnavailable,
                        absl::StrCat("Back-off pulling image \"", image, "\""));
    }
  }
  runtimeapi::PullImageRequest pull_request;
  pull_request.mutable_image()->set_image(image);
  *pull_request.mutable_sandbox_config() = std::move(sandbox_config);
  absl::StatusOr<runtimeapi::PullImageResponse> pulled =
      co_await image_service_.PullImage(std::move(pull_request));
  if (!pulled.ok()) {
    const absl::Time now = options_.now();
    image_failures_[key] = now;
    image_backoff_.Next(key, now, now);
    co_return Because("ErrImagePull", pulled.status().code(),
                      pulled.status().message());
  }
  image_failures_.erase(key);
  co_return pulled->image_ref();
}

Task<absl::Status> KubeGenericRuntimeManager::StartContainer(
    api::Pod pod, api::Container container, std::string sandbox_id,
    runtimeapi::PodSandboxConfig sandbox_config, uint32_t restart_count) {
  absl::StatusOr<std::string> image_ref = co_await EnsureImageExists(
      pod.metadata.uid, container.image, sandbox_config);
  if (!image_ref.ok()) co_return image_ref.status();

  std::error_code failed;
  std::filesystem::create_directories(
      absl::StrCat(sandbox_config.log_directory(), "/", container.name),
      failed);
  if (failed) {
    co_return Because("CreateContainerConfigError", absl::StatusCode::kInternal,
                      absl::StrCat("create log directory for container ",
                                   container.name, ": ", failed.message()));
  }
  runtimeapi::CreateContainerRequest create;
  create.set_pod_sandbox_id(std::move(sandbox_id));
  *create.mutable_config() =
      GenerateContainerConfig(pod, container, *image_ref, restart_count);
  *create.mutable_sandbox_config() = std::move(sandbox_config);
  absl::StatusOr<runtimeapi::CreateContainerResponse> created =
      co_await runtime_service_.CreateContainer(std::move(create));
  if (!created.ok()) {
    co_return Because("CreateContainerError", created.status().code(),
                      created.status().message());
  }
  runtimeapi::StartContainerRequest start;
  start.set_container_id(created->container_id());
  absl::StatusOr<runtimeapi::StartContainerResponse> started =
      co_await runtime_service_.StartContainer(std::move(start));
  if (!started.ok()) {
    co_return Because("RunContainerError", started.status().code(),
                      started.status().message());
  }
  LOG(INFO) << "started container " << container.name << " of pod "
            << PodDesc(pod.metadata.name, pod.metadata.namespace_,
                       pod.metadata.uid)
            << ": " << created->container_id();
  co_return absl::OkStatus();
}

Task<absl::Status> KubeGenericRuntimeManager::KillContainer(
    std::string id, absl::Duration grace) {
  runtimeapi::StopContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(absl::ToInt64Seconds(grace));
  absl::StatusOr<runtimeapi::StopContainerResponse> stopped =
      co_await runtime_service_.StopContainer(std::move(request));
  if (!stopped.ok() && !absl::IsNotFound(stopped.status())) {
    co_return stopped.status();
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet::kuberuntime
