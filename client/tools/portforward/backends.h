// SPDX-License-Identifier: Apache-2.0
// The pods of a target, and the ways to them.
#ifndef CLIENT_TOOLS_PORTFORWARD_BACKENDS_H_
#define CLIENT_TOOLS_PORTFORWARD_BACKENDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/task/task.h"
#include "client/tools/portforward/forward_options.h"
#include "client/tools/portforward/observer.h"
#include "client/tools/portforward/session_provider.h"
#include "client/tools/portforward/target.h"

namespace fairway::portforward {

// A connection's way to a port of a pod.
struct Route {
  TargetPod pod;
  uint16_t remote_port = 0;
  std::unique_ptr<SessionLease> lease;
};

// Threads:  on `executor`.
// Lifetime: Close() before it dies.
// Cancel:   honoured by every call.
class Backends {
 public:
  // `observer` outlives it.
  Backends(Executor executor, std::unique_ptr<PodSource> source,
           const ForwardOptions& options, Observer* observer);

  // Finds the target and makes a session, before anybody listens. Of the
  // target's pods those are given that have local ports of their own. Call it
  // once.
  // Errors: of PodSource::Resolve; "error upgrading connection: ...".
  Task<absl::StatusOr<Target>> Open();

  // For one more connection to the port of this number, at the local end of the
  // pod of this number.
  // Errors: "error upgrading connection: ...".
  Task<absl::StatusOr<Route>> Acquire(size_t slot, size_t port);

  // Returns when there is no way to the pod any more.
  Task<absl::Status> WaitLost();

  // Closes all sessions in good order.
  Task<absl::Status> Close();

  // Those that there is a way to, by name.
  std::vector<std::string> pods() const;
  absl::optional<absl::Duration> RoundTripTime() const;

 private:
  const Executor executor_;
  const std::unique_ptr<PodSource> source_;
  const ForwardOptions options_;
  Observer* const observer_;
  TargetPod pod_;
  std::unique_ptr<SessionProvider> sessions_;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_BACKENDS_H_
