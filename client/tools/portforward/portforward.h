// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2)
// Local listeners whose connections come out of a pod's ports.
#ifndef CLIENT_TOOLS_PORTFORWARD_PORTFORWARD_H_
#define CLIENT_TOOLS_PORTFORWARD_PORTFORWARD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/process/memory_in_use.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/backends.h"
#include "client/tools/portforward/forward_options.h"
#include "client/tools/portforward/forward_stats.h"
#include "client/tools/portforward/forwarded_connection.h"
#include "client/tools/portforward/listen.h"
#include "client/tools/portforward/observer.h"
#include "client/tools/portforward/pod_streams.h"
#include "client/tools/portforward/ports.h"
#include "client/tools/portforward/repeatable_stream.h"
#include "client/tools/portforward/target.h"
#include "httpstream/httpstream.h"
#include "net/socket/socket.h"

namespace fairway::portforward {

// For what was sent before a FIN to arrive, once the forwarder is to stop.
inline constexpr absl::Duration kFinishTimeout = absl::Seconds(2);

// Differs: a failure of one connection ends that connection only; each
// direction of a connection ends by itself; sessions come from Backends, which
// makes them anew (ForwardOptions::reconnect); without that their loss is an
// error, as in newer clients.
//
// Threads:  not thread-safe; on `executor`.
// Lifetime: ForwardPorts() has returned before it dies.
class PortForwarder {
 public:
  // `observer` outlives it.
  PortForwarder(Executor executor, std::unique_ptr<PodSource> pods,
                ForwardOptions options, Observer* observer);

  // Finds the target, makes a session, listens, and forwards until Stop() (OK)
  // or until the way to the pod is lost for good. After Stop() connections of
  // which one side has sent its FIN, read or not, have kFinishTimeout to end;
  // those that are left are reset, sessions are closed in good order. Call it
  // once.
  // Errors: of PodSource::Resolve; "error upgrading connection: ...";
  // kAlreadyExists "unable to listen on any of the requested ports: [{8080
  // 80}]"; kUnavailable "lost connection to pod".
  Task<absl::Status> ForwardPorts();

  // Ends ForwardPorts(). Never waits. Idempotent.
  void Stop();

  // Returns when the listeners are ready, or ForwardPorts() has returned.
  Task<absl::Status> WaitReady();

  // The ports, with the local ones that the kernel chose; of each pod that has
  // local ports of its own (Pods::kEach), one pod's after another's.
  // Errors: kFailedPrecondition "listeners not ready".
  absl::StatusOr<std::vector<ForwardedPort>> GetPorts() const;

  ForwardStats stats() const;

 private:
  // A connection that was accepted.
  struct OpenConnection {
    MemoryInUse memory;
    ConnectionInfo info;
    size_t slot = 0;  // whose local end it came to
    size_t port = 0;  // of Target::ports
    std::unique_ptr<net::Socket> local;
    StreamPair* streams = nullptr;  // while bytes may move
    bool first_fin = false;         // one of two was passed on
    ForwardedBytes bytes;
    BackendPtr backend;  // null while it has no pod
    // Once its pod is gone: since when no byte has moved, and how many had.
    absl::optional<std::chrono::steady_clock::time_point> still_since;
    uint64_t seen_bytes = 0;
    bool reset = false;  // for that
    ConnectionSummary summary;
  };

  Task<absl::Status> OpenSessions();
  Task<absl::Status> Forward();
  absl::Status ListenOnPorts();
  absl::Status ListenOnPortOf(size_t slot, size_t index);
  Task<absl::Status> WaitForConnection(LocalListener* listener, size_t slot,
                                       size_t port);
  Task<absl::Status> HandleConnection(std::unique_ptr<net::Socket> socket,
                                      const LocalEnd* local, size_t slot,
                                      size_t port);
  // What the application has said goes to a pod once more.
  void SayAgain(OpenConnection& open, RepeatableStream& local);
  // Until the connection has ended. What reached nobody is done again: once
  // when the pod's sandbox was another by now, and for as long as a pod that
  // took another's place may not listen yet.
  Task<void> ConnectToPod(OpenConnection& open);
  Task<absl::StatusOr<ForwardResult>> ConnectOnce(OpenConnection& open,
                                                  RepeatableStream& local,
                                                  Route* route);
  enum class Patience { kShort, kAsLongAsItTakes };
  Task<ForwardResult> ForwardInSession(OpenConnection& open,
                                       RepeatableStream& local,
                                       const Route& route, Patience patience);
  // Until the pod's end has taken the connection.
  Task<absl::Status> WaitTaken(const OpenConnection& open,
                               RepeatableStream& local, const Route& route,
                               Patience patience);
  void NoteResult(OpenConnection& open, const Route& route,
                  const ForwardResult& result);
  bool IsOneOfManyLost(const absl::Status& status);
  // Ends the connections to a pod that is gone.
  void ResetConnectionsTo(const std::string& uid);
  // Whether there are others left.
  bool ResetThoseThatStandStill(const std::string& uid);
  // Why the connection ended.
  void NoteError(OpenConnection& open, int line, std::string message);
  Task<absl::Status> EndAll();
  // Whether a connection is left of which a side has sent its FIN.
  bool Finishing() const;
  Task<absl::Status> WaitFinished();

  const Executor executor_;
  const ForwardOptions options_;
  Observer* const observer_;
  Backends backends_;
  Target target_;
  std::vector<ForwardedPort> ports_;
  LocalListeners listeners_;
  uint64_t next_request_id_ = 0;
  uint64_t total_connections_ = 0;
  bool ready_ = false;
  bool stopped_ = false;
  bool ended_ = false;
  bool lost_ = false;
  std::set<OpenConnection*> connections_;
  ForwardedBytes ended_bytes_;  // of connections that have ended
  std::string last_error_;
  absl::optional<std::chrono::steady_clock::time_point> last_lost_;
  std::set<std::string> resetting_;  // pods' uids
  Condition changed_;
  TaskGroup tasks_;
};

// A forwarder to the one pod that `dialer` leads to, without reconnecting.
// `dialer` is asked for several connections at a time; `observer` outlives the
// forwarder.
// Errors: kInvalidArgument ("you must specify at least 1 port").
absl::StatusOr<std::unique_ptr<PortForwarder>> NewOnAddresses(
    Executor executor, std::unique_ptr<httpstream::Dialer> dialer,
    const std::vector<std::string>& addresses,
    const std::vector<std::string>& ports, Observer* observer,
    SessionPerConnection mode = SessionPerConnection::kAuto);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_PORTFORWARD_H_
