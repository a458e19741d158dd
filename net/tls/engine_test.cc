// SPDX-License-Identifier: Apache-2.0
// When and how a connection goes over from BoringSSL to RecordLayer.
#include "net/tls/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "net/tls/bulk_gcm.h"
#include "net/tls/certs.h"
#include "net/tls/context.h"
#include "net/tls/traffic_key.h"

namespace fairway::net {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

constexpr uint64_t kAtOnce = 0;
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

// One end, and what is on its way to it.
struct End {
  std::unique_ptr<TlsEngine> engine;
  std::string inbox;
  std::string text;
  bool shaken = false;
};

// Both ends, joined by strings; what comes is cut at random.
class EngineTest : public ::testing::Test {
 protected:
  static const CertificateAuthority& Authority() {
    static const auto* authority =
        CertificateAuthority::Make("test-ca").value().release();
    return *authority;
  }

  void SetUp() override {
    CertificateRequest request;
    request.dns_names = {"server.test"};
    CertificateAndKey identity = Authority().Sign(request).value();
    TlsServerConfig server_config;
    server_config.cert_pem = identity.cert_pem;
    server_config.key_pem = identity.key_pem;
    server_config.client_ca_pem = Authority().cert_pem();
    server_config.client_certificates = ClientCertificates::kRequireAndVerify;
    server_config.alpn = {"h2"};
    server_context_ = NewTlsServerContext(server_config).value();
    request.common_name = "alice";
    identity = Authority().Sign(request).value();
    TlsClientConfig client_config;
    client_config.cert_pem = identity.cert_pem;
    client_config.key_pem = identity.key_pem;
    client_config.ca_pem = Authority().cert_pem();
    client_config.alpn = {"h2"};
    client_context_ = NewTlsClientContext(client_config).value();
    server_options_.ctx = server_context_->ssl_ctx.get();
    server_options_.roots = server_context_->client_roots.get();
    server_options_.peer_use = CertificateUse::kClient;
    server_options_.verify_mode =
        SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    client_options_.ctx = client_context_->ssl_ctx.get();
    client_options_.roots = client_context_->roots.get();
    client_options_.verify_mode = SSL_VERIFY_PEER;
    client_options_.server_name = "server.test";
    client_options_.sessions = &client_context_->sessions;
  }

  void Connect(uint64_t client_bulk_after, uint64_t server_bulk_after) {
    client_options_.bulk_after_bytes = client_bulk_after;
    server_options_.bulk_after_bytes = server_bulk_after;
    ASSERT_THAT(TryConnect(), IsOk());
  }

  // The first error of a handshake, the client's or the server's.
  absl::Status TryConnect() {
    client_ = End();
    server_ = End();
    server_.engine = TlsEngine::New(server_options_).value();
    client_.engine = TlsEngine::New(client_options_).value();
    for (int i = 0; i < 1000 && !(client_.shaken && server_.shaken); ++i) {
      absl::Status status = Shake(client_, server_);
      if (!status.ok()) return status;
      status = Shake(server_, client_);
      if (!status.ok()) return status;
    }
    return client_.shaken && server_.shaken ? absl::OkStatus()
                                            : absl::InternalError("stuck");
  }

  bool IsResumed() {
    if (client_.engine->peer_certificate() == nullptr ||
        server_.engine->peer_certificate() == nullptr) {
      ADD_FAILURE() << "nobody looked at the certificates";
      return true;
    }
    const bool client = SSL_session_reused(client_.engine->ssl_for_test());
    EXPECT_EQ(client, SSL_session_reused(server_.engine->ssl_for_test()) == 1);
    EXPECT_EQ(client_.engine->peer_certificate()->common_name, "");
    EXPECT_EQ(server_.engine->peer_certificate()->common_name, "alice");
    return client;
  }

  static void Collect(End& from, End& to) {
    CipherOutput output = std::exchange(from.engine->output(), {});
    for (absl::string_view piece : output.pieces()) {
      absl::StrAppend(&to.inbox, piece);
    }
  }

  size_t Random(size_t below) {
    random_ = random_ * 1664525 + 1013904223;
    return (random_ >> 8) % below;
  }

  // Gives `end` some of its input, if there is some.
  bool Feed(End& end, size_t most) {
    if (end.inbox.empty()) return false;
    const absl::Span<char> space = end.engine->InputSpace(BufferSize::kSmall);
    const size_t n = std::min({most, end.inbox.size(), space.size()});
    std::memcpy(space.data(), end.inbox.data(), n);
    end.inbox.erase(0, n);
    end.engine->AddInput(n);
    return true;
  }

  absl::Status Shake(End& end, End& peer) {
    if (end.shaken) return absl::OkStatus();
    absl::StatusOr<TlsEngine::Progress> progress = end.engine->Handshake();
    Collect(end, peer);
    if (!progress.ok()) return progress.status();
    end.shaken = *progress == TlsEngine::Progress::kDone;
    if (!end.shaken) Feed(end, 1 + Random(2000));
    return absl::OkStatus();
  }

  static void Write(End& from, End& to, std::vector<absl::string_view> pieces) {
    WriteCursor cursor(pieces);
    while (!cursor.done()) {
      ASSERT_THAT(from.engine->Encrypt(cursor), IsOk());
      Collect(from, to);
    }
  }

  // Reads all that has come, in pieces that differ.
  absl::Status ReadAll(End& end) {
    while (true) {
      std::string buf(1 + Random(40000), '#');
      if (Random(3) == 0) {
        absl::StatusOr<bool> can = end.engine->CanDecrypt();
        if (!can.ok()) return can.status();
      }
      absl::StatusOr<size_t> n =
          end.engine->Decrypt(absl::MakeSpan(buf.data(), buf.size()));
      if (!n.ok()) return n.status();
      end.text.append(buf.data(), *n);
      if (*n > 0) continue;
      if (end.engine->fin_received()) return absl::OkStatus();
      if (!Feed(end, 1 + Random(Random(2) == 0 ? 50 : 60000))) {
        return absl::OkStatus();
      }
    }
  }

  void Exchange(End& from, End& to, size_t size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) {
      text.push_back(static_cast<char>(Random(256)));
    }
    const size_t cut = Random(size);
    Write(from, to,
          {absl::string_view(text).substr(0, cut),
           absl::string_view(text).substr(cut)});
    to.text.clear();
    ASSERT_THAT(ReadAll(to), IsOk());
    ASSERT_EQ(to.text == text, true);
  }

  // To seal by hand what `end` sends.
  static std::unique_ptr<TrafficKey> WriteKey(End& end) {
    const SSL* ssl = end.engine->ssl_for_test();
    bssl::Span<const uint8_t> read;
    bssl::Span<const uint8_t> write;
    EXPECT_TRUE(bssl::SSL_get_traffic_secrets(ssl, &read, &write));
    return std::make_unique<TrafficKey>(
        RecordCipher::kAes128GcmSha256,
        absl::string_view(reinterpret_cast<const char*>(write.data()),
                          write.size()),
        SSL_get_write_sequence(ssl));
  }

  static std::string Seal(TrafficKey& key, int type, std::string content) {
    content.push_back(static_cast<char>(type));
    const size_t body = content.size() + BulkGcm::kTagBytes;
    const std::string head = {SSL3_RT_APPLICATION_DATA, 3, 3,
                              static_cast<char>(body >> 8),
                              static_cast<char>(body)};
    key.gcm().Begin(key.NextNonce(), head);
    key.gcm().Encrypt(content, content.data());
    const BulkGcm::Tag tag = key.gcm().FinishEncrypt();
    return absl::StrCat(head, content, std::string(tag.begin(), tag.end()));
  }

  std::shared_ptr<const TlsServerContext> server_context_;
  std::shared_ptr<const TlsClientContext> client_context_;
  TlsEngine::Options client_options_;
  TlsEngine::Options server_options_;
  End client_;
  End server_;
  uint32_t random_ = 1;
};

TEST_F(EngineTest, HandsOverOnceEnoughWasMoved) {
  Connect(100'000, 200'000);
  Exchange(server_, client_, 60'000);
  Exchange(client_, server_, 30'000);
  EXPECT_FALSE(client_.engine->is_bulk());
  // In the midst of the next.
  Exchange(server_, client_, 60'000);
  EXPECT_TRUE(client_.engine->is_bulk());
  EXPECT_FALSE(server_.engine->is_bulk());
  Exchange(client_, server_, 90'000);
  EXPECT_TRUE(server_.engine->is_bulk());
  for (int i = 0; i < 30; ++i) {
    Exchange(server_, client_, 1 + Random(100'000));
    Exchange(client_, server_, 1 + Random(100'000));
  }
  EXPECT_EQ(client_.engine->alpn_protocol(), "h2");
  EXPECT_NE(client_.engine->peer_certificate(), nullptr);
}

TEST_F(EngineTest, ServerHandsOverAtOnceAndClientBehindItsFirstRead) {
  Connect(kAtOnce, kAtOnce);
  Exchange(client_, server_, 1000);
  EXPECT_FALSE(client_.engine->is_bulk());
  EXPECT_TRUE(server_.engine->is_bulk());
  Exchange(server_, client_, 1000);
  Exchange(client_, server_, 1000);
  EXPECT_TRUE(client_.engine->is_bulk());
}

TEST_F(EngineTest, NotInTheMidstOfARecord) {
  // In its head, and in its body.
  for (size_t split : {3, 500}) {
    Connect(10'000, kNever);
    Exchange(server_, client_, 1000);
    Write(server_, client_, {std::string(1000, 'a')});
    const std::string rest = client_.inbox.substr(split);
    client_.inbox.resize(split);
    client_.text.clear();
    ASSERT_THAT(ReadAll(client_), IsOk());
    Exchange(client_, server_, 20'000);
    Exchange(client_, server_, 1000);
    EXPECT_FALSE(client_.engine->is_bulk());
    client_.inbox = rest;
    ASSERT_THAT(ReadAll(client_), IsOk());
    EXPECT_EQ(client_.text, std::string(1000, 'a'));
    Exchange(client_, server_, 1000);
    EXPECT_TRUE(client_.engine->is_bulk());
  }
}

TEST_F(EngineTest, NotInTheMidstOfAHandshakeMessage) {
  Connect(10'000, kNever);
  Exchange(server_, client_, 1000);
  const std::unique_ptr<TrafficKey> key = WriteKey(server_);
  // A KeyUpdate in two records.
  client_.inbox = Seal(*key, SSL3_RT_HANDSHAKE, {SSL3_MT_KEY_UPDATE, 0, 0});
  client_.text.clear();
  ASSERT_THAT(ReadAll(client_), IsOk());
  Exchange(client_, server_, 20'000);
  Exchange(client_, server_, 1000);
  EXPECT_FALSE(client_.engine->is_bulk());
  client_.inbox =
      Seal(*key, SSL3_RT_HANDSHAKE, {1, SSL_KEY_UPDATE_NOT_REQUESTED});
  key->Update();
  client_.inbox += Seal(*key, SSL3_RT_APPLICATION_DATA, "under the new key");
  ASSERT_THAT(ReadAll(client_), IsOk());
  EXPECT_EQ(client_.text, "under the new key");
  Exchange(client_, server_, 1000);
  EXPECT_TRUE(client_.engine->is_bulk());
  client_.inbox = Seal(*key, SSL3_RT_APPLICATION_DATA, ", and the next");
  client_.text.clear();
  ASSERT_THAT(ReadAll(client_), IsOk());
  EXPECT_EQ(client_.text, ", and the next");
}

TEST_F(EngineTest, EmptyBuffersAreHeldForNothing) {
  Connect(kAtOnce, kAtOnce);
  Exchange(server_, client_, 1000);
  const size_t before = PooledBuffersInUse();
  Write(server_, client_, {std::string(20000, 'a')});
  client_.inbox.resize(19000);
  ASSERT_THAT(ReadAll(client_), IsOk());
  EXPECT_EQ(PooledBuffersInUse(), before);
}

TEST_F(EngineTest, PartOfARecordLeavesRoomWhateverLengthItClaims) {
  Connect(kAtOnce, kNever);
  Exchange(server_, client_, 1000);
  Exchange(client_, server_, 1000);
  ASSERT_TRUE(client_.engine->is_bulk());
  Write(server_, client_, {"a"});
  // Longer than a small buffer, and one byte of it is missing.
  client_.inbox += std::string("\x17\3\3\xff\xff", 5) + std::string(65534, 'x');
  absl::Span<char> space = client_.engine->InputSpace(BufferSize::kLarge);
  ASSERT_GE(space.size(), client_.inbox.size());
  std::memcpy(space.data(), client_.inbox.data(), client_.inbox.size());
  client_.engine->AddInput(client_.inbox.size());
  char byte = 0;
  EXPECT_THAT(client_.engine->Decrypt(absl::MakeSpan(&byte, 1)), IsOk());
  EXPECT_EQ(byte, 'a');
  space = client_.engine->InputSpace(BufferSize::kSmall);
  ASSERT_GE(space.size(), static_cast<size_t>(BufferSize::kSmall) / 2);
  space[0] = 'x';
  client_.engine->AddInput(1);
  EXPECT_THAT(
      client_.engine->Decrypt(absl::MakeSpan(&byte, 1)),
      StatusIs(StatusCode::kUnavailable, "tls: encrypted length too long"));
}

TEST_F(EngineTest, Tls12StaysWithBoringSsl) {
  ASSERT_TRUE(SSL_CTX_set_max_proto_version(client_context_->ssl_ctx.get(),
                                            TLS1_2_VERSION));
  Connect(kAtOnce, kAtOnce);
  Exchange(server_, client_, 100'000);
  Exchange(client_, server_, 100'000);
  EXPECT_FALSE(client_.engine->is_bulk());
  EXPECT_FALSE(server_.engine->is_bulk());
}

TEST_F(EngineTest, KeyUpdateOfBoringSslIsObeyedByBoth) {
  Connect(kAtOnce, kNever);
  Exchange(server_, client_, 1000);
  Exchange(client_, server_, 1000);
  ASSERT_TRUE(client_.engine->is_bulk());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(SSL_key_update(server_.engine->ssl_for_test(),
                               SSL_KEY_UPDATE_REQUESTED));
    Exchange(server_, client_, 30'000);
    Exchange(client_, server_, 30'000);
    Exchange(server_, client_, 30'000);
  }
}

TEST_F(EngineTest, HandOverBehindAKeyUpdate) {
  Connect(50'000, kNever);
  ASSERT_TRUE(
      SSL_key_update(server_.engine->ssl_for_test(), SSL_KEY_UPDATE_REQUESTED));
  // The client owes an answer that BoringSSL has sealed and not sent.
  Exchange(server_, client_, 60'000);
  EXPECT_TRUE(client_.engine->is_bulk());
  Exchange(client_, server_, 1000);
  Exchange(server_, client_, 1000);
}

TEST_F(EngineTest, EndsAreTheSame) {
  for (uint64_t bulk_after : {kAtOnce, kNever}) {
    Connect(bulk_after, bulk_after);
    Exchange(server_, client_, 1000);
    Exchange(client_, server_, 1000);
    Write(server_, client_, {"last words"});
    server_.engine->CloseWrite();
    Collect(server_, client_);
    client_.text.clear();
    ASSERT_THAT(ReadAll(client_), IsOk());
    EXPECT_EQ(client_.text, "last words");
    EXPECT_TRUE(client_.engine->fin_received());
    // The other direction lives on.
    Exchange(client_, server_, 1000);
  }
}

TEST_F(EngineTest, TamperingIsToldToThePeer) {
  for (uint64_t bulk_after : {kAtOnce, kNever}) {
    Connect(bulk_after, bulk_after);
    Exchange(server_, client_, 1000);
    Exchange(client_, server_, 1000);
    Write(server_, client_, {"good"});
    const std::string good = client_.inbox;
    Write(server_, client_, {"bad"});
    client_.inbox.back() ^= 1;
    client_.text.clear();
    const std::string error = "tls: decryption failed or bad record mac";
    EXPECT_THAT(ReadAll(client_), StatusIs(StatusCode::kUnavailable, error));
    EXPECT_EQ(client_.text, "good");
    EXPECT_THAT(ReadAll(client_), StatusIs(StatusCode::kUnavailable, error));
    EXPECT_THAT(client_.engine->CanDecrypt(),
                StatusIs(StatusCode::kUnavailable, error));
    Collect(client_, server_);
    EXPECT_THAT(ReadAll(server_),
                StatusIs(StatusCode::kUnavailable,
                         "remote error: tls: bad record MAC"));
    const absl::string_view piece = "x";
    WriteCursor cursor(absl::MakeSpan(&piece, 1));
    EXPECT_THAT(server_.engine->Encrypt(cursor),
                StatusIs(StatusCode::kUnavailable, HasSubstr("bad record")));
  }
}

TEST_F(EngineTest, TamperingIsNotToldBehindOnesEnd) {
  for (uint64_t bulk_after : {kAtOnce, kNever}) {
    Connect(bulk_after, bulk_after);
    Exchange(server_, client_, 1000);
    Exchange(client_, server_, 1000);
    client_.engine->CloseWrite();
    Collect(client_, server_);
    Write(server_, client_, {"bad"});
    client_.inbox.back() ^= 1;
    EXPECT_THAT(ReadAll(client_),
                StatusIs(StatusCode::kUnavailable,
                         "tls: decryption failed or bad record mac"));
    EXPECT_TRUE(client_.engine->output().empty());
  }
}

TEST_F(EngineTest, SessionIsResumedOncePerTicket) {
  Connect(kNever, kNever);
  EXPECT_FALSE(IsResumed());
  // Tickets come before the first data.
  Exchange(server_, client_, 1);
  Connect(kNever, kNever);
  EXPECT_TRUE(IsResumed());
  EXPECT_EQ(client_.engine->alpn_protocol(), "h2");
  Exchange(client_, server_, 1000);
  // This one read nothing, so there is what the first one left.
  Connect(kNever, kNever);
  EXPECT_TRUE(IsResumed());
  Connect(kNever, kNever);
  EXPECT_FALSE(IsResumed());
}

TEST_F(EngineTest, Tls12GetsNoTicket) {
  ASSERT_TRUE(SSL_CTX_set_max_proto_version(client_context_->ssl_ctx.get(),
                                            TLS1_2_VERSION));
  Connect(kNever, kNever);
  const SSL_SESSION* session = SSL_get_session(client_.engine->ssl_for_test());
  EXPECT_FALSE(SSL_SESSION_has_ticket(session));
  EXPECT_FALSE(SSL_SESSION_is_resumable(session));
}

TEST_F(EngineTest, ResumedConnectionHandsOver) {
  Connect(kNever, kNever);
  Exchange(server_, client_, 1);
  Connect(kNever, kNever);
  ASSERT_TRUE(IsResumed());
  Exchange(server_, client_, 1);
  Connect(10'000, 10'000);
  ASSERT_TRUE(IsResumed());
  Exchange(server_, client_, 50'000);
  Exchange(client_, server_, 50'000);
  EXPECT_TRUE(client_.engine->is_bulk());
  EXPECT_TRUE(server_.engine->is_bulk());
}

TEST_F(EngineTest, OtherNameOrContextIsNotResumed) {
  Connect(kNever, kNever);
  Exchange(server_, client_, 1);
  client_options_.server_name = "other.test";
  EXPECT_THAT(TryConnect(), StatusIs(StatusCode::kUnauthenticated,
                                     HasSubstr("not other.test")));
  client_options_.server_name = "server.test";
  // As new authorities or a new certificate would do.
  const auto client = client_context_;
  const auto server = server_context_;
  SetUp();
  Connect(kNever, kNever);
  EXPECT_FALSE(IsResumed());
  client_options_.sessions = &client->sessions;
  Connect(kNever, kNever);
  EXPECT_FALSE(IsResumed());
}

absl::Time InTwoYears() { return absl::Now() + absl::Hours(24 * 730); }

// A server whose certificate was renewed for three years, and which opens the
// tickets of `old`.
std::shared_ptr<const TlsServerContext> Renewed(
    const CertificateAuthority& authority, const TlsServerContext& old) {
  CertificateRequest request;
  request.dns_names = {"server.test"};
  request.validity = absl::Hours(24 * 365 * 3);
  const CertificateAndKey identity = authority.Sign(request).value();
  TlsServerConfig config;
  config.cert_pem = identity.cert_pem;
  config.key_pem = identity.key_pem;
  config.client_ca_pem = authority.cert_pem();
  config.client_certificates = ClientCertificates::kRequireAndVerify;
  std::shared_ptr<const TlsServerContext> renewed =
      NewTlsServerContext(config).value();
  std::string keys(48, '\0');
  EXPECT_TRUE(SSL_CTX_get_tlsext_ticket_keys(old.ssl_ctx.get(), keys.data(),
                                             keys.size()));
  EXPECT_TRUE(SSL_CTX_set_tlsext_ticket_keys(renewed->ssl_ctx.get(),
                                             keys.data(), keys.size()));
  return renewed;
}

TEST_F(EngineTest, RenewedCertificateIsAskedForOnceTheOldHasExpired) {
  Connect(kNever, kNever);
  Exchange(server_, client_, 1);
  const auto renewed = Renewed(Authority(), *server_context_);
  server_options_.ctx = renewed->ssl_ctx.get();
  // Its ticket is good as long as the certificate is.
  Connect(kNever, kNever);
  EXPECT_TRUE(IsResumed());
  Exchange(server_, client_, 1);
  client_options_.now = InTwoYears;
  Connect(kNever, kNever);
  EXPECT_FALSE(IsResumed());
  Exchange(server_, client_, 1);
  Connect(kNever, kNever);
  EXPECT_TRUE(IsResumed());
}

TEST_F(EngineTest, ClientWhoseCertificateHasExpiredIsNotResumed) {
  Connect(kNever, kNever);
  Exchange(server_, client_, 1);
  server_options_.now = InTwoYears;
  EXPECT_THAT(TryConnect(),
              StatusIs(StatusCode::kUnauthenticated,
                       HasSubstr("x509: certificate has expired")));
  ASSERT_TRUE(client_.shaken);
  EXPECT_THAT(ReadAll(client_), StatusIs(StatusCode::kUnauthenticated,
                                         "remote error: tls: bad certificate"));
}

TEST_F(EngineTest, PeerOfAnotherAuthorityIsNotResumed) {
  bssl::UniquePtr<X509_STORE> nobody(X509_STORE_new());
  for (TlsEngine::Options* options : {&client_options_, &server_options_}) {
    Connect(kNever, kNever);
    Exchange(server_, client_, 1);
    X509_STORE* const roots = std::exchange(options->roots, nobody.get());
    EXPECT_THAT(TryConnect(),
                StatusIs(StatusCode::kUnauthenticated,
                         "x509: certificate signed by unknown authority"));
    options->roots = roots;
  }
}

}  // namespace
}  // namespace fairway::net
