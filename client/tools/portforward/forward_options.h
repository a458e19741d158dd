// SPDX-License-Identifier: Apache-2.0
// How a forwarder goes about its target.
#ifndef CLIENT_TOOLS_PORTFORWARD_FORWARD_OPTIONS_H_
#define CLIENT_TOOLS_PORTFORWARD_FORWARD_OPTIONS_H_

#include <sys/types.h>

#include <vector>

#include "absl/time/time.h"
#include "client/tools/portforward/ports.h"
#include "client/tools/portforward/session_provider.h"

namespace fairway::portforward {

// Which of a target's pods a new connection goes to.
enum class Pods {
  kOne,  // to one, as long as it can be used
  // Each pod that can be used at first has local ports of its own, in the order
  // of their names: LOCAL, LOCAL + 1, ...; of a Unix socket PATH, PATH.1, ...
  // When it is gone, they are another pod's that has none.
  kEach,
  kRoundRobin,  // to the next one
};

struct ForwardOptions {
  std::vector<ListenAddress> addresses;
  SessionPerConnection mode = SessionPerConnection::kAuto;
  Pods pods = Pods::kOne;
  // Whether the way to a pod is made again when it is lost; else that is the
  // forwarder's end, as upstream.
  bool reconnect = true;
  // How long a new connection waits for a way to a pod.
  absl::Duration reconnect_timeout = absl::Seconds(30);
  mode_t unix_socket_mode = 0600;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_FORWARD_OPTIONS_H_
