// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/kubelet.go, kubelet_pods.go (v1.20.2)
// Makes the pods of one node run, and tells the API server how they are.
#ifndef KUBELET_KUBELET_H_
#define KUBELET_KUBELET_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"
#include "kubelet/kube_client.h"
#include "kubelet/kuberuntime/kuberuntime_manager.h"
#include "kubelet/node_status.h"
#include "kubelet/pod/api_source.h"
#include "kubelet/pod/pod_manager.h"
#include "kubelet/pod_workers.h"
#include "kubelet/server/host.h"
#include "kubelet/status_manager.h"
#include "net/http/url.h"

namespace fairway::kubelet {

struct KubeletOptions {
  NodeStatusOptions node;
  pod::ApiSourceOptions source;  // its node_name is that of `node`
  kuberuntime::RuntimeManagerOptions runtime;
  PodWorkersOptions workers;
  // A pod is looked at at least so often.
  absl::Duration sync_frequency = absl::Minutes(1);
  // How often the runtime is asked what runs.
  absl::Duration relist_period = absl::Seconds(1);
  // After a failure of the runtime or the API server.
  absl::Duration retry = absl::Seconds(10);
};

// Threads:  one executor.
// Lifetime: `client` and both services must outlive Run() and the calls.
class Kubelet : public server::HostInterface {
 public:
  Kubelet(Executor executor, KubeClient& client,
          cri::RuntimeService& runtime_service,
          cri::ImageManagerService& image_service, KubeletOptions options);

  // Works until cancelled; the pods live on. Errors: kCancelled.
  Task<absl::Status> Run();

  // kubelet_pods.cc
  std::vector<api::Pod> GetPods() override;
  const api::Pod* GetPodByName(absl::string_view namespace_,
                               absl::string_view name) override;
  Task<absl::StatusOr<net::http::Url>> GetPortForward(
      std::string name, std::string namespace_, std::string uid,
      std::vector<int32_t> ports) override;
  // Registered with the API server, whose pods are known, and the runtime
  // answers.
  absl::Status Ready() override;

 private:
  void HandlePodUpdate(pod::PodUpdate update);

  // Mirrors: GenericPLEG. Wakes the worker of each pod whose containers
  // changed, and ends pods that nobody wants.
  Task<absl::Status> RelistForever();
  void HandleRelist(const kuberuntime::Pods& pods);
  void RemoveOrphan(const kuberuntime::Pod& orphan);

  // kubelet_pods.cc: what workers do.
  Task<absl::Duration> SyncPod(api::Pod pod);
  Task<absl::Status> TerminatePod(api::Pod pod);
  Task<absl::Status> RemovePod(api::Pod pod);
  Task<absl::StatusOr<kuberuntime::Pod>> FindRuntimePod(api::Pod pod);
  api::Pod GenerateStatus(const api::Pod& pod,
                          const kuberuntime::PodStatus& runtime) const;
  Task<absl::StatusOr<kuberuntime::PodStatus>> GetRuntimeStatus(api::Pod pod);

  const KubeletOptions options_;
  cri::RuntimeService& runtime_service_;
  pod::Manager pod_manager_;
  kuberuntime::KubeGenericRuntimeManager runtime_;
  StatusManager status_manager_;
  NodeStatus node_status_;
  pod::ApiSource source_;
  PodWorkers workers_;
  std::string runtime_name_;  // empty until the runtime has said it
  // What ran at the last relist, by pod UID.
  std::map<std::string, std::string> relisted_;
  absl::Status relist_status_ = absl::UnavailableError("not yet asked");
};

}  // namespace fairway::kubelet

#endif  // KUBELET_KUBELET_H_
