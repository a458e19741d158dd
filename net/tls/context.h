// SPDX-License-Identifier: Apache-2.0
// The prepared configurations behind tls.h.
#ifndef NET_TLS_CONTEXT_H_
#define NET_TLS_CONTEXT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/tls/boringssl.h"
#include "net/tls/session_cache.h"
#include "net/tls/tls.h"

namespace fairway::net {

// `protocols` as ALPN has them on the wire: each behind its length.
absl::StatusOr<std::string> EncodeAlpn(
    const std::vector<std::string>& protocols);

class TlsClientContext {
 public:
  bssl::UniquePtr<SSL_CTX> ssl_ctx;
  bssl::UniquePtr<X509_STORE> roots;  // null: nothing is verified
  std::string server_name;
  // Of this context's authorities and certificate, and so for no other's.
  mutable SessionCache sessions;
  uint64_t bulk_after_bytes = kDefaultBulkAfterBytes;
};

class TlsServerContext {
 public:
  bssl::UniquePtr<SSL_CTX> ssl_ctx;
  bssl::UniquePtr<X509_STORE> client_roots;  // null: no certificate is wanted
  bool require_client_certificate = false;
  std::string alpn;  // encoded
  std::string answer_to_http;
  uint64_t bulk_after_bytes = kDefaultBulkAfterBytes;
};

}  // namespace fairway::net

#endif  // NET_TLS_CONTEXT_H_
