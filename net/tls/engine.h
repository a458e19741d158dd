// SPDX-License-Identifier: Apache-2.0
// BoringSSL without I/O: ciphertext goes in and out by buffers.
#ifndef NET_TLS_ENGINE_H_
#define NET_TLS_ENGINE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "net/io/buffer_pool.h"
#include "net/tls/boringssl.h"
#include "net/tls/tls.h"
#include "net/tls/verify.h"

namespace fairway::net {

// Bytes on their way to the transport.
class CipherOutput {
 public:
  bool empty() const { return chunks_.empty(); }
  // Makes the next Append() begin a buffer of this size.
  void Reserve(BufferSize size);
  void Append(absl::string_view bytes);
  std::vector<absl::string_view> pieces() const;

 private:
  struct Chunk {
    PooledBuffer buffer;
    size_t used = 0;
  };
  std::vector<Chunk> chunks_;
};

// A position in the pieces that a Write was given.
struct WriteCursor {
  absl::Span<const absl::string_view> pieces;
  size_t offset = 0;  // in pieces.front()

  void SkipEmpty();
  bool done() const { return pieces.empty(); }
};

// One TLS connection's cryptography. An error, once returned, is returned
// again by later calls.
//
// Threads: not thread-safe.
class TlsEngine {
 public:
  // `roots` null: the peer's certificate is not verified.
  struct Options {
    SSL_CTX* ctx = nullptr;
    X509_STORE* roots = nullptr;
    CertificateUse peer_use = CertificateUse::kServer;
    int verify_mode = SSL_VERIFY_NONE;
    std::string server_name;  // clients only
  };
  static absl::StatusOr<std::unique_ptr<TlsEngine>> New(Options options);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  enum class Progress { kDone, kNeedsInput };

  // Each may leave bytes in output(), also when it fails.
  absl::StatusOr<Progress> Handshake();
  // Decrypts into `buf` what is there. 0 means: needs input, unless
  // fin_received().
  absl::StatusOr<size_t> Decrypt(absl::Span<char> buf);
  // Whether Decrypt() would return bytes or FIN.
  absl::StatusOr<bool> CanDecrypt();
  // Encrypts what makes a good send, and moves `cursor` on.
  absl::Status Encrypt(WriteCursor& cursor);
  // Appends close_notify to the output.
  void CloseWrite();

  // Only when input was asked for: so the last is used up.
  void SetInput(PooledBuffer buffer, size_t size);

  CipherOutput& output() { return output_; }
  bool fin_received() const { return fin_received_; }
  // Whether the handshake failed because the client began an HTTP request.
  bool client_spoke_http() const;
  std::string alpn_protocol() const;
  const PeerCertificate* peer_certificate() const {
    return peer_ ? &*peer_ : nullptr;
  }

 private:
  TlsEngine() = default;

  static const BIO_METHOD* BioMethod();
  static int BioRead(BIO* bio, char* out, int size);
  static int BioWrite(BIO* bio, const char* in, int size);
  static long BioControl(BIO* bio, int command, long number, void* pointer);
  static ssl_verify_result_t Verify(SSL* ssl, uint8_t* out_alert);

  absl::Status VerifyPeer();
  void ReleaseUsedInput();
  // After a call that returned `result` <= 0: OK if it is about input.
  absl::Status NoteResult(int result);
  absl::Status HandshakeError() const;

  Options options_;
  PooledBuffer input_;
  size_t input_start_ = 0;
  size_t input_end_ = 0;
  CipherOutput output_;
  bool fin_received_ = false;
  bool handshake_done_ = false;
  std::string first_bytes_;  // of the peer's first record
  absl::Status verify_error_;
  absl::Status error_;
  absl::optional<PeerCertificate> peer_;
  // Last, as it is the first to be destroyed: its BIO points here.
  bssl::UniquePtr<SSL> ssl_;
};

}  // namespace fairway::net

#endif  // NET_TLS_ENGINE_H_
