// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/transport/spdy/spdy.go (v0.20.2)
// SPDY connections to an API server, as a rest::Config says.
#ifndef CLIENT_TRANSPORT_SPDY_SPDY_H_
#define CLIENT_TRANSPORT_SPDY_SPDY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "client/rest/config.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/message.h"
#include "net/http/url.h"

namespace fairway::transport::spdy {

// Validates an answer and makes a connection of it.
class Upgrader {
 public:
  virtual ~Upgrader() = default;
  // Errors: as httpstream::spdy::SpdyRoundTripper::NewConnection.
  virtual Task<absl::StatusOr<std::unique_ptr<httpstream::Connection>>>
  NewConnection(net::http::Response response) = 0;
};

struct RoundTripperAndUpgrader {
  std::shared_ptr<net::http::RoundTripper> round_tripper;
  std::shared_ptr<Upgrader> upgrader;
};

// What Dialers of this config are made with; both may be shared by many. The
// connections are as `session` says, and ask whether the server is there: every
// five seconds, or sooner, three times in `session.ping_timeout`.
// Errors: of TLSConfigFor and HTTPWrappersForConfig.
absl::StatusOr<RoundTripperAndUpgrader> RoundTripperFor(
    const rest::Config& config, httpstream::spdy::SessionOptions session);

// May dial several connections, one after the other or at once.
std::unique_ptr<httpstream::Dialer> NewDialer(
    std::shared_ptr<Upgrader> upgrader,
    std::shared_ptr<net::http::RoundTripper> client, std::string method,
    net::http::Url url);

// Does the request with a header for each of `protocols`.
// Errors: `error sending request: Post "https://...": CAUSE` with the code of
// the cause; those of the upgrader.
Task<absl::StatusOr<httpstream::Dialer::Result>> Negotiate(
    std::shared_ptr<Upgrader> upgrader,
    std::shared_ptr<net::http::RoundTripper> client, net::http::Request request,
    std::vector<std::string> protocols);

}  // namespace fairway::transport::spdy

#endif  // CLIENT_TRANSPORT_SPDY_SPDY_H_
