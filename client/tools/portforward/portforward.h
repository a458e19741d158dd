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
#include <utility>
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
  struct OpenConnection final : ForwardEvents {
    OpenConnection(PortForwarder& f, std::unique_ptr<net::Socket> s)
        : forwarder(f), local(std::move(s)), words(f.executor_, local.get()) {}

    Task<absl::Status> WaitTaken() override {
      return forwarder.WaitTaken(*this);
    }
    void OnCutOff() override { route.lease->Abort(); }
    void OnFirstFin() override { first_fin = true; }
    void OnErrorText() override { words.HoldEnd(); }

    PortForwarder& forwarder;
    MemoryInUse memory;
    ConnectionInfo info;
    size_t slot = 0;  // whose local end it came to
    size_t port = 0;  // of Target::ports
    const std::unique_ptr<net::Socket> local;
    RepeatableStream words;  // of `local`
    std::chrono::steady_clock::time_point begin;
    // How often it has asked for a way since it was said anew, and until when
    // it does so.
    int attempts = 0;
    std::chrono::steady_clock::time_point deadline;
    bool doubted = false;
    Route route;
    absl::optional<StreamPair> streams;  // while bytes may move
    bool first_fin = false;              // one of two was passed on
    ForwardedBytes bytes;
    // Once its pod is gone: since when no byte has moved, and how many had.
    absl::optional<std::chrono::steady_clock::time_point> still_since;
    uint64_t seen_bytes = 0;
    bool reset = false;  // for that
    // Of ConnectionSummary.
    std::string error;
    int error_line = 0;
    bool cut_off = false;
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
  // Finds a way for it.
  Task<absl::Status> Acquire(OpenConnection& open);
  absl::Status StartStreamsOf(OpenConnection& open);
  // Until the pod's end has taken the connection.
  Task<absl::Status> WaitTaken(OpenConnection& open);
  // Whether the connection is to begin once more, after `result`. What reached
  // nobody is done again: in another session, if this one does not make the
  // streams; once when the pod's sandbox was another by now; and for as long as
  // a pod that took another's place may not listen yet.
  Task<bool> EndAttempt(OpenConnection& open, ForwardResult& result);
  Task<bool> IsForAnotherSession(OpenConnection& open, ForwardResult& result);
  Task<bool> IsToBeSaidAgain(OpenConnection& open, const ForwardResult& result);
  // What the application has said goes to a pod once more.
  void SayAgain(OpenConnection& open);
  bool IsFirstAttempt(const OpenConnection& open) const {
    return open.attempts == 1 && options_.reconnect;
  }
  void NoteResult(OpenConnection& open, const ForwardResult& result);
  void NoteClosed(OpenConnection& open);
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
