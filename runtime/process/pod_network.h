// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PROCESS_POD_NETWORK_H_
#define RUNTIME_PROCESS_POD_NETWORK_H_

#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "runtime/netns/pod_netns.h"

namespace fairway::runtime::process {

// One pod's place on the network.
struct PodPlace {
  std::shared_ptr<netns::PodNetns> netns;
  std::string ip;
  // The network of this process, which nobody has to enter (nor may, where
  // namespaces are not permitted).
  bool on_host = false;
};

// Gives pods their network namespaces and addresses.
//
// Threads:  on one executor.
// Lifetime: no call may be under way when it dies.
class PodNetwork {
 public:
  // `host_ip` is the address of pods on the node's network.
  explicit PodNetwork(std::string host_ip) : host_ip_(std::move(host_ip)) {}

  // Finds out whether namespaces can be made, and says so in the log if they
  // cannot; pods then share the host's network.
  // Errors: of opening the host's namespace.
  Task<absl::Status> Start();
  // Why pods share the host's network; empty when they do not.
  const std::string& shared_because() const { return shared_because_; }

  PodPlace PlaceOnHost() const { return {host_, host_ip_, true}; }
  // A new namespace, with an address made from `pod_uid`: the same for the same
  // pod unless another has it.
  Task<absl::StatusOr<PodPlace>> PlaceAlone(std::string pod_uid);
  // Makes the address free.
  void Leave(const PodPlace& place);

 private:
  std::string ChooseAddress(absl::string_view pod_uid) const;

  const std::string host_ip_;
  std::string shared_because_;
  std::shared_ptr<netns::PodNetns> host_;
  std::set<std::string> taken_;
};

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_POD_NETWORK_H_
