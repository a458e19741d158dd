// SPDX-License-Identifier: Apache-2.0
// The pods that a forward's connections go to, as they come and go.
#ifndef CLIENT_TOOLS_PORTFORWARD_TARGET_H_
#define CLIENT_TOOLS_PORTFORWARD_TARGET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "client/tools/portforward/ports.h"
#include "httpstream/httpstream.h"

namespace fairway::portforward {

struct TargetPod {
  std::string namespace_;
  std::string name;
  // What tells the pod from another of its name that takes its place.
  std::string uid;
  // The pod's port for each of Target::ports, in their order: a port that has a
  // name may have another number in each pod.
  std::vector<uint16_t> remote_ports;
  // Whether a new connection may go to it: it runs, a container of it runs, it
  // is not being deleted and, where a balanced forward asks for it, it is
  // ready. Connections that are open may go on meanwhile.
  bool usable = true;
};

// What a target is at first.
struct Target {
  std::string name;  // for people, as in "service/web"
  std::vector<ForwardedPort> ports;
  std::vector<TargetPod> pods;  // the best first, one at least
};

// Where the pods of one target come from.
//
// Threads:  on one executor; one call of Resolve or WaitChange at a time.
// Lifetime: its calls end before it does.
// Cancel:   honoured by every call.
class PodSource {
 public:
  virtual ~PodSource() = default;

  // Finds the target and its pods, and waits for one that can be used as long
  // as the user has said. Errors: in kubectl's words, for the user.
  virtual Task<absl::StatusOr<Target>> Resolve() = 0;

  // Waits until the pods are others than the last call said, and gives all that
  // exist, the best first; none is an answer too. A pod that is missing is
  // gone, one that is not usable may come back. While the server cannot be
  // asked, what was known stays: that is no error, and the wait goes on.
  // Waits as long as it takes: pods may never change.
  // Errors: kPermissionDenied when the user may not see the pods.
  virtual Task<absl::StatusOr<std::vector<TargetPod>>> WaitChange() = 0;

  // How the sessions with `pod` are dialled.
  virtual absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewDialer(
      const TargetPod& pod) = 0;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_TARGET_H_
