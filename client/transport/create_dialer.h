// SPDX-License-Identifier: Apache-2.0
// Mirrors: createDialer of k8s.io/kubectl/pkg/cmd/portforward/portforward.go
// (v0.31.0)
#ifndef CLIENT_TRANSPORT_CREATE_DIALER_H_
#define CLIENT_TRANSPORT_CREATE_DIALER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/rest/config.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/url.h"

namespace fairway::transport {

// How kubectl reaches a pod's port-forward at `url`: by SPDY inside WebSocket,
// and where a server does not take that, by SPDY with a request of `method`. By
// SPDY alone if the environment has KUBECTL_PORT_FORWARD_WEBSOCKETS=false (in
// letters of any case).
// Differs: upstream also falls back where the proxy is reached by TLS, which
// its WebSocket client cannot do.
// Errors: of the RoundTripperFor() of both.
absl::StatusOr<std::unique_ptr<httpstream::Dialer>> CreateDialer(
    const rest::Config& config, std::string method, net::http::Url url,
    httpstream::spdy::SessionOptions session);

}  // namespace fairway::transport

#endif  // CLIENT_TRANSPORT_CREATE_DIALER_H_
