// SPDX-License-Identifier: Apache-2.0
// Certificates and private keys in PEM.
#ifndef NET_TLS_PEM_H_
#define NET_TLS_PEM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "net/tls/boringssl.h"

namespace fairway::net {

// All certificates of a bundle, in order; other blocks are skipped.
// Errors: kInvalidArgument if there is none, or one cannot be parsed.
absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> ParseCertificates(
    absl::string_view pem);

// Errors: kInvalidArgument; says so when the key is encrypted.
absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> ParsePrivateKey(
    absl::string_view pem);

// Mirrors: crypto/tls.X509KeyPair. A chain, leaf first, and its key.
struct KeyPair {
  std::vector<bssl::UniquePtr<X509>> chain;
  bssl::UniquePtr<EVP_PKEY> key;
};
// Errors: kInvalidArgument in Go's words; for an encrypted key also what to do.
absl::StatusOr<KeyPair> ParseKeyPair(absl::string_view cert_pem,
                                     absl::string_view key_pem);

// Mirrors: rootCertPool of k8s.io/client-go/transport/transport.go (v0.21).
// What cannot be parsed is left out, as long as one is left.
// Errors: kInvalidArgument: "unable to load root certificates: ...".
absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> ParseRootCertificates(
    absl::string_view pem);

// The newest error of BoringSSL's queue of this thread, in its words, and
// clears the queue.
std::string TakeBoringSslError();

}  // namespace fairway::net

#endif  // NET_TLS_PEM_H_
