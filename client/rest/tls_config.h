// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/transport.go, k8s.io/client-go/transport/
// transport.go (v0.20.2)
#ifndef CLIENT_REST_TLS_CONFIG_H_
#define CLIENT_REST_TLS_CONFIG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/rest/config.h"
#include "net/http/transport.h"
#include "net/tls/tls.h"

namespace fairway::rest {

// The TLS side of `config`, its files read. ALPN offers http/1.1 only: what
// may be upgraded later must not come over HTTP/2.
// Errors: kInvalidArgument ("specifying a root certificates file with the
// insecure flag is not allowed", "tls: private key does not match public key
// (client-certificate /c, client-key /k)"); kNotFound or kPermissionDenied for
// a file ("open /x: no such file or directory").
absl::StatusOr<net::TlsClientConfig> TLSConfigFor(const Config& config);

// How connections to the server of `config` are made: TLS and proxy. What the
// upgrade dialers and NewTransport take. Each connection shows the certificate
// that is then in its file, or that config.exec_provider gives if there is none
// in the configuration.
// Errors: of TLSConfigFor and NewTlsClientContext.
absl::StatusOr<net::http::DialOptions> DialOptionsFor(const Config& config);

}  // namespace fairway::rest

#endif  // CLIENT_REST_TLS_CONFIG_H_
