// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/httpstream/spdy/roundtripper.go
// (v0.20.2)
#ifndef HTTPSTREAM_SPDY_ROUNDTRIPPER_H_
#define HTTPSTREAM_SPDY_ROUNDTRIPPER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/message.h"
#include "net/http/upgrade_transport.h"

namespace fairway::httpstream::spdy {

struct RoundTripperOptions {
  // Follows redirects unless told not to.
  net::http::UpgradeOptions upgrade = {.follow_redirects =
                                           net::http::FollowRedirects::kYes};
  SessionOptions session;
};

// Does an upgrade request on a connection of its own, and makes a SPDY client
// of what was upgraded.
// Differs: the connection travels in the Response, so that one SpdyRoundTripper
// does for requests that overlap; redirects are held to more than the host's
// name.
//
// Threads:  on the caller's executor.
// Lifetime: a Response or Connection may outlive it.
class SpdyRoundTripper final : public net::http::RoundTripper {
 public:
  explicit SpdyRoundTripper(RoundTripperOptions options)
      : options_(std::move(options)) {}

  // Adds what asks for the upgrade. Errors: of DoUpgradeRequest().
  Task<absl::StatusOr<net::http::Response>> RoundTrip(
      net::http::Request request) override;

  // The connection of a RoundTrip's response.
  // Errors: for an answer other than 101 the code of its HTTP status, with the
  // message of a metav1.Status in its body (IsServerStatus) or "unable to
  // upgrade connection: " and the body.
  Task<absl::StatusOr<std::unique_ptr<Connection>>> NewConnection(
      net::http::Response response) const;

 private:
  const RoundTripperOptions options_;
};

// TLS and proxy are in `options.dial`.
inline std::shared_ptr<SpdyRoundTripper> NewRoundTripperWithProxy(
    RoundTripperOptions options) {
  return std::make_shared<SpdyRoundTripper>(std::move(options));
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_ROUNDTRIPPER_H_
