// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go (v1.20.2)
#include <glog/logging.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kubelet/kuberuntime/kuberuntime_manager.h"
#include "kubelet/kuberuntime/labels.h"
#include "kubelet/kuberuntime/namespaces.h"
#include "net/grpc/error_string.h"

namespace fairway::kubelet::kuberuntime {
namespace {

constexpr size_t kMaxHostnameBytes = 63;

// Mirrors: truncatePodHostnameIfNeeded.
std::string Hostname(const std::string& pod_name) {
  if (pod_name.size() <= kMaxHostnameBytes) return pod_name;
  std::string cut = pod_name.substr(0, kMaxHostnameBytes);
  const size_t last = cut.find_last_not_of("-.");
  return cut.substr(0, last == std::string::npos ? 0 : last + 1);
}

runtimeapi::Protocol ProtocolOf(const std::string& name) {
  if (name == "UDP") return runtimeapi::UDP;
  if (name == "SCTP") return runtimeapi::SCTP;
  return runtimeapi::TCP;
}

bool ReadyThenNewestFirst(const runtimeapi::PodSandbox& a,
                          const runtimeapi::PodSandbox& b) {
  const bool a_ready = a.state() == runtimeapi::SANDBOX_READY;
  const bool b_ready = b.state() == runtimeapi::SANDBOX_READY;
  if (a_ready != b_ready) return a_ready;
  return a.created_at() > b.created_at();
}

}  // namespace

std::string KubeGenericRuntimeManager::LogDirectory(
    absl::string_view name, absl::string_view namespace_,
    absl::string_view uid) const {
  return absl::StrCat(options_.pod_logs_root, "/", namespace_, "_", name, "_",
                      uid);
}

runtimeapi::PodSandboxConfig
KubeGenericRuntimeManager::GeneratePodSandboxConfig(const api::Pod& pod,
                                                    uint32_t attempt) const {
  const api::ObjectMeta& meta = pod.metadata;
  runtimeapi::PodSandboxConfig config;
  config.mutable_metadata()->set_name(meta.name);
  config.mutable_metadata()->set_namespace_(meta.namespace_);
  config.mutable_metadata()->set_uid(meta.uid);
  config.mutable_metadata()->set_attempt(attempt);
  if (!pod.host_network) config.set_hostname(Hostname(meta.name));
  config.set_log_directory(LogDirectory(meta.name, meta.namespace_, meta.uid));
  for (const auto& [key, value] : meta.labels) {
    (*config.mutable_labels())[key] = value;
  }
  (*config.mutable_labels())[kPodNameLabel] = meta.name;
  (*config.mutable_labels())[kPodNamespaceLabel] = meta.namespace_;
  (*config.mutable_labels())[kPodUidLabel] = meta.uid;
  for (const auto& [key, value] : meta.annotations) {
    (*config.mutable_annotations())[key] = value;
  }
  for (const api::Container& container : pod.containers) {
    for (const api::ContainerPort& port : container.ports) {
      runtimeapi::PortMapping* mapping = config.add_port_mappings();
      mapping->set_container_port(port.container_port);
      mapping->set_protocol(ProtocolOf(port.protocol));
    }
  }
  *config.mutable_linux()
       ->mutable_security_context()
       ->mutable_namespace_options() = NamespacesForPod(pod);
  return config;
}

Task<absl::StatusOr<std::string>> KubeGenericRuntimeManager::CreatePodSandbox(
    runtimeapi::PodSandboxConfig config) {
  std::error_code failed;
  std::filesystem::create_directories(config.log_directory(), failed);
  if (failed) {
    co_return absl::InternalError(absl::StrCat("create pod log directory ",
                                               config.log_directory(), ": ",
                                               failed.message()));
  }
  runtimeapi::RunPodSandboxRequest request;
  *request.mutable_config() = std::move(config);
  absl::StatusOr<runtimeapi::RunPodSandboxResponse> response =
      co_await runtime_service_.RunPodSandbox(std::move(request));
  if (!response.ok()) {
    co_return absl::Status(
        response.status().code(),
        absl::StrCat("create pod sandbox: ", response.status().message()));
  }
  co_return response->pod_sandbox_id();
}

Task<absl::StatusOr<std::vector<std::string>>>
KubeGenericRuntimeManager::GetSandboxIDByPodUID(
    std::string uid, absl::optional<runtimeapi::PodSandboxState> state) {
  runtimeapi::ListPodSandboxRequest request;
  runtimeapi::PodSandboxFilter* filter = request.mutable_filter();
  (*filter->mutable_label_selector())[kPodUidLabel] = uid;
  if (state.has_value()) filter->mutable_state()->set_state(*state);
  absl::StatusOr<runtimeapi::ListPodSandboxResponse> response =
      co_await runtime_service_.ListPodSandbox(std::move(request));
  if (!response.ok()) {
    LOG(ERROR) << "ListPodSandbox with pod UID " << uid
               << " failed: " << response.status();
    co_return response.status();
  }
  std::vector<runtimeapi::PodSandbox> sandboxes(response->items().begin(),
                                                response->items().end());
  std::sort(sandboxes.begin(), sandboxes.end(), ReadyThenNewestFirst);
  std::vector<std::string> ids;
  for (const runtimeapi::PodSandbox& sandbox : sandboxes) {
    ids.push_back(sandbox.id());
  }
  co_return ids;
}

Task<absl::StatusOr<net::http::Url>> KubeGenericRuntimeManager::GetPortForward(
    std::string name, std::string namespace_, std::string uid,
    std::vector<int32_t> ports) {
  absl::StatusOr<std::vector<std::string>> ids =
      co_await GetSandboxIDByPodUID(uid, absl::nullopt);
  const std::string failed = absl::StrCat("failed to find sandboxID for pod ",
                                          PodDesc(name, namespace_, uid));
  if (!ids.ok()) {
    co_return absl::UnknownError(
        absl::StrCat(failed, ": ", net::grpc::ErrorString(ids.status())));
  }
  if (ids->empty()) co_return absl::UnknownError(failed);
  runtimeapi::PortForwardRequest request;
  request.set_pod_sandbox_id(ids->front());
  for (int32_t port : ports) request.add_port(port);
  absl::StatusOr<runtimeapi::PortForwardResponse> response =
      co_await runtime_service_.PortForward(std::move(request));
  // The code decides what the client is answered, the words are gRPC's.
  if (!response.ok()) {
    co_return absl::Status(response.status().code(),
                           net::grpc::ErrorString(response.status()));
  }
  absl::StatusOr<net::http::Url> url = net::http::ParseUrl(response->url());
  co_return url;
}

}  // namespace fairway::kubelet::kuberuntime
