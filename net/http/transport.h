// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client with a pool of idle connections.
#ifndef NET_HTTP_TRANSPORT_H_
#define NET_HTTP_TRANSPORT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/http/message.h"
#include "net/io/byte_stream.h"
#include "net/tls/tls.h"

namespace fairway::net::http {

class ConnectionPool;

// The proxy for a URL (scheme http or https, credentials in it), or a Url with
// an empty host for none. Mirrors: net/http.Transport.Proxy.
using Proxier = std::function<absl::StatusOr<Url>(const Url&)>;

// HTTPS_PROXY, HTTP_PROXY and NO_PROXY (and lower case), as Go reads them: an
// address of loopback never uses a proxy.
absl::StatusOr<Url> ProxyFromEnvironment(const Url& url);

struct DialOptions {
  std::shared_ptr<const TlsClientContext> tls;  // for https
  // Gives the context for each connection by TLS, where that may change; null:
  // `tls` does for all. Mirrors: GetClientCertificate of crypto/tls.Config.
  std::function<Task<absl::StatusOr<std::shared_ptr<const TlsClientContext>>>()>
      get_tls;
  std::string tls_server_name;  // empty: the URL's host
  Proxier proxier;              // null: no proxy
  std::string unix_path;        // not empty: dial this instead of the host
  // Whether an IP of the host may be dialled. Not asked about a proxy's, nor by
  // it: it resolves the host by itself.
  std::function<absl::Status(const std::string& ip)> address_filter;
  // Idle connections that were dialled as this says, for all who do; null: a
  // transport has its own, and nobody else's are taken.
  std::shared_ptr<ConnectionPool> pool;
  absl::Duration timeout = absl::Seconds(30);  // dial, proxy and TLS together
  absl::Duration tls_handshake_timeout = absl::Seconds(10);  // as Go has it
};

// Connects to the host of `url`: through a proxy by CONNECT (Basic auth from
// its URL) if there is one, and by TLS if the scheme is https.
// Errors: of DialTcp and TlsConnect, behind "proxyconnect tcp: " on the way to
// the proxy; "CONNECT request to http://proxy:3128 returned response: 407 ..."
// when it refuses, kUnavailable for a status of 500 and above, else
// kPermissionDenied; kDeadlineExceeded ("dial tcp 10.0.0.1:443: i/o timeout").
Task<absl::StatusOr<std::unique_ptr<ByteStream>>> Dial(Url url,
                                                       DialOptions options);

// Keeps idle connections in a pool. Follows no redirect. Behind the dial there
// is no deadline but the caller's: an answer may be a watch.
std::unique_ptr<RoundTripper> NewTransport(Executor executor,
                                           DialOptions options);

}  // namespace fairway::net::http

#endif  // NET_HTTP_TRANSPORT_H_
