// SPDX-License-Identifier: Apache-2.0
// What Dial() and the transport share: connections by way of a proxy.
#ifndef NET_HTTP_DIAL_H_
#define NET_HTTP_DIAL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/http/transport.h"
#include "net/http/url.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http {

// How a proxy is asked, and its refusal told.
enum class ProxyUse {
  // As SpdyRoundTripper: CONNECT, whatever the scheme. "CONNECT request to
  // http://user:xxxxx@proxy:3128 returned response: 407 Proxy Authentication
  // Required".
  kUpgrade,
  // As net/http.Transport: an http URL is asked of the proxy itself, with the
  // absolute form. "Proxy Authentication Required".
  kTransport,
};

// As Dial(); `proxy` has an empty host for none, `options.proxier` is not used.
Task<absl::StatusOr<std::unique_ptr<ByteStream>>> DialThrough(
    Url proxy, Url url, DialOptions options, ProxyUse use);

// The value of (Proxy-)Authorization for the URL's user and password.
std::string BasicAuth(const Url& url);

}  // namespace fairway::net::http

#endif  // NET_HTTP_DIAL_H_
