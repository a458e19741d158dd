// SPDX-License-Identifier: Apache-2.0
// Where a forwarded connection's streams are made: the seam between one
// session for all and a session for each.
#ifndef CLIENT_TOOLS_PORTFORWARD_SESSION_PROVIDER_H_
#define CLIENT_TOOLS_PORTFORWARD_SESSION_PROVIDER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "httpstream/httpstream.h"

namespace fairway::portforward {

// Threads:  on one executor.
// Lifetime: Close() before it dies.
// Cancel:   honoured by every call.
class SessionProvider {
 public:
  virtual ~SessionProvider() = default;

  // Makes sure that the pod can be reached, before anybody listens.
  // Errors: of Dialer::Dial.
  virtual Task<absl::Status> Open() = 0;

  // The session for one more forwarded connection. Whoever holds it may make
  // streams until they drop it. Errors: of Dialer::Dial.
  virtual Task<absl::StatusOr<std::shared_ptr<httpstream::Connection>>>
  Acquire() = 0;

  // Returns when there is no way to the pod any more. Waits as long as it
  // takes: that is what a forwarder does.
  virtual Task<absl::Status> WaitLost() = 0;

  // Closes what is open, in good order.
  virtual Task<absl::Status> Close() = 0;
};

// One session for all forwarded connections; lost when it is.
std::unique_ptr<SessionProvider> NewSingleSessionProvider(
    std::unique_ptr<httpstream::Dialer> dialer);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_SESSION_PROVIDER_H_
