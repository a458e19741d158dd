// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/polymorphichelpers/attachablepodforobject.go and
// helpers.go: GetFirstPod, and how k8s.io/kubectl/pkg/cmd/portforward/
// portforward.go: Complete, RunPortForward use them (v0.20.2)
// The pods behind "svc/web" or "pod/x", for a forwarder.
#ifndef CLIENT_POLYMORPHICHELPERS_TARGET_PODS_H_
#define CLIENT_POLYMORPHICHELPERS_TARGET_PODS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "api/object.h"
#include "api/workload.h"
#include "base/task/task.h"
#include "client/cmd/resources.h"
#include "client/polymorphichelpers/pod_watch.h"
#include "client/polymorphichelpers/podutils.h"
#include "client/rest/rest_client.h"
#include "client/tools/portforward/ports.h"
#include "client/tools/portforward/target.h"
#include "httpstream/httpstream.h"

namespace fairway::polymorphichelpers {

// Makes the dialer for the sessions with a pod.
using PodDialer =
    std::function<absl::StatusOr<std::unique_ptr<httpstream::Dialer>>(
        const std::string& pod_name)>;

struct TargetPodsOptions {
  const cmd::ResourceKind* kind = nullptr;  // never null
  std::string name;
  std::string namespace_;
  std::vector<std::string> ports;  // as typed: "8080:http"
  absl::Duration pod_running_timeout = absl::Minutes(1);
  // Whether pods that come later count. If not, a pod that runs is usable as it
  // is for upstream, also while it is being deleted or its containers restart.
  bool reconnect = true;
  // Whether a pod must be ready to be usable: where several share the load.
  bool ready_only = false;
  PodWatchTimes times;
};

// A pod that has ended (phase Succeeded or Failed) is gone. Pods of which a
// port cannot be told (it has not the container port's name, or it is for UDP)
// are not usable. Of more than kMaxPods pods the rest is passed over.
//
// Threads:  on `executor`.
// Lifetime: `client` outlives it.
class TargetPods final : public portforward::PodSource {
 public:
  static constexpr size_t kMaxPods = 1000;

  TargetPods(Executor executor, rest::RESTClient* client, PodDialer dialer,
             TargetPodsOptions options);

  // One request for a pod that runs; one for another object, and one for its
  // pods, the best of which comes first: usable, then by ActivePods' order.
  // Errors: of the requests; in upstream's words "cannot attach to *v1.Node:
  // ...", "unable to forward port because pod is not running. Current
  // status=Pending", "timed out waiting for the condition"; of the port
  // translation and ParsePorts.
  // Differs: upstream takes the first pod that there is, and fails if it does
  // not run; it waits only where there is none, and only for one to be made.
  // Here any pod that is usable is preferred, and where none is, one is waited
  // for, up to pod_running_timeout; a named pod is waited for with `reconnect`
  // only, and not if it has ended.
  Task<absl::StatusOr<portforward::Target>> Resolve() override;

  Task<absl::StatusOr<std::vector<portforward::TargetPod>>> WaitChange()
      override;

  // Who dials anew has lost a way: what is known of the pods is asked for again
  // if nothing was heard of them lately.
  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewDialer(
      const portforward::TargetPod& pod) override;

 private:
  // What is kept of a pod.
  struct Known {
    std::string name;
    std::string uid;
    std::string phase;
    bool usable = false;
    bool lasting = false;  // not being deleted, and a container of it runs
    PodRank rank;
    absl::StatusOr<std::vector<portforward::ForwardedPort>> ports;
  };

  Task<absl::StatusOr<portforward::Target>> FindTarget();
  Task<absl::Status> Find();
  absl::StatusOr<std::string> SelectorOf(const std::string& json);
  Task<absl::Status> Update();
  void Apply(PodChange change);
  Known KnownOf(const api::Pod& pod) const;
  absl::StatusOr<std::vector<portforward::ForwardedPort>> PortsOf(
      const api::Pod& pod) const;
  std::vector<const Known*> Sorted() const;
  std::vector<portforward::TargetPod> Snapshot() const;
  // Nothing while one has to wait.
  absl::StatusOr<absl::optional<portforward::Target>> TargetNow() const;
  absl::Status TimedOut() const;

  const Executor executor_;
  rest::RESTClient* const client_;
  const PodDialer dialer_;
  const TargetPodsOptions options_;
  const bool is_pod_;
  absl::optional<api::Service> service_;
  std::unique_ptr<PodWatch> watch_;
  std::map<std::string, Known> known_;  // by name
  std::string ended_phase_;             // of a pod that is not known any more
  std::vector<portforward::TargetPod> told_;
};

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_TARGET_PODS_H_
