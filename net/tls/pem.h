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

// The newest error of BoringSSL's queue of this thread, in its words, and
// clears the queue.
std::string TakeBoringSslError();

}  // namespace fairway::net

#endif  // NET_TLS_PEM_H_
