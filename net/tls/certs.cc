// SPDX-License-Identifier: Apache-2.0
#include "net/tls/certs.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "net/tls/boringssl.h"
#include "net/tls/pem.h"

namespace fairway::net {
namespace {

constexpr absl::Duration kAuthorityValidity = absl::Hours(24 * 3650);
constexpr absl::Duration kClockTolerance = absl::Hours(1);

absl::Status Failed(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("certificate: ", what, ": ", TakeBoringSslError()));
}

absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> NewKey() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return Failed("make key");
  }
  return key;
}

std::string Contents(BIO* bio) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!BIO_mem_contents(bio, &bytes, &size)) return "";
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

absl::StatusOr<CertificateAndKey> ToPem(X509* certificate, EVP_PKEY* key) {
  bssl::UniquePtr<BIO> cert_bio(BIO_new(BIO_s_mem()));
  bssl::UniquePtr<BIO> key_bio(BIO_new(BIO_s_mem()));
  if (cert_bio == nullptr || key_bio == nullptr ||
      !PEM_write_bio_X509(cert_bio.get(), certificate) ||
      !PEM_write_bio_PrivateKey(key_bio.get(), key, nullptr, nullptr, 0,
                                nullptr, nullptr)) {
    return Failed("write PEM");
  }
  return CertificateAndKey{Contents(cert_bio.get()), Contents(key_bio.get())};
}

bool AddName(X509_NAME* name, int nid, const std::string& value) {
  return X509_NAME_add_entry_by_NID(
      name, nid, MBSTRING_UTF8, reinterpret_cast<const uint8_t*>(value.data()),
      static_cast<int>(value.size()), -1, 0);
}

absl::Status SetSubject(X509* certificate, const CertificateRequest& request) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const std::string& organization : request.organizations) {
    if (!AddName(subject, NID_organizationName, organization)) {
      return Failed(absl::StrCat("organization ", organization));
    }
  }
  if (!request.common_name.empty() &&
      !AddName(subject, NID_commonName, request.common_name)) {
    return Failed(absl::StrCat("common name ", request.common_name));
  }
  return absl::OkStatus();
}

absl::Status SetSerialAndTimes(X509* certificate, absl::Duration validity) {
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<uint8_t*>(&serial), sizeof(serial));
  serial >>= 1;  // positive
  const absl::Time now = absl::Now();
  const absl::Time end = now + validity;
  const absl::Time begin = std::min(now, end) - kClockTolerance;
  if (!ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) ||
      !ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(begin)) ||
      !ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(end))) {
    return Failed("validity");
  }
  return absl::OkStatus();
}

absl::Status AddExtension(X509* certificate, X509* issuer, int nid,
                          const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || !X509_add_ext(certificate, extension.get(), -1)) {
    return Failed(absl::StrCat("extension ", value));
  }
  return absl::OkStatus();
}

bssl::UniquePtr<GENERAL_NAME> NewAltName(int type, int string_type,
                                         absl::string_view value) {
  bssl::UniquePtr<GENERAL_NAME> name(GENERAL_NAME_new());
  bssl::UniquePtr<ASN1_STRING> text(ASN1_STRING_type_new(string_type));
  if (name == nullptr || text == nullptr ||
      !ASN1_STRING_set(text.get(), value.data(),
                       static_cast<int>(value.size()))) {
    return nullptr;
  }
  GENERAL_NAME_set0_value(name.get(), type, text.release());
  return name;
}

// Built from the parts and not from a config string, in which a comma would
// begin another name.
absl::Status AddSubjectAltNames(X509* certificate,
                                const CertificateRequest& request) {
  if (request.dns_names.empty() && request.ip_addresses.empty()) {
    return absl::OkStatus();
  }
  bssl::UniquePtr<GENERAL_NAMES> names(GENERAL_NAMES_new());
  if (names == nullptr) return Failed("names");
  for (const std::string& dns_name : request.dns_names) {
    if (!bssl::PushToStack(names.get(),
                           NewAltName(GEN_DNS, V_ASN1_IA5STRING, dns_name))) {
      return Failed(absl::StrCat("name ", dns_name));
    }
  }
  for (const std::string& text : request.ip_addresses) {
    char bytes[16];
    size_t size = 0;
    if (inet_pton(AF_INET, text.c_str(), bytes) == 1) size = 4;
    if (size == 0 && inet_pton(AF_INET6, text.c_str(), bytes) == 1) size = 16;
    if (size == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate: ", text, ": want an IP address"));
    }
    if (!bssl::PushToStack(names.get(),
                           NewAltName(GEN_IPADD, V_ASN1_OCTET_STRING,
                                      absl::string_view(bytes, size)))) {
      return Failed(absl::StrCat("address ", text));
    }
  }
  if (!X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0,
                         0)) {
    return Failed("names");
  }
  return absl::OkStatus();
}

const char* ExtendedUsage(CertificateRequest::Usage usage) {
  switch (usage) {
    case CertificateRequest::Usage::kServer:
      return "serverAuth";
    case CertificateRequest::Usage::kClient:
      return "clientAuth";
    case CertificateRequest::Usage::kBoth:
      break;
  }
  return "serverAuth,clientAuth";
}

}  // namespace

struct CertificateAuthority::State {
  bssl::UniquePtr<X509> certificate;
  bssl::UniquePtr<EVP_PKEY> key;
  CertificateAndKey pem;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
CertificateAuthority::~CertificateAuthority() = default;

const std::string& CertificateAuthority::cert_pem() const {
  return state_->pem.cert_pem;
}
const std::string& CertificateAuthority::key_pem() const {
  return state_->pem.key_pem;
}

absl::StatusOr<std::unique_ptr<CertificateAuthority>>
CertificateAuthority::Make(absl::string_view common_name) {
  absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> key = NewKey();
  if (!key.ok()) return key.status();
  bssl::UniquePtr<X509> certificate(X509_new());
  if (certificate == nullptr) return Failed("make");
  X509* x509 = certificate.get();
  CertificateRequest request;
  request.common_name = std::string(common_name);
  FAIRWAY_RETURN_IF_ERROR(SetSubject(x509, request));
  FAIRWAY_RETURN_IF_ERROR(SetSerialAndTimes(x509, kAuthorityValidity));
  if (!X509_set_version(x509, X509_VERSION_3) ||
      !X509_set_issuer_name(x509, X509_get_subject_name(x509)) ||
      !X509_set_pubkey(x509, key->get())) {
    return Failed("make");
  }
  FAIRWAY_RETURN_IF_ERROR(
      AddExtension(x509, x509, NID_basic_constraints, "critical,CA:TRUE"));
  FAIRWAY_RETURN_IF_ERROR(
      AddExtension(x509, x509, NID_key_usage,
                   "critical,digitalSignature,keyEncipherment,keyCertSign"));
  FAIRWAY_RETURN_IF_ERROR(
      AddExtension(x509, x509, NID_subject_key_identifier, "hash"));
  if (!X509_sign(x509, key->get(), EVP_sha256())) return Failed("sign");
  absl::StatusOr<CertificateAndKey> pem = ToPem(x509, key->get());
  if (!pem.ok()) return pem.status();
  auto state = std::make_unique<State>();
  state->certificate = std::move(certificate);
  state->key = *std::move(key);
  state->pem = *std::move(pem);
  return std::unique_ptr<CertificateAuthority>(
      new CertificateAuthority(std::move(state)));
}

absl::StatusOr<std::unique_ptr<CertificateAuthority>>
CertificateAuthority::Load(absl::string_view cert_pem,
                           absl::string_view key_pem) {
  absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> certificates =
      ParseCertificates(cert_pem);
  if (!certificates.ok()) return certificates.status();
  absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> key = ParsePrivateKey(key_pem);
  if (!key.ok()) return key.status();
  auto state = std::make_unique<State>();
  state->certificate = std::move(certificates->front());
  state->key = *std::move(key);
  state->pem = {std::string(cert_pem), std::string(key_pem)};
  if (!X509_check_private_key(state->certificate.get(), state->key.get())) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "certificate authority: private key does not match the certificate");
  }
  return std::unique_ptr<CertificateAuthority>(
      new CertificateAuthority(std::move(state)));
}

absl::StatusOr<CertificateAndKey> CertificateAuthority::Sign(
    const CertificateRequest& request) const {
  absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> key = NewKey();
  if (!key.ok()) return key.status();
  bssl::UniquePtr<X509> certificate(X509_new());
  if (certificate == nullptr) return Failed("make");
  X509* x509 = certificate.get();
  X509* issuer = state_->certificate.get();
  FAIRWAY_RETURN_IF_ERROR(SetSubject(x509, request));
  FAIRWAY_RETURN_IF_ERROR(SetSerialAndTimes(x509, request.validity));
  if (!X509_set_version(x509, X509_VERSION_3) ||
      !X509_set_issuer_name(x509, X509_get_subject_name(issuer)) ||
      !X509_set_pubkey(x509, key->get())) {
    return Failed("make");
  }
  FAIRWAY_RETURN_IF_ERROR(
      AddExtension(x509, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  FAIRWAY_RETURN_IF_ERROR(
      AddExtension(x509, issuer, NID_key_usage, "critical,digitalSignature"));
  FAIRWAY_RETURN_IF_ERROR(AddExtension(x509, issuer, NID_ext_key_usage,
                                       ExtendedUsage(request.usage)));
  if (X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0) {
    FAIRWAY_RETURN_IF_ERROR(
        AddExtension(x509, issuer, NID_authority_key_identifier, "keyid"));
  }
  FAIRWAY_RETURN_IF_ERROR(AddSubjectAltNames(x509, request));
  if (!X509_sign(x509, state_->key.get(), EVP_sha256())) return Failed("sign");
  return ToPem(x509, key->get());
}

}  // namespace fairway::net
