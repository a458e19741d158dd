// SPDX-License-Identifier: Apache-2.0
#include "net/tls/engine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "net/tls/alert.h"
#include "net/tls/pem.h"

namespace fairway::net {
namespace {

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;
// What one Encrypt() takes: enough for few system calls, little enough that
// encrypting and sending overlap between processes.
constexpr size_t kBatchBytes = 8 * kRecordBytes;
constexpr size_t kRecordHeaderBytes = 5;
// A batch up to this fits a small buffer, encrypted.
constexpr size_t kSmallBatchBytes = 3 * kRecordBytes;

bool LooksLikeTls(absl::string_view first_bytes) {
  const char type = first_bytes[0];
  if (type != SSL3_RT_ALERT && type != SSL3_RT_HANDSHAKE) return false;
  return first_bytes.size() < 2 || first_bytes[1] < 0x10;
}

}  // namespace

void CipherOutput::Reserve(BufferSize size) {
  if (chunks_.empty()) chunks_.push_back({PooledBuffer(size), 0});
}

void CipherOutput::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() ||
        chunks_.back().used == chunks_.back().buffer.size()) {
      chunks_.push_back({PooledBuffer(BufferSize::kSmall), 0});
    }
    Chunk& chunk = chunks_.back();
    const size_t n = std::min(bytes.size(), chunk.buffer.size() - chunk.used);
    std::memcpy(chunk.buffer.data() + chunk.used, bytes.data(), n);
    chunk.used += n;
    bytes.remove_prefix(n);
  }
}

std::vector<absl::string_view> CipherOutput::pieces() const {
  std::vector<absl::string_view> pieces;
  for (const Chunk& chunk : chunks_) {
    pieces.emplace_back(chunk.buffer.data(), chunk.used);
  }
  return pieces;
}

void WriteCursor::SkipEmpty() {
  while (!pieces.empty() && offset == pieces.front().size()) {
    pieces.remove_prefix(1);
    offset = 0;
  }
}

const BIO_METHOD* TlsEngine::BioMethod() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(0, "fairway");
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

int TlsEngine::BioRead(BIO* bio, char* out, int size) {
  auto* engine = static_cast<TlsEngine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const size_t n =
      std::min<size_t>(size, engine->input_end_ - engine->input_start_);
  if (n == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(out, engine->input_.data() + engine->input_start_, n);
  engine->input_start_ += n;
  return static_cast<int>(n);
}

int TlsEngine::BioWrite(BIO* bio, const char* in, int size) {
  auto* engine = static_cast<TlsEngine*>(BIO_get_data(bio));
  engine->output_.Append(absl::string_view(in, size));
  return size;
}

long TlsEngine::BioControl(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

absl::StatusOr<std::unique_ptr<TlsEngine>> TlsEngine::New(Options options) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine());
  engine->options_ = std::move(options);
  const Options& o = engine->options_;
  ERR_clear_error();
  engine->ssl_.reset(SSL_new(o.ctx));
  bssl::UniquePtr<BIO> bio(BIO_new(BioMethod()));
  if (engine->ssl_ == nullptr || bio == nullptr) {
    ERR_clear_error();
    return absl::ResourceExhaustedError("tls: out of memory");
  }
  SSL* ssl = engine->ssl_.get();
  BIO_set_data(bio.get(), engine.get());
  BIO_set_init(bio.get(), 1);
  SSL_set0_rbio(ssl, bssl::UpRef(bio).release());
  SSL_set0_wbio(ssl, bio.release());
  SSL_set_app_data(ssl, engine.get());
  SSL_set_custom_verify(ssl, o.verify_mode, Verify);
  SSL_set_shed_handshake_config(ssl, 1);
  if (o.peer_use == CertificateUse::kClient) {
    SSL_set_accept_state(ssl);
    return engine;
  }
  SSL_set_connect_state(ssl);
  const std::string sni(absl::StripSuffix(o.server_name, "."));
  if (!sni.empty() && !IsIpAddress(sni) &&
      !SSL_set_tlsext_host_name(ssl, sni.c_str())) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat("tls: invalid server name ", o.server_name));
  }
  return engine;
}

ssl_verify_result_t TlsEngine::Verify(SSL* ssl, uint8_t* out_alert) {
  auto* engine = static_cast<TlsEngine*>(SSL_get_app_data(ssl));
  engine->verify_error_ = engine->VerifyPeer();
  if (engine->verify_error_.ok()) return ssl_verify_ok;
  // What Go sends, whatever is wrong with it.
  *out_alert = SSL_AD_BAD_CERTIFICATE;
  return ssl_verify_invalid;
}

absl::Status TlsEngine::VerifyPeer() {
  absl::StatusOr<CertificateChain> chain =
      ParseChain(SSL_get0_peer_certificates(ssl_.get()));
  if (!chain.ok()) return chain.status();
  if (chain->empty()) return absl::UnauthenticatedError("x509: no certificate");
  if (options_.roots != nullptr) {
    absl::Status verified =
        VerifyChain(*chain, options_.roots, options_.peer_use,
                    options_.server_name, absl::Now());
    if (!verified.ok()) return verified;
  }
  peer_ = DescribeCertificate(chain->front().get());
  return absl::OkStatus();
}

void TlsEngine::SetInput(PooledBuffer buffer, size_t size) {
  if (first_bytes_.size() < kRecordHeaderBytes && !handshake_done_) {
    first_bytes_.append(buffer.data(), std::min(size, kRecordHeaderBytes -
                                                          first_bytes_.size()));
  }
  input_ = std::move(buffer);
  input_start_ = 0;
  input_end_ = size;
}

bool TlsEngine::client_spoke_http() const {
  constexpr absl::string_view kBeginnings[] = {"GET /", "HEAD ", "POST ",
                                               "PUT /", "OPTIO"};
  return options_.peer_use == CertificateUse::kClient && !error_.ok() &&
         std::find(std::begin(kBeginnings), std::end(kBeginnings),
                   first_bytes_) != std::end(kBeginnings);
}

void TlsEngine::ReleaseUsedInput() {
  if (input_start_ < input_end_) return;
  input_.Release();
  input_start_ = 0;
  input_end_ = 0;
}

absl::Status TlsEngine::NoteResult(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ) return absl::OkStatus();
  if (kind == SSL_ERROR_ZERO_RETURN) {
    fin_received_ = true;
    ERR_clear_error();
    return absl::OkStatus();
  }
  error_ = HandshakeError();
  ERR_clear_error();
  return error_;
}

absl::Status TlsEngine::HandshakeError() const {
  if (!verify_error_.ok()) return verify_error_;
  const uint32_t error = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
      reason < SSL_AD_REASON_OFFSET + 256) {
    return RemoteAlert(reason - SSL_AD_REASON_OFFSET);
  }
  if (!handshake_done_ && !first_bytes_.empty() &&
      !LooksLikeTls(first_bytes_)) {
    absl::Status status = absl::UnavailableError(
        "tls: first record does not look like a TLS handshake");
    status.SetPayload(kFirstRecordPayload, absl::Cord(first_bytes_));
    return status;
  }
  const std::string message = absl::StrCat("tls: ", TakeBoringSslError());
  if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
      reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return absl::UnauthenticatedError(
        "tls: client didn't provide a certificate");
  }
  return absl::UnavailableError(message);
}

absl::StatusOr<TlsEngine::Progress> TlsEngine::Handshake() {
  if (!error_.ok()) return error_;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    handshake_done_ = true;
    first_bytes_ = std::string();
    ReleaseUsedInput();
    return Progress::kDone;
  }
  absl::Status status = NoteResult(result);
  if (!status.ok()) return status;
  ReleaseUsedInput();
  return Progress::kNeedsInput;
}

absl::StatusOr<size_t> TlsEngine::Decrypt(absl::Span<char> buf) {
  size_t filled = 0;
  // One call gives at most one record.
  while (filled < buf.size() && error_.ok() && !fin_received_) {
    ERR_clear_error();
    const int n = SSL_read(
        ssl_.get(), buf.data() + filled,
        static_cast<int>(std::min<size_t>(buf.size() - filled, 1 << 30)));
    if (n <= 0) {
      // An error behind bytes is for the next call.
      (void)NoteResult(n);
      break;
    }
    filled += n;
  }
  ReleaseUsedInput();
  if (filled == 0 && !error_.ok()) return error_;
  return filled;
}

absl::StatusOr<bool> TlsEngine::CanDecrypt() {
  if (fin_received_ || SSL_pending(ssl_.get()) > 0) return true;
  if (!error_.ok()) return error_;
  ERR_clear_error();
  char byte;
  const int n = SSL_peek(ssl_.get(), &byte, 1);
  absl::Status status = n > 0 ? absl::OkStatus() : NoteResult(n);
  ReleaseUsedInput();
  if (!status.ok()) return status;
  return n > 0 || fin_received_;
}

absl::Status TlsEngine::Encrypt(WriteCursor& cursor) {
  if (!error_.ok()) return error_;
  std::array<char, kRecordBytes> gathered;
  size_t batch = 0;
  cursor.SkipEmpty();
  output_.Reserve(!cursor.done() &&
                          cursor.pieces.front().size() - cursor.offset >
                              kSmallBatchBytes
                      ? BufferSize::kLarge
                      : BufferSize::kSmall);
  while (!cursor.done() && batch < kBatchBytes) {
    absl::string_view record =
        cursor.pieces.front().substr(cursor.offset, kRecordBytes);
    if (record.size() == kRecordBytes || cursor.pieces.size() == 1) {
      cursor.offset += record.size();
    } else {
      // Small pieces share a record.
      size_t n = 0;
      while (!cursor.done() && n < gathered.size()) {
        absl::string_view part =
            cursor.pieces.front().substr(cursor.offset, gathered.size() - n);
        std::memcpy(gathered.data() + n, part.data(), part.size());
        n += part.size();
        cursor.offset += part.size();
        cursor.SkipEmpty();
      }
      record = absl::string_view(gathered.data(), n);
    }
    ERR_clear_error();
    const int written =
        SSL_write(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (written != static_cast<int>(record.size())) {
      error_ = HandshakeError();
      ERR_clear_error();
      return error_;
    }
    batch += record.size();
    cursor.SkipEmpty();
  }
  return absl::OkStatus();
}

void TlsEngine::CloseWrite() {
  if (!error_.ok() || !handshake_done_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsEngine::alpn_protocol() const {
  const uint8_t* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

}  // namespace fairway::net
