// SPDX-License-Identifier: Apache-2.0
// A certificate authority of one's own: for clusters on one machine, and for
// tests.
#ifndef NET_TLS_CERTS_H_
#define NET_TLS_CERTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fairway::net {

struct CertificateRequest {
  enum class Usage { kServer, kClient, kBoth };

  std::string common_name;                 // a client's user name
  std::vector<std::string> organizations;  // a client's groups
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  // From now on; it begins an hour earlier, for clocks that are behind. A
  // negative one makes a certificate that has expired.
  absl::Duration validity = absl::Hours(24 * 365);
  Usage usage = Usage::kBoth;
};

// Both PEM; the key is ECDSA P-256, PKCS #8.
struct CertificateAndKey {
  std::string cert_pem;
  std::string key_pem;
};

// Threads: immutable, so it may be shared.
class CertificateAuthority {
 public:
  // A new one with a key of its own, good for ten years.
  // Errors: kInternal.
  static absl::StatusOr<std::unique_ptr<CertificateAuthority>> Make(
      absl::string_view common_name);
  // One that was stored. Errors: kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<CertificateAuthority>> Load(
      absl::string_view cert_pem, absl::string_view key_pem);
  ~CertificateAuthority();

  // Errors: kInvalidArgument, naming the address that is none.
  absl::StatusOr<CertificateAndKey> Sign(
      const CertificateRequest& request) const;

  const std::string& cert_pem() const;
  const std::string& key_pem() const;

 private:
  struct State;
  explicit CertificateAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairway::net

#endif  // NET_TLS_CERTS_H_
