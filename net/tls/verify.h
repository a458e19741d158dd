// SPDX-License-Identifier: Apache-2.0
// Mirrors: crypto/x509/verify.go
// Whether a peer's certificate is to be trusted, and what it says.
#ifndef NET_TLS_VERIFY_H_
#define NET_TLS_VERIFY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "net/tls/boringssl.h"
#include "net/tls/tls.h"

namespace fairway::net {

enum class CertificateUse { kServer, kClient };

// A peer's chain, leaf first.
using CertificateChain = std::vector<bssl::UniquePtr<X509>>;

// Checks validity in time, `server_name` (a DNS name or an IP; not for
// clients), and a chain to one of `roots`, in this order.
// Errors: kUnauthenticated, in Go's words.
absl::Status VerifyChain(const CertificateChain& chain, X509_STORE* roots,
                         CertificateUse use, absl::string_view server_name,
                         absl::Time now);

// Only the times, of the whole chain. Errors: kUnauthenticated, in Go's words.
absl::Status VerifyTimes(const CertificateChain& chain, absl::Time now);

// Only the name. Errors: kUnauthenticated, in Go's words.
absl::Status VerifyHostname(X509* leaf, absl::string_view server_name);

// Errors: kInvalidArgument.
absl::StatusOr<CertificateChain> ParseChain(const STACK_OF(CRYPTO_BUFFER) *
                                            buffers);
PeerCertificate DescribeCertificate(X509* certificate);

// Whether `text` is an IPv4 or IPv6 address without brackets.
bool IsIpAddress(absl::string_view text);

}  // namespace fairway::net

#endif  // NET_TLS_VERIFY_H_
