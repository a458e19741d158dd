// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet_node_status.go, pkg/kubelet/nodestatus/
// setters.go (v1.20.2)
#include "kubelet/node_status.h"

#include <glog/logging.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "api/json.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "base/time/go_time.h"
#include "base/version/version.h"

namespace fairway::kubelet {
namespace {

using nlohmann::json;

constexpr int kNodeStatusUpdateRetry = 5;
constexpr absl::Duration kMaxRegisterBackoff = absl::Seconds(7);
constexpr char kMaxPods[] = "110";

std::string Now() { return FormatRFC3339(absl::Now()); }

#if defined(__aarch64__)
constexpr char kGoArch[] = "arm64";
#else
constexpr char kGoArch[] = "amd64";
#endif

json NewNode(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata",
           {{"name", name},
            {"labels",
             {{"kubernetes.io/hostname", name},
              {"kubernetes.io/os", "linux"},
              {"kubernetes.io/arch", kGoArch}}}}},
          {"spec", json::object()}};
}

// Sets the condition of that type; a change of its status is dated.
void SetCondition(json& conditions, const char* type, bool status,
                  const std::string& reason, const std::string& message) {
  if (!conditions.is_array()) conditions = json::array();
  const std::string text = status ? "True" : "False";
  json fresh = {{"type", type},
                {"status", text},
                {"lastHeartbeatTime", Now()},
                {"lastTransitionTime", Now()},
                {"reason", reason},
                {"message", message}};
  for (json& condition : conditions) {
    if (!condition.is_object() || condition.value("type", json()) != type) {
      continue;
    }
    auto since = condition.find("lastTransitionTime");
    if (condition.value("status", json()) == text && since != condition.end() &&
        since->is_string()) {
      fresh["lastTransitionTime"] = *since;
    }
    condition = std::move(fresh);
    return;
  }
  conditions.push_back(std::move(fresh));
}

json NodeInfo(const std::string& runtime_version) {
  utsname system = {};
  uname(&system);
  return {{"machineID", ""},
          {"systemUUID", ""},
          {"bootID", ""},
          {"kernelVersion", system.release},
          {"osImage", system.sysname},
          {"containerRuntimeVersion", runtime_version},
          {"kubeletVersion", std::string(kGitVersion)},
          {"kubeProxyVersion", std::string(kGitVersion)},
          {"operatingSystem", "linux"},
          {"architecture", kGoArch}};
}

json Capacity() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  const int64_t kib = pages * (sysconf(_SC_PAGESIZE) / 1024);
  return {{"cpu", absl::StrCat(sysconf(_SC_NPROCESSORS_ONLN))},
          {"memory", absl::StrCat(kib, "Ki")},
          {"pods", kMaxPods}};
}

}  // namespace

NodeStatus::NodeStatus(KubeClient& client, cri::RuntimeService& runtime,
                       NodeStatusOptions options)
    : client_(client), runtime_(runtime), options_(std::move(options)) {}

Task<absl::Status> NodeStatus::Run() {
  absl::Status registered = co_await RegisterWithAPIServer();
  FAIRWAY_CO_RETURN_IF_ERROR(registered);
  while (true) {
    absl::Status updated = co_await UpdateNodeStatus();
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("node status");
    if (!updated.ok()) LOG(ERROR) << "update node status: " << updated;
    // Somebody deleted the node.
    if (absl::IsNotFound(updated)) {
      registered = co_await RegisterWithAPIServer();
      FAIRWAY_CO_RETURN_IF_ERROR(registered);
      continue;
    }
    absl::Status slept = co_await Sleep(options_.update_frequency);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
  }
}

Task<absl::Status> NodeStatus::RegisterWithAPIServer() {
  absl::Duration backoff = options_.register_backoff;
  while (true) {
    std::string node = api::DumpJson(NewNode(options_.node_name));
    absl::Status created = co_await client_.CreateNode(std::move(node));
    if (created.ok() || absl::IsAlreadyExists(created)) {
      LOG(INFO) << "registered node " << options_.node_name;
      registered_ = true;
      co_return absl::OkStatus();
    }
    LOG(ERROR) << "register node " << options_.node_name << ": " << created;
    absl::Status slept = co_await Sleep(backoff);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
    backoff = std::min(backoff * 2, kMaxRegisterBackoff);
  }
}

Task<absl::Status> NodeStatus::UpdateNodeStatus() {
  Ready ready = co_await AskRuntime();
  absl::Status status;
  for (int attempt = 0; attempt < kNodeStatusUpdateRetry; ++attempt) {
    status = co_await TryUpdateNodeStatus(ready);
    if (!absl::IsAborted(status)) co_return status;
  }
  co_return status;
}

Task<NodeStatus::Ready> NodeStatus::AskRuntime() {
  Ready ready;
  runtimeapi::VersionRequest version_request;
  absl::StatusOr<runtimeapi::VersionResponse> version =
      co_await runtime_.Version(std::move(version_request));
  if (version.ok()) {
    ready.runtime_version = absl::StrCat(version->runtime_name(), "://",
                                         version->runtime_version());
  }
  runtimeapi::StatusRequest status_request;
  absl::StatusOr<runtimeapi::StatusResponse> status =
      co_await runtime_.Status(std::move(status_request));
  if (!status.ok()) {
    ready.message =
        absl::StrCat("container runtime is down: ", status.status().message());
    co_return ready;
  }
  std::vector<std::string> faults;
  for (const runtimeapi::RuntimeCondition& condition :
       status->status().conditions()) {
    if (condition.status()) continue;
    faults.push_back(absl::StrCat(condition.type(),
                                  " not ready: ", condition.reason(), " ",
                                  condition.message()));
  }
  ready.ready = faults.empty();
  ready.message = faults.empty() ? "kubelet is posting ready status"
                                 : absl::StrJoin(faults, ", ");
  co_return ready;
}

Task<absl::Status> NodeStatus::TryUpdateNodeStatus(Ready ready) {
  absl::StatusOr<std::string> text =
      co_await client_.GetNode(options_.node_name);
  if (!text.ok()) co_return text.status();
  absl::StatusOr<json> node = api::ParseJson(*text);
  if (!node.ok()) co_return node.status();
  if (!node->is_object()) {
    co_return absl::InvalidArgumentError("node: want object");
  }
  json& status = (*node)["status"];
  if (!status.is_object()) status = json::object();
  status["addresses"] =
      json::array({{{"type", "InternalIP"}, {"address", options_.node_ip}},
                   {{"type", "Hostname"}, {"address", options_.node_name}}});
  status["daemonEndpoints"] = {
      {"kubeletEndpoint", {{"Port", options_.kubelet_port}}}};
  status["nodeInfo"] = NodeInfo(ready.runtime_version);
  status["capacity"] = Capacity();
  status["allocatable"] = status["capacity"];
  json& conditions = status["conditions"];
  SetCondition(conditions, "MemoryPressure", false,
               "KubeletHasSufficientMemory",
               "kubelet has sufficient memory available");
  SetCondition(conditions, "DiskPressure", false, "KubeletHasNoDiskPressure",
               "kubelet has no disk pressure");
  SetCondition(conditions, "PIDPressure", false, "KubeletHasSufficientPID",
               "kubelet has sufficient PID available");
  SetCondition(conditions, "Ready", ready.ready,
               ready.ready ? "KubeletReady" : "KubeletNotReady", ready.message);
  std::string body = api::DumpJson(*node);
  absl::Status updated =
      co_await client_.UpdateNodeStatus(options_.node_name, std::move(body));
  co_return updated;
}

}  // namespace fairway::kubelet
