// SPDX-License-Identifier: Apache-2.0
#include "net/tls/engine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "net/tls/alert.h"
#include "net/tls/pem.h"

namespace fairway::net {
namespace {

// What one Encrypt() takes: as much as a relay reads at once.
constexpr size_t kBatchBytes = 16 * kMaxRecordContent;
constexpr size_t kRecordHeaderBytes = SSL3_RT_HEADER_LENGTH;
// A batch up to this fits a small buffer, encrypted.
constexpr size_t kSmallBatchBytes = 3 * kMaxRecordContent;

// A longer record is taken for data when one waits for some, without a look
// inside: should it be a ticket, the Read that follows waits, and holds a
// buffer meanwhile.
constexpr size_t kLargestControlRecord = 4096;
constexpr uint64_t kNeverBulk = std::numeric_limits<uint64_t>::max();

absl::string_view Chars(bssl::Span<const uint8_t> bytes) {
  return absl::string_view(reinterpret_cast<const char*>(bytes.data()),
                           bytes.size());
}

// None where BoringSSL must go on.
absl::optional<RecordCipher> BulkCipher(const SSL* ssl) {
  if (SSL_version(ssl) != TLS1_3_VERSION) return absl::nullopt;
  switch (SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl))) {
    case TLS1_CK_AES_128_GCM_SHA256 & 0xffff:
      return RecordCipher::kAes128GcmSha256;
    case TLS1_CK_AES_256_GCM_SHA384 & 0xffff:
      return RecordCipher::kAes256GcmSha384;
    default:
      return absl::nullopt;
  }
}

bool LooksLikeTls(absl::string_view first_bytes) {
  const char type = first_bytes[0];
  if (type != SSL3_RT_ALERT && type != SSL3_RT_HANDSHAKE) return false;
  return first_bytes.size() < 2 || first_bytes[1] < 0x10;
}

}  // namespace

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
  engine->border_.Pass(out, n);
  engine->read_data_last_ = false;
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
  if (o.sessions != nullptr) {
    bssl::UniquePtr<SSL_SESSION> session = engine->TakeSession();
    // Without it the handshake is a whole one.
    if (session != nullptr) (void)SSL_set_session(ssl, session.get());
    ERR_clear_error();
  }
  return engine;
}

bssl::UniquePtr<SSL_SESSION> TlsEngine::TakeSession() {
  while (true) {
    bssl::UniquePtr<SSL_SESSION> session =
        options_.sessions->Take(options_.server_name);
    if (session == nullptr || options_.roots == nullptr) return session;
    // The server may have a new certificate, which a whole handshake would
    // show; a resumed one is held to the old.
    absl::StatusOr<CertificateChain> chain =
        ParseChain(SSL_SESSION_get0_peer_certificates(session.get()));
    if (chain.ok() && VerifyTimes(*chain, options_.now()).ok()) return session;
  }
}

void TlsEngine::OfferSessions(SSL_CTX* ctx) {
  SSL_CTX_set_session_cache_mode(
      ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, OnNewSession);
  SSL_CTX_set_reverify_on_resume(ctx, 1);
}

int TlsEngine::OnNewSession(SSL* ssl, SSL_SESSION* session) {
  auto* engine = static_cast<TlsEngine*>(SSL_get_app_data(ssl));
  // One of TLS 1.2 may be watched from connection to connection.
  if (engine->options_.sessions == nullptr ||
      !SSL_SESSION_should_be_single_use(session)) {
    return 0;
  }
  engine->options_.sessions->Put(engine->options_.server_name,
                                 bssl::UniquePtr<SSL_SESSION>(session));
  return 1;  // it is ours now
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
                    options_.server_name, options_.now());
    if (!verified.ok()) return verified;
  }
  peer_ = DescribeCertificate(chain->front().get());
  return absl::OkStatus();
}

void TlsEngine::RecordBorder::Pass(const char* bytes, size_t size) {
  while (size > 0) {
    if (left_ > 0) {
      const size_t n = std::min(left_, size);
      left_ -= n;
      bytes += n;
      size -= n;
      continue;
    }
    head_[head_bytes_++] = static_cast<uint8_t>(*bytes++);
    --size;
    if (head_bytes_ < head_.size()) continue;
    left_ = head_[3] << 8 | head_[4];
    head_bytes_ = 0;
  }
}

absl::Status TlsEngine::VerifyResumedClient() {
  if (options_.roots == nullptr) return absl::OkStatus();
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl_.get());
  const bool has_none = chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0;
  if (has_none &&
      (options_.verify_mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0) {
    return absl::OkStatus();
  }
  return VerifyPeer();
}

absl::Span<char> TlsEngine::InputSpace(BufferSize size) {
  // The record's length is what the peer claims, and not yet judged.
  if (partial_record_.size() >= static_cast<size_t>(BufferSize::kSmall) / 2) {
    size = BufferSize::kLarge;
  }
  input_ = PooledBuffer(size);
  input_start_ = 0;
  input_end_ = partial_record_.size();
  std::memcpy(input_.data(), partial_record_.data(), partial_record_.size());
  // Assignment would keep its memory.
  std::string().swap(partial_record_);
  return input_.span().subspan(input_end_);
}

void TlsEngine::AddInput(size_t size) {
  if (first_bytes_.size() < kRecordHeaderBytes && !handshake_done_) {
    first_bytes_.append(
        input_.data() + input_end_,
        std::min(size, kRecordHeaderBytes - first_bytes_.size()));
  }
  input_end_ += size;
}

bool TlsEngine::client_spoke_http() const {
  constexpr absl::string_view kBeginnings[] = {"GET /", "HEAD ", "POST ",
                                               "PUT /", "OPTIO"};
  return options_.peer_use == CertificateUse::kClient && !error_.ok() &&
         std::find(std::begin(kBeginnings), std::end(kBeginnings),
                   first_bytes_) != std::end(kBeginnings);
}

void TlsEngine::ReleaseUsedInput() {
  if (!pending_.empty()) return;
  if (error_.ok() && !fin_received_ && !input().empty()) {
    if (records_ == nullptr || RecordLayer::WholeRecord(input()) > 0) return;
    partial_record_.assign(input().data(), input().size());
  }
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
  // Behind some alerts BoringSSL has an error of its own.
  const uint32_t first = ERR_peek_error();
  const int alert = ERR_GET_REASON(first) - SSL_AD_REASON_OFFSET;
  if (ERR_GET_LIB(first) == ERR_LIB_SSL && alert >= 0 && alert < 256) {
    return RemoteAlert(alert);
  }
  if (!handshake_done_ && !first_bytes_.empty() &&
      !LooksLikeTls(first_bytes_)) {
    absl::Status status = absl::UnavailableError(
        "tls: first record does not look like a TLS handshake");
    status.SetPayload(kFirstRecordPayload, absl::Cord(first_bytes_));
    return status;
  }
  const uint32_t last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) == ERR_LIB_SSL &&
      ERR_GET_REASON(last) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return absl::UnauthenticatedError(
        "tls: client didn't provide a certificate");
  }
  return absl::UnavailableError(absl::StrCat("tls: ", TakeBoringSslError()));
}

absl::StatusOr<TlsEngine::Progress> TlsEngine::Handshake() {
  if (!error_.ok()) return error_;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    if (options_.peer_use == CertificateUse::kClient &&
        SSL_session_reused(ssl_.get())) {
      error_ = VerifyResumedClient();
      if (!error_.ok()) {
        SSL_send_fatal_alert(ssl_.get(), SSL_AD_BAD_CERTIFICATE);
        ERR_clear_error();
        return error_;
      }
    }
    handshake_done_ = true;
    read_data_last_ = true;
    first_bytes_ = std::string();
    const uint8_t* protocol = nullptr;
    unsigned protocol_size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_size);
    alpn_protocol_.assign(reinterpret_cast<const char*>(protocol),
                          protocol_size);
    ReleaseUsedInput();
    return Progress::kDone;
  }
  absl::Status status = NoteResult(result);
  if (!status.ok()) return status;
  if (fin_received_) {  // close_notify, and so nothing more will come
    error_ = absl::UnavailableError("read: unexpected EOF");
    return error_;
  }
  ReleaseUsedInput();
  return Progress::kNeedsInput;
}

bool TlsEngine::HandOver() {
  if (records_ != nullptr) return true;
  if (moved_ < options_.bulk_after_bytes || !border_.reached() ||
      !read_data_last_ || SSL_pending(ssl_.get()) > 0 || fin_sent_ ||
      fin_received_ || !error_.ok()) {
    return false;
  }
  const bool is_client = options_.peer_use == CertificateUse::kServer;
  // Before the first data the server sends tickets, for BoringSSL.
  if (is_client && !has_read_) return false;
  SSL* ssl = ssl_.get();
  const absl::optional<RecordCipher> cipher = BulkCipher(ssl);
  bssl::Span<const uint8_t> read_secret;
  bssl::Span<const uint8_t> write_secret;
  ERR_clear_error();
  // Nothing is written by this but what BoringSSL had sealed and kept: tickets,
  // and the answer to a KeyUpdate.
  if (!cipher.has_value() || !BulkGcm::Available() ||
      SSL_write(ssl, "", 0) < 0 ||
      !bssl::SSL_get_traffic_secrets(ssl, &read_secret, &write_secret)) {
    ERR_clear_error();
    options_.bulk_after_bytes = kNeverBulk;
    return false;
  }
  RecordLayer::Options options;
  options.role =
      is_client ? RecordLayer::Role::kClient : RecordLayer::Role::kServer;
  options.cipher = *cipher;
  options.read = {Chars(read_secret), SSL_get_read_sequence(ssl)};
  options.write = {Chars(write_secret), SSL_get_write_sequence(ssl)};
  records_ = std::make_unique<RecordLayer>(options);
  ssl_.reset();
  return true;
}

size_t TlsEngine::ReadByBoringSsl(absl::Span<char> buf) {
  ERR_clear_error();
  const int n =
      SSL_read(ssl_.get(), buf.data(),
               static_cast<int>(std::min<size_t>(buf.size(), 1 << 30)));
  if (n <= 0) {
    // An error behind bytes is for the next call.
    (void)NoteResult(n);
    return 0;
  }
  moved_ += n;
  has_read_ = true;
  read_data_last_ = true;
  return n;
}

size_t TlsEngine::OpenRecord(absl::Span<char> buf) {
  while (!fin_received_) {
    absl::StatusOr<RecordLayer::Opened> opened =
        records_->Open(input(), buf, output_);
    if (!opened.ok()) {
      error_ = opened.status();
      return 0;
    }
    if (opened->consumed == 0) return 0;
    input_start_ += opened->consumed;
    fin_received_ = records_->fin_received();
    if (opened->content.empty()) continue;
    if (opened->content.data() == buf.data()) return opened->content.size();
    pending_ = opened->content;
    return 0;
  }
  return 0;
}

size_t TlsEngine::ReadByRecords(absl::Span<char> buf) {
  if (pending_.empty()) {
    const size_t opened = OpenRecord(buf);
    if (opened > 0) return opened;
  }
  const size_t n = std::min(buf.size(), pending_.size());
  if (n > 0) std::memcpy(buf.data(), pending_.data(), n);
  pending_.remove_prefix(n);
  return n;
}

absl::StatusOr<size_t> TlsEngine::Decrypt(absl::Span<char> buf) {
  size_t filled = 0;
  while (filled < buf.size() && error_.ok() && !fin_received_) {
    const absl::Span<char> rest = buf.subspan(filled);
    const size_t n = HandOver() ? ReadByRecords(rest) : ReadByBoringSsl(rest);
    if (n == 0) break;
    filled += n;
  }
  ReleaseUsedInput();
  if (filled == 0 && !error_.ok()) return error_;
  return filled;
}

absl::StatusOr<bool> TlsEngine::CanDecrypt() {
  if (fin_received_ || !pending_.empty()) return true;
  if (!error_.ok()) return error_;
  bool can = false;
  if (!HandOver()) {
    ERR_clear_error();
    char byte;
    const int n = SSL_peek(ssl_.get(), &byte, 1);
    if (n <= 0) (void)NoteResult(n);
    can = n > 0;
  } else if (RecordLayer::WholeRecord(input()) > kLargestControlRecord) {
    can = true;
  } else {
    OpenRecord({});
    can = !pending_.empty();
  }
  ReleaseUsedInput();
  if (!error_.ok()) return error_;
  return can || fin_received_;
}

bool TlsEngine::HasContent() const {
  if (fin_received_ || !pending_.empty()) return true;
  if (!is_bulk()) return SSL_pending(ssl_.get()) > 0;
  return RecordLayer::WholeRecord(input()) > kLargestControlRecord;
}

absl::Status TlsEngine::Encrypt(WriteCursor& cursor) {
  if (!error_.ok()) return error_;
  if (!HandOver()) return EncryptByBoringSsl(cursor);
  records_->Seal(cursor, kBatchBytes, output_);
  return absl::OkStatus();
}

absl::Status TlsEngine::EncryptByBoringSsl(WriteCursor& cursor) {
  std::array<char, kMaxRecordContent> gathered;
  size_t batch = 0;
  (void)output_.Space(
      1, cursor.left() > kSmallBatchBytes ? kBatchBytes : kSmallBatchBytes);
  while (!cursor.done() && batch < kBatchBytes) {
    absl::string_view record = cursor.Take(kMaxRecordContent);
    if (record.size() < kMaxRecordContent && !cursor.done()) {
      // Small pieces share a record.
      size_t n = 0;
      while (!record.empty()) {
        std::memcpy(gathered.data() + n, record.data(), record.size());
        n += record.size();
        record = cursor.Take(gathered.size() - n);
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
    moved_ += record.size();
  }
  return absl::OkStatus();
}

void TlsEngine::CloseWrite() {
  if (!error_.ok() || !handshake_done_) return;
  fin_sent_ = true;
  if (records_ != nullptr) {
    records_->SealCloseNotify(output_);
    return;
  }
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace fairway::net
