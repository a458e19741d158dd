// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 over any ByteStream, by BoringSSL.
#ifndef NET_TLS_TLS_H_
#define NET_TLS_TLS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::net {

// A connection that has moved so much, in both directions together, goes on
// with faster cryptography than BoringSSL's where the machine has it.
inline constexpr uint64_t kDefaultBulkAfterBytes = 1024 * 1024;

// What a TLS client needs. All PEM.
struct TlsClientConfig {
  std::string ca_pem;    // empty: the system's roots
  std::string cert_pem;  // a chain; with key_pem, or both empty
  std::string key_pem;
  // Verified against the certificate and sent as SNI; an IP is matched against
  // IP SANs and not sent.
  std::string server_name;
  bool insecure_skip_verify = false;
  std::vector<std::string> alpn;  // e.g. {"http/1.1"}; empty: none offered
  uint64_t bulk_after_bytes = kDefaultBulkAfterBytes;
};

enum class ClientCertificates {
  kNone,           // not asked for
  kVerifyIfGiven,  // Go's VerifyClientCertIfGiven
  kRequireAndVerify,
};

struct TlsServerConfig {
  std::string cert_pem;  // a chain, leaf first
  std::string key_pem;
  std::string client_ca_pem;
  ClientCertificates client_certificates = ClientCertificates::kNone;
  std::vector<std::string> alpn;  // in order of preference
  // Sent, before the end, to a client that begins with an HTTP request. As Go's
  // net/http has it; empty: such a client gets an alert.
  std::string answer_to_http =
      "HTTP/1.0 400 Bad Request\r\n\r\n"
      "Client sent an HTTP request to an HTTPS server.\n";
  uint64_t bulk_after_bytes = kDefaultBulkAfterBytes;
};

// The subject of a verified client certificate, as Kubernetes reads it.
struct PeerCertificate {
  std::string common_name;                 // the user
  std::vector<std::string> organizations;  // the groups
  std::string der_sha256_hex;
};

// A prepared configuration; immutable, so it may be shared by threads.
class TlsClientContext;
class TlsServerContext;

// Mirrors: crypto/tls.X509KeyPair. Whether a chain and a key go together.
// Errors: kInvalidArgument in Go's words: "tls: failed to find any PEM data in
// certificate input", "tls: private key does not match public key".
absl::Status CheckKeyPair(absl::string_view cert_pem,
                          absl::string_view key_pem);

// Errors: kInvalidArgument: of CheckKeyPair(); "unable to load root
// certificates: unable to parse bytes as PEM block".
absl::StatusOr<std::shared_ptr<const TlsClientContext>> NewTlsClientContext(
    const TlsClientConfig& config);
absl::StatusOr<std::shared_ptr<const TlsServerContext>> NewTlsServerContext(
    const TlsServerConfig& config);

// An established TLS connection. Read returns 0 only after the peer's
// close_notify; a transport that ends without one is kUnavailable ("unexpected
// EOF"). CloseWrite() sends close_notify.
class TlsStream : public ByteStream {
 public:
  // The protocol agreed on by ALPN; empty if none.
  virtual std::string alpn_protocol() const = 0;
  // Null when the peer showed no certificate.
  virtual const PeerCertificate* peer_certificate() const = 0;
};

// The Status of a handshake with a peer that speaks no TLS ("tls: first record
// does not look like a TLS handshake") has this payload: what the peer sent, at
// most five bytes ("HTTP/").
inline constexpr char kFirstRecordPayload[] =
    "fairway.net.tls/first_record_header";

// Does the handshake over `transport`. `server_name` replaces the context's, if
// not empty. Errors: in Go's words ("x509: certificate signed by unknown
// authority", "remote error: tls: bad certificate"): kUnauthenticated for a
// certificate that does not verify, else as ByteStream.
// A failed handshake closes `transport` behind the alert that tells the peer.
Task<absl::StatusOr<std::unique_ptr<TlsStream>>> TlsConnect(
    std::shared_ptr<const TlsClientContext> context, std::string server_name,
    std::unique_ptr<ByteStream> transport);
Task<absl::StatusOr<std::unique_ptr<TlsStream>>> TlsAccept(
    std::shared_ptr<const TlsServerContext> context,
    std::unique_ptr<ByteStream> transport);

}  // namespace fairway::net

#endif  // NET_TLS_TLS_H_
