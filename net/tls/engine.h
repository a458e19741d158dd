// SPDX-License-Identifier: Apache-2.0
// TLS without I/O: ciphertext goes in and out by buffers. BoringSSL begins each
// connection; RecordLayer takes over those of TLS 1.3 that move much.
#ifndef NET_TLS_ENGINE_H_
#define NET_TLS_ENGINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "net/io/buffer_pool.h"
#include "net/tls/boringssl.h"
#include "net/tls/cipher_output.h"
#include "net/tls/records.h"
#include "net/tls/session_cache.h"
#include "net/tls/tls.h"
#include "net/tls/verify.h"

namespace fairway::net {

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
    uint64_t bulk_after_bytes = kDefaultBulkAfterBytes;
    // Clients only. Null: each handshake is a whole one.
    SessionCache* sessions = nullptr;
    absl::Time (*now)() = absl::Now;  // for certificates
  };
  static absl::StatusOr<std::unique_ptr<TlsEngine>> New(Options options);
  // Makes a client's `ctx` give the sessions that servers offer to the engine.
  // They are resumed only where the server's certificate still verifies.
  static void OfferSessions(SSL_CTX* ctx);
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
  // Whether it certainly would, as far as can be told without trying.
  bool HasContent() const;
  // Encrypts what makes a good send, and moves `cursor` on.
  absl::Status Encrypt(WriteCursor& cursor);
  // Appends close_notify to the output.
  void CloseWrite();

  // Where ciphertext is to be read to, in a buffer of this size at least; only
  // when input was asked for. Part of a record may lie before it, in less than
  // half of the buffer.
  absl::Span<char> InputSpace(BufferSize size);
  // So much was.
  void AddInput(size_t size);

  CipherOutput& output() { return output_; }
  bool fin_received() const { return fin_received_; }
  // Whether RecordLayer has taken over.
  bool is_bulk() const { return records_ != nullptr; }
  SSL* ssl_for_test() { return ssl_.get(); }  // null when is_bulk()
  // Whether the handshake failed because the client began an HTTP request.
  bool client_spoke_http() const;
  const std::string& alpn_protocol() const { return alpn_protocol_; }
  const PeerCertificate* peer_certificate() const {
    return peer_ ? &*peer_ : nullptr;
  }

 private:
  TlsEngine() = default;

  // Follows what BoringSSL reads, record by record.
  class RecordBorder {
   public:
    void Pass(const char* bytes, size_t size);
    bool reached() const { return head_bytes_ == 0 && left_ == 0; }

   private:
    std::array<uint8_t, SSL3_RT_HEADER_LENGTH> head_;
    size_t head_bytes_ = 0;
    size_t left_ = 0;
  };

  absl::Span<char> input() {
    return input_.span().subspan(input_start_, input_end_ - input_start_);
  }
  absl::Span<const char> input() const {
    return absl::MakeSpan(input_.data(), input_.size())
        .subspan(input_start_, input_end_ - input_start_);
  }

  static const BIO_METHOD* BioMethod();
  static int BioRead(BIO* bio, char* out, int size);
  static int BioWrite(BIO* bio, const char* in, int size);
  static long BioControl(BIO* bio, int command, long number, void* pointer);
  static ssl_verify_result_t Verify(SSL* ssl, uint8_t* out_alert);

  static int OnNewSession(SSL* ssl, SSL_SESSION* session);

  // One whose server's certificates are still good; null if there is none.
  bssl::UniquePtr<SSL_SESSION> TakeSession();
  absl::Status VerifyPeer();
  // What a full handshake would have found, of a client that resumed one.
  absl::Status VerifyResumedClient();
  // Gives BoringSSL's place to `records_` if it is time to and both directions
  // stand between two records; returns whether they do or did.
  bool HandOver();
  // At most one record's content; 0: needs input, FIN, or error_.
  size_t ReadByBoringSsl(absl::Span<char> buf);
  size_t ReadByRecords(absl::Span<char> buf);
  // Opens records until one has content, which is put into `buf` and its size
  // returned, or, where it does not fit, is left in `pending_`.
  size_t OpenRecord(absl::Span<char> buf);
  absl::Status EncryptByBoringSsl(WriteCursor& cursor);
  // Lets go of the buffer but for part of a record, which is kept apart.
  void ReleaseUsedInput();
  // After a call that returned `result` <= 0: OK if it is about input.
  absl::Status NoteResult(int result);
  absl::Status HandshakeError() const;

  Options options_;
  // Ciphertext that is not opened yet, and content that was opened in its place
  // and is not read yet.
  PooledBuffer input_;
  size_t input_start_ = 0;
  size_t input_end_ = 0;
  absl::Span<char> pending_;
  std::string partial_record_;  // while no buffer is held
  CipherOutput output_;
  bool fin_received_ = false;
  bool fin_sent_ = false;
  bool handshake_done_ = false;
  std::string alpn_protocol_;
  // For the hand-over.
  uint64_t moved_ = 0;
  bool has_read_ = false;
  RecordBorder border_;
  // BoringSSL may keep the first part of another message.
  bool read_data_last_ = false;
  std::string first_bytes_;  // of the peer's first record
  absl::Status verify_error_;
  absl::Status error_;
  absl::optional<PeerCertificate> peer_;
  // Null before the hand-over.
  std::unique_ptr<RecordLayer> records_;
  // Null behind it. Last, as it is the first to be destroyed: its BIO points
  // here.
  bssl::UniquePtr<SSL> ssl_;
};

}  // namespace fairway::net

#endif  // NET_TLS_ENGINE_H_
