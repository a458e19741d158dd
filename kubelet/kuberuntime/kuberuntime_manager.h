// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kuberuntime/kuberuntime_manager.go,
// kuberuntime_sandbox.go, kuberuntime_container.go (v1.20.2)
// Makes pods run, by way of CRI.
#ifndef KUBELET_KUBERUNTIME_KUBERUNTIME_MANAGER_H_
#define KUBELET_KUBERUNTIME_KUBERUNTIME_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "api/object.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"
#include "kubelet/kuberuntime/backoff.h"
#include "kubelet/kuberuntime/container.h"
#include "kubelet/kuberuntime/pod_actions.h"
#include "net/http/url.h"

namespace fairway::kubelet::kuberuntime {

struct RuntimeManagerOptions {
  // Below it each pod has a folder for its logs. Upstream: /var/log/pods.
  std::string pod_logs_root;
  // Between restarts of a container, and between pulls of an image; doubles.
  absl::Duration initial_backoff = absl::Seconds(10);
  absl::Duration max_backoff = absl::Minutes(5);
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

// What SyncPod achieved.
struct PodSyncResult {
  absl::Status status;  // the first failure
  // When to try what is left undone; infinite if nothing is.
  absl::Duration retry_after = absl::InfiniteDuration();
};

// Why a container does not run, in the words of its status.
struct WaitingReason {
  std::string reason;
  std::string message;
};

enum class PodsWanted { kRunning, kAll };

// Threads:  one executor. Calls for different pods may overlap; those for one
//           pod, reads excepted, may not.
// Lifetime: both services must outlive its calls.
// Cancel:   honoured by every Task.
class KubeGenericRuntimeManager {
 public:
  KubeGenericRuntimeManager(cri::RuntimeService& runtime_service,
                            cri::ImageManagerService& image_service,
                            RuntimeManagerOptions options);

  // The pods that a kubelet made; kRunning: with a ready sandbox or a running
  // container. Newest first.
  Task<absl::StatusOr<Pods>> GetPods(PodsWanted wanted);

  Task<absl::StatusOr<PodStatus>> GetPodStatus(std::string uid,
                                               std::string name,
                                               std::string namespace_);

  // Does what ComputePodActions asks for, given the pod's present `status`:
  // stops, makes the sandbox, pulls images, starts containers one after the
  // other in the spec's order. A container that cannot be started does not
  // keep the others from it.
  Task<PodSyncResult> SyncPod(api::Pod pod, PodStatus status);

  // Stops all containers, together, and then the sandboxes; no error for those
  // that are gone.
  Task<absl::Status> KillPod(Pod running, absl::Duration grace);

  // Removes what KillPod stopped and the pod's logs, and forgets the pod.
  Task<absl::Status> RemovePod(Pod stopped);

  // The URL on which port-forward streams to the pod can be opened.
  // Errors: kUnknown "failed to find sandboxID for pod ..."; those of CRI.
  Task<absl::StatusOr<net::http::Url>> GetPortForward(
      std::string name, std::string namespace_, std::string uid,
      std::vector<int32_t> ports);

  // Ready sandboxes first, and the newest first among each.
  // Differs: upstream has the newest first, ready or not.
  Task<absl::StatusOr<std::vector<std::string>>> GetSandboxIDByPodUID(
      std::string uid, absl::optional<runtimeapi::PodSandboxState> state);

  // Null if nothing keeps the container from running.
  const WaitingReason* FindWaitingReason(const std::string& uid,
                                         const std::string& container) const;

 private:
  // kuberuntime_sandbox.cc
  // Mirrors: BuildPodLogsDirectory.
  std::string LogDirectory(absl::string_view name, absl::string_view namespace_,
                           absl::string_view uid) const;
  runtimeapi::PodSandboxConfig GeneratePodSandboxConfig(const api::Pod& pod,
                                                        uint32_t attempt) const;
  Task<absl::StatusOr<std::string>> CreatePodSandbox(
      runtimeapi::PodSandboxConfig config);

  // kuberuntime_container.cc
  runtimeapi::ContainerConfig GenerateContainerConfig(
      const api::Pod& pod, const api::Container& container,
      const std::string& image_ref, uint32_t restart_count) const;
  Task<absl::StatusOr<std::string>> EnsureImageExists(
      std::string pod_uid, std::string image,
      runtimeapi::PodSandboxConfig sandbox_config);
  Task<absl::Status> StartContainer(api::Pod pod, api::Container container,
                                    std::string sandbox_id,
                                    runtimeapi::PodSandboxConfig sandbox_config,
                                    uint32_t restart_count);
  Task<absl::Status> KillContainer(std::string id, absl::Duration grace);

  absl::Status BackOffRestart(const api::Pod& pod,
                              const api::Container& container,
                              const runtimeapi::ContainerStatus* last,
                              PodSyncResult& result);
  Task<absl::Status> StartContainers(api::Pod pod, PodStatus status,
                                     PodActions actions, std::string sandbox_id,
                                     runtimeapi::PodSandboxConfig config,
                                     PodSyncResult& result);
  void RemoveLogs(const Pod& pod) const;
  Task<absl::Status> PrunePod(api::Pod pod, PodStatus status);
  void SetWaiting(const api::Pod& pod, const api::Container& container,
                  absl::string_view reason, absl::string_view message);

  cri::RuntimeService& runtime_service_;
  cri::ImageManagerService& image_service_;
  const RuntimeManagerOptions options_;
  Backoff restart_backoff_;
  Backoff image_backoff_;
  // When an image could last not be pulled.
  std::map<Backoff::Key, absl::Time> image_failures_;
  // By pod UID and container.
  std::map<std::pair<std::string, std::string>, WaitingReason> waiting_;
};

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_KUBERUNTIME_MANAGER_H_
