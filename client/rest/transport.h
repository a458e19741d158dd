// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/transport.go, k8s.io/client-go/transport/
// round_trippers.go, token_source.go (v0.20.2)
// RoundTrippers around others, that say who asks.
#ifndef CLIENT_REST_TRANSPORT_H_
#define CLIENT_REST_TRANSPORT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "client/rest/config.h"
#include "net/http/message.h"

namespace fairway::rest {

// Wraps `rt` as `config` asks: first its own wrapper, then the program that
// gives credentials, the log of requests, authentication, user agent,
// impersonation; so impersonation is outermost.
// Errors: kInvalidArgument "username/password or bearer token may be set, but
// not both"; those of reading a token file for the first time.
absl::StatusOr<std::unique_ptr<net::http::RoundTripper>> HTTPWrappersForConfig(
    const Config& config, std::unique_ptr<net::http::RoundTripper> rt);

// A pooled HTTP/1.1 transport with all of these around it.
absl::StatusOr<std::unique_ptr<net::http::RoundTripper>> TransportFor(
    Executor executor, const Config& config);

// Each keeps a header that the request already has.
std::unique_ptr<net::http::RoundTripper> NewUserAgentRoundTripper(
    std::string agent, std::unique_ptr<net::http::RoundTripper> rt);
std::unique_ptr<net::http::RoundTripper> NewBasicAuthRoundTripper(
    std::string username, std::string password,
    std::unique_ptr<net::http::RoundTripper> rt);
std::unique_ptr<net::http::RoundTripper> NewImpersonatingRoundTripper(
    ImpersonationConfig impersonate,
    std::unique_ptr<net::http::RoundTripper> rt);
// `token_file`, if not empty, is read at once and, a minute after the last
// time (less ten seconds' leeway), again; a read that fails later keeps the
// token that was. `now` is the clock; null: the system's.
absl::StatusOr<std::unique_ptr<net::http::RoundTripper>>
NewBearerAuthWithRefreshRoundTripper(
    std::string bearer_token, std::string token_file,
    std::unique_ptr<net::http::RoundTripper> rt,
    std::function<absl::Time()> now = nullptr);

}  // namespace fairway::rest

#endif  // CLIENT_REST_TRANSPORT_H_
