// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2)
// Local listeners whose connections come out of a pod's ports.
#ifndef CLIENT_TOOLS_PORTFORWARD_PORTFORWARD_H_
#define CLIENT_TOOLS_PORTFORWARD_PORTFORWARD_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/ports.h"
#include "client/tools/portforward/session_provider.h"
#include "httpstream/httpstream.h"
#include "net/socket/socket.h"

namespace fairway::portforward {

// For what was sent before a FIN to arrive, once the forwarder is to stop.
inline constexpr absl::Duration kFinishTimeout = absl::Seconds(2);

// Differs: a failure of one connection ends that connection only; each
// direction of a connection ends by itself; sessions come from a
// SessionProvider; when they are lost, that is an error, as in newer clients.
//
// Threads:  not thread-safe; on `executor`.
// Lifetime: ForwardPorts() has returned before it dies.
class PortForwarder {
 public:
  PortForwarder(Executor executor, std::unique_ptr<SessionProvider> sessions,
                std::vector<ListenAddress> addresses,
                std::vector<ForwardedPort> ports, std::ostream* out,
                std::ostream* err_out);

  // Makes a session, listens, and forwards until Stop() (OK) or until the way
  // to the pod is lost. After Stop() connections of which one side has sent its
  // FIN, read or not, have kFinishTimeout to end; those that are left are
  // reset, sessions are closed in good order. Call it once.
  // Errors: "error upgrading connection: ..."; kAlreadyExists "unable to listen
  // on any of the requested ports: [{8080 80}]"; kUnavailable "lost connection
  // to pod".
  Task<absl::Status> ForwardPorts();

  // Ends ForwardPorts(). Never waits. Idempotent.
  void Stop();

  // Returns when the listeners are ready, or ForwardPorts() has returned.
  Task<absl::Status> WaitReady();

  // The ports, with the local ones that the kernel chose.
  // Errors: kFailedPrecondition "listeners not ready".
  absl::StatusOr<std::vector<ForwardedPort>> GetPorts() const;

 private:
  // A connection that was accepted.
  struct OpenConnection {
    const net::Socket* local;
    bool first_fin = false;  // one of two was passed on
  };

  Task<absl::Status> OpenSessions();
  Task<absl::Status> Forward();
  absl::Status ListenOnPort(ForwardedPort& port);
  absl::Status ListenOnPortAndAddress(ForwardedPort& port,
                                      const ListenAddress& address);
  absl::StatusOr<std::unique_ptr<net::Listener>> GetListener(
      ForwardedPort& port, const ListenAddress& address);
  Task<absl::Status> WaitForConnection(net::Listener* listener,
                                       ForwardedPort port);
  Task<absl::Status> HandleConnection(std::unique_ptr<net::Socket> socket,
                                      ForwardedPort port);
  Task<absl::Status> EndAll();
  // Whether a connection is left of which a side has sent its FIN.
  bool Finishing() const;
  Task<absl::Status> WaitFinished();

  Executor executor_;
  std::unique_ptr<SessionProvider> sessions_;
  const std::vector<ListenAddress> addresses_;
  std::vector<ForwardedPort> ports_;
  std::ostream* const out_;
  std::ostream* const err_out_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  uint64_t next_request_id_ = 0;
  bool ready_ = false;
  bool stopped_ = false;
  bool ended_ = false;
  bool lost_ = false;
  std::set<OpenConnection*> connections_;
  Condition changed_;
  TaskGroup tasks_;
};

// `out` and `err_out` outlive the forwarder. `dialer` is asked for several
// connections at a time.
// Errors: kInvalidArgument ("you must specify at least 1 port").
absl::StatusOr<std::unique_ptr<PortForwarder>> NewOnAddresses(
    Executor executor, std::unique_ptr<httpstream::Dialer> dialer,
    const std::vector<std::string>& addresses,
    const std::vector<std::string>& ports, std::ostream* out,
    std::ostream* err_out,
    SessionPerConnection mode = SessionPerConnection::kAuto);

// Mirrors: k8s.io/apimachinery/pkg/util/runtime.HandleError. Writes `message`
// as one line of a log: "E1122 21:07:01.123456    4711 FILE:LINE] ...". What
// could move a terminal's cursor is replaced.
void HandleError(std::ostream* err_out, absl::string_view file, int line,
                 absl::string_view message);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_PORTFORWARD_H_
