// SPDX-License-Identifier: Apache-2.0
// The pods of a target, and the ways to them.
//
// A pod is another when its uid is another. One that is gone, or that cannot be
// used, gets no new connection; what it has stays its own.
#ifndef CLIENT_TOOLS_PORTFORWARD_BACKENDS_H_
#define CLIENT_TOOLS_PORTFORWARD_BACKENDS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/forward_options.h"
#include "client/tools/portforward/observer.h"
#include "client/tools/portforward/pod_link.h"
#include "client/tools/portforward/session_provider.h"
#include "client/tools/portforward/target.h"

namespace fairway::portforward {

// A pod of the target, and the way to it.
struct Backend {
  TargetPod pod;
  std::unique_ptr<PodLink> link;
  bool gone = false;
  // Whether the observer was told of a way to it, and not of its loss since.
  bool told = false;
  // When a way to it was made again, or first after another pod's was lost.
  absl::optional<std::chrono::steady_clock::time_point> renewed_at;

  // Whether its programs may not listen yet, for they have just been started.
  bool MayBeStarting() const;
};
using BackendPtr = std::shared_ptr<Backend>;

// A connection's way to a port of a pod.
struct Route {
  BackendPtr backend;
  uint16_t remote_port = 0;
  std::shared_ptr<SessionProvider> sessions;  // outlives the lease
  std::unique_ptr<SessionLease> lease;

  // Whether the end of a connection by `status` comes with the loss of its pod,
  // or of the way to it, which the observer is told of.
  bool LostWithThePod(const absl::Status& status) const {
    if (backend->gone || !backend->pod.usable) return true;
    return absl::IsUnavailable(status) && sessions->shared() &&
           !sessions->retired();
  }
};

// What a connection says of itself while it waits.
struct Waiting {
  // Whether nobody waits any more; asked now and then.
  std::function<bool()> given_up;
  std::chrono::steady_clock::time_point deadline;
};

// Threads:  on `executor`.
// Lifetime: Close() before it dies.
// Cancel:   honoured by every call.
class Backends {
 public:
  struct Events {
    // The pod of this uid is gone.
    std::function<void(const std::string& uid)> on_gone;
    // There is no way at the moment.
    std::function<void(absl::string_view error)> on_error;
  };

  // `observer` outlives it.
  Backends(Executor executor, std::unique_ptr<PodSource> source,
           const ForwardOptions& options, Observer* observer, Events events);

  // Finds the target and makes a session, before anybody listens. Of the
  // target's pods those are given that have local ports of their own (slots).
  // Call it once.
  // Errors: of PodSource::Resolve; "error upgrading connection: ...".
  Task<absl::StatusOr<Target>> Open();

  // For one more connection to the port of this number, at the local end of the
  // slot of this number. With ForwardOptions::reconnect it waits until there is
  // a way. Errors: "error upgrading connection: ..."; kCancelled also when it
  // was given up, or after StopWaiting().
  Task<absl::StatusOr<Route>> Acquire(size_t slot, size_t port,
                                      Waiting waiting);

  // A connection found that `route` may lead nowhere.
  void Doubt(const Route& route) { route.backend->link->Doubt(route.sessions); }

  // Returns when a way to a pod is lost for good: without reconnect the first.
  Task<absl::Status> WaitLost();

  // Nobody waits for a way any more.
  void StopWaiting();

  // Closes all sessions in good order.
  Task<absl::Status> Close();

  // Those that there is a way to, by name.
  std::vector<std::string> pods() const;
  absl::optional<absl::Duration> RoundTripTime() const;

 private:
  using Clock = std::chrono::steady_clock;

  BackendPtr NewBackend(const TargetPod& pod);
  // The first session, and the slots.
  Task<absl::Status> OpenWays();
  Task<absl::Status> Follow();
  void Update(const std::vector<TargetPod>& pods);
  // It gets no new connection.
  void Part(Backend& backend, absl::string_view reason);
  void CloseInBackground(const BackendPtr& backend);
  void OnLinkChange(Backend& backend);
  void Tell(Backend& backend, absl::string_view reason);
  // Gives pods to slots that want one, and has ways made.
  void Assign();
  BackendPtr PodFor(size_t slot) const;
  BackendPtr Choose(size_t slot);
  BackendPtr NextInTurn();
  bool IsInASlot(const Backend& backend) const;
  // Those that can be used, the best first or in the order of their names.
  std::vector<BackendPtr> Usable() const;
  std::vector<BackendPtr> UsableByName() const;
  Task<absl::StatusOr<Route>> TryAcquire(BackendPtr backend, size_t port);
  absl::Status TimedOut(const BackendPtr& backend) const;

  const Executor executor_;
  const std::unique_ptr<PodSource> source_;
  const ForwardOptions options_;
  Observer* const observer_;
  const Events events_;
  std::string target_;
  std::vector<BackendPtr> backends_;  // the best first; none that is gone
  std::vector<BackendPtr> slots_;     // null: waits for a pod
  std::set<BackendPtr> parted_;       // gone, and not closed yet
  std::string last_in_turn_;          // its name
  bool opened_ = false;
  bool lost_ = false;
  bool stopped_ = false;
  Condition changed_;
  TaskGroup tasks_;
  TaskGroup closings_;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_BACKENDS_H_
