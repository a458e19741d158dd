// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2):
// listenOnPort, listenOnPortAndAddress, getListener
#ifndef CLIENT_TOOLS_PORTFORWARD_LISTEN_H_
#define CLIENT_TOOLS_PORTFORWARD_LISTEN_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "client/tools/portforward/forward_options.h"
#include "client/tools/portforward/observer.h"
#include "client/tools/portforward/ports.h"
#include "net/socket/socket.h"

namespace fairway::portforward {

struct LocalListener {
  LocalEnd end;
  std::unique_ptr<net::Listener> listener;
};
using LocalListeners = std::vector<std::unique_ptr<LocalListener>>;

// Listens for `port` on each of the addresses, or at its path, tells `observer`
// of each, and adds them to `listeners`; `port.local` becomes what the kernel
// chose. `wanted` says what the listeners lead to. After an error those that
// were made stay, as upstream.
// Errors: kAlreadyExists "Listeners failed to create with the following errors:
// [...]"; for a Unix socket, "unable to create listener: Error ...".
absl::Status ListenOnPort(Executor executor, const ForwardOptions& options,
                          const LocalEnd& wanted, Observer& observer,
                          ForwardedPort& port, LocalListeners& listeners);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_LISTEN_H_
