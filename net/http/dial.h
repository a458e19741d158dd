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

// How an http URL (no TLS) goes through a proxy: inside CONNECT, or by asking
// the proxy itself with the absolute form.
enum class PlainHttp { kTunnelled, kAskedOfProxy };

// As Dial(); `proxy` has an empty host for none, `options.proxier` is not used.
Task<absl::StatusOr<std::unique_ptr<ByteStream>>> DialThrough(
    Url proxy, Url url, DialOptions options, PlainHttp plain);

// The value of (Proxy-)Authorization for the URL's user and password.
std::string BasicAuth(const Url& url);

}  // namespace fairway::net::http

#endif  // NET_HTTP_DIAL_H_
