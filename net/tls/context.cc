// SPDX-License-Identifier: Apache-2.0
#include "net/tls/context.h"

#include <cstdint>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "net/tls/engine.h"
#include "net/tls/pem.h"

namespace fairway::net {
namespace {

constexpr char kSystemRoots[] = "/etc/ssl/certs/ca-certificates.crt";

absl::Status Wrap(absl::string_view what, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("tls: ", what, ": ", status.message()));
}

absl::Status OutOfMemory() {
  ERR_clear_error();
  return absl::ResourceExhaustedError("tls: out of memory");
}

absl::StatusOr<bssl::UniquePtr<SSL_CTX>> NewSslCtx() {
  // Certificates stay bytes: no parsed copy for each connection.
  bssl::UniquePtr<SSL_CTX> ctx(SSL_CTX_new(TLS_with_buffers_method()));
  if (ctx == nullptr ||
      !SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION) ||
      !SSL_CTX_set_max_proto_version(ctx.get(), TLS1_3_VERSION)) {
    return OutOfMemory();
  }
  // Sessions are in tickets, or in SessionCache.
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  return ctx;
}

absl::StatusOr<bssl::UniquePtr<CRYPTO_BUFFER>> ToBuffer(X509* certificate) {
  uint8_t* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return OutOfMemory();
  bssl::UniquePtr<CRYPTO_BUFFER> buffer(CRYPTO_BUFFER_new(der, size, nullptr));
  OPENSSL_free(der);
  if (buffer == nullptr) return OutOfMemory();
  return buffer;
}

absl::Status UseChainAndKey(SSL_CTX* ctx, const std::string& cert_pem,
                            const std::string& key_pem) {
  absl::StatusOr<KeyPair> pair = ParseKeyPair(cert_pem, key_pem);
  if (!pair.ok()) return pair.status();
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
  std::vector<CRYPTO_BUFFER*> buffers;
  for (const bssl::UniquePtr<X509>& certificate : pair->chain) {
    absl::StatusOr<bssl::UniquePtr<CRYPTO_BUFFER>> buffer =
        ToBuffer(certificate.get());
    if (!buffer.ok()) return buffer.status();
    buffers.push_back(buffer->get());
    owned.push_back(*std::move(buffer));
  }
  if (!SSL_CTX_set_chain_and_key(ctx, buffers.data(), buffers.size(),
                                 pair->key.get(), nullptr)) {
    return absl::InvalidArgumentError(
        absl::StrCat("tls: certificate: ", TakeBoringSslError()));
  }
  return absl::OkStatus();
}

absl::StatusOr<bssl::UniquePtr<X509_STORE>> NewStore(
    const std::vector<bssl::UniquePtr<X509>>& certificates) {
  bssl::UniquePtr<X509_STORE> store(X509_STORE_new());
  if (store == nullptr) return OutOfMemory();
  for (const bssl::UniquePtr<X509>& certificate : certificates) {
    if (!X509_STORE_add_cert(store.get(), certificate.get())) {
      return OutOfMemory();
    }
  }
  return store;
}

absl::StatusOr<bssl::UniquePtr<X509_STORE>> LoadSystemRoots() {
  std::ifstream file(kSystemRoots);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("tls: cannot read the system's roots, ", kSystemRoots));
  }
  absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> certificates =
      ParseRootCertificates(text.str());
  if (!certificates.ok()) return Wrap(kSystemRoots, certificates.status());
  return NewStore(*certificates);
}

absl::StatusOr<bssl::UniquePtr<X509_STORE>> SystemRoots() {
  // Over a hundred certificates: parsed once.
  static const auto* roots =
      new absl::StatusOr<bssl::UniquePtr<X509_STORE>>(LoadSystemRoots());
  if (!roots->ok()) return roots->status();
  return bssl::UpRef(**roots);
}

// Names to a client the authorities that its certificate may come from.
absl::Status NameClientAuthorities(
    SSL_CTX* ctx, const std::vector<bssl::UniquePtr<X509>>& authorities) {
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> names(sk_CRYPTO_BUFFER_new_null());
  if (names == nullptr) return OutOfMemory();
  for (const bssl::UniquePtr<X509>& authority : authorities) {
    uint8_t* der = nullptr;
    const int size =
        i2d_X509_NAME(X509_get_subject_name(authority.get()), &der);
    if (size <= 0) return OutOfMemory();
    bssl::UniquePtr<CRYPTO_BUFFER> name(CRYPTO_BUFFER_new(der, size, nullptr));
    OPENSSL_free(der);
    if (name == nullptr || !bssl::PushToStack(names.get(), std::move(name))) {
      return OutOfMemory();
    }
  }
  SSL_CTX_set0_client_CAs(ctx, names.release());
  return absl::OkStatus();
}

// The first of our protocols that the client offers, or none.
int SelectAlpn(SSL*, const uint8_t** out, uint8_t* out_size, const uint8_t* in,
               unsigned int in_size, void* arg) {
  const auto& ours = static_cast<const TlsServerContext*>(arg)->alpn;
  uint8_t* selected = nullptr;
  if (SSL_select_next_proto(
          &selected, out_size, reinterpret_cast<const uint8_t*>(ours.data()),
          ours.size(), in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

// Runs once the version is known. A ticket of TLS 1.2 holds the very secret of
// its connection: who gets the ticket's key reads what was recorded.
int RefuseOldTickets(SSL* ssl, void*) {
  if (SSL_version(ssl) < TLS1_3_VERSION) SSL_set_options(ssl, SSL_OP_NO_TICKET);
  return 1;
}

}  // namespace

absl::StatusOr<std::string> EncodeAlpn(
    const std::vector<std::string>& protocols) {
  std::string encoded;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      return absl::InvalidArgumentError(
          "tls: ALPN protocol: want 1 to 255 bytes");
    }
    encoded.push_back(static_cast<char>(protocol.size()));
    encoded += protocol;
  }
  return encoded;
}

absl::Status CheckKeyPair(absl::string_view cert_pem,
                          absl::string_view key_pem) {
  return ParseKeyPair(cert_pem, key_pem).status();
}

absl::StatusOr<std::shared_ptr<const TlsClientContext>> NewTlsClientContext(
    const TlsClientConfig& config) {
  auto context = std::make_shared<TlsClientContext>();
  absl::StatusOr<bssl::UniquePtr<SSL_CTX>> ctx = NewSslCtx();
  if (!ctx.ok()) return ctx.status();
  context->ssl_ctx = *std::move(ctx);
  TlsEngine::OfferSessions(context->ssl_ctx.get());
  context->server_name = config.server_name;
  context->bulk_after_bytes = config.bulk_after_bytes;
  if (!config.insecure_skip_verify) {
    absl::StatusOr<bssl::UniquePtr<X509_STORE>> roots =
        absl::UnknownError("not set");
    if (config.ca_pem.empty()) {
      roots = SystemRoots();
    } else {
      absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> authorities =
          ParseRootCertificates(config.ca_pem);
      if (!authorities.ok()) return authorities.status();
      roots = NewStore(*authorities);
    }
    if (!roots.ok()) return roots.status();
    context->roots = *std::move(roots);
  }
  if (!config.cert_pem.empty() || !config.key_pem.empty()) {
    FAIRWAY_RETURN_IF_ERROR(UseChainAndKey(context->ssl_ctx.get(),
                                           config.cert_pem, config.key_pem));
  }
  absl::StatusOr<std::string> alpn = EncodeAlpn(config.alpn);
  if (!alpn.ok()) return alpn.status();
  // Returns zero on success, unlike all others.
  if (!alpn->empty() &&
      SSL_CTX_set_alpn_protos(context->ssl_ctx.get(),
                              reinterpret_cast<const uint8_t*>(alpn->data()),
                              alpn->size()) != 0) {
    return OutOfMemory();
  }
  return context;
}

absl::StatusOr<std::shared_ptr<const TlsServerContext>> NewTlsServerContext(
    const TlsServerConfig& config) {
  auto context = std::make_shared<TlsServerContext>();
  absl::StatusOr<bssl::UniquePtr<SSL_CTX>> ctx = NewSslCtx();
  if (!ctx.ok()) return ctx.status();
  context->ssl_ctx = *std::move(ctx);
  FAIRWAY_RETURN_IF_ERROR(
      UseChainAndKey(context->ssl_ctx.get(), config.cert_pem, config.key_pem));
  if (config.client_certificates != ClientCertificates::kNone) {
    absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> authorities =
        ParseCertificates(config.client_ca_pem);
    if (!authorities.ok()) return Wrap("client CA", authorities.status());
    absl::StatusOr<bssl::UniquePtr<X509_STORE>> roots = NewStore(*authorities);
    if (!roots.ok()) return roots.status();
    context->client_roots = *std::move(roots);
    FAIRWAY_RETURN_IF_ERROR(
        NameClientAuthorities(context->ssl_ctx.get(), *authorities));
  }
  // A ticket is good for this context alone, whose keys nobody else has: so the
  // client's certificate has met the same authorities.
  constexpr uint8_t kSessionContext[] = "fairway";
  if (!SSL_CTX_set_session_id_context(context->ssl_ctx.get(), kSessionContext,
                                      sizeof(kSessionContext))) {
    return OutOfMemory();
  }
  SSL_CTX_set_cert_cb(context->ssl_ctx.get(), RefuseOldTickets, nullptr);
  // BoringSSL's order begins with AES-128-GCM, the fastest here.
  SSL_CTX_set_options(context->ssl_ctx.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  absl::StatusOr<std::string> alpn = EncodeAlpn(config.alpn);
  if (!alpn.ok()) return alpn.status();
  context->alpn = *std::move(alpn);
  context->answer_to_http = config.answer_to_http;
  context->bulk_after_bytes = config.bulk_after_bytes;
  context->require_client_certificate =
      config.client_certificates == ClientCertificates::kRequireAndVerify;
  if (!context->alpn.empty()) {
    SSL_CTX_set_alpn_select_cb(context->ssl_ctx.get(), SelectAlpn,
                               context.get());
  }
  return context;
}

}  // namespace fairway::net
