// SPDX-License-Identifier: Apache-2.0
#include "net/tls/pem.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace fairway::net {
namespace {

// Without it BoringSSL would ask at the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

bssl::UniquePtr<BIO> ReadOnly(absl::string_view text) {
  const size_t size = std::min<size_t>(
      text.size(), static_cast<size_t>(std::numeric_limits<int>::max()));
  return bssl::UniquePtr<BIO>(
      BIO_new_mem_buf(text.data(), static_cast<int>(size)));
}

bool ReachedEnd(uint32_t error) {
  return error == 0 || (ERR_GET_LIB(error) == ERR_LIB_PEM &&
                        ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
}

bool HasPem(absl::string_view text) {
  return absl::StrContains(text, "-----BEGIN ") &&
         absl::StrContains(text, "-----END ");
}

bool HasPem(absl::string_view text, absl::string_view type) {
  return HasPem(text) && absl::StrContains(text, absl::StrCat(type, "-----"));
}

absl::Status Invalid(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

bool IsEncrypted(absl::string_view pem) {
  return absl::StrContains(pem, "BEGIN ENCRYPTED PRIVATE KEY") ||
         absl::StrContains(pem, "Proc-Type: 4,ENCRYPTED");
}

}  // namespace

std::string TakeBoringSslError() {
  const uint32_t error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(error);
  if (reason == nullptr) return absl::StrCat("error ", error);
  return absl::AsciiStrToLower(absl::StrReplaceAll(reason, {{"_", " "}}));
}

absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> ParseCertificates(
    absl::string_view pem) {
  bssl::UniquePtr<BIO> bio = ReadOnly(pem);
  std::vector<bssl::UniquePtr<X509>> certificates;
  ERR_clear_error();
  while (true) {
    bssl::UniquePtr<X509> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (certificate == nullptr) break;
    certificates.push_back(std::move(certificate));
  }
  if (!ReachedEnd(ERR_peek_last_error())) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot parse certificate: ", TakeBoringSslError()));
  }
  ERR_clear_error();
  if (certificates.empty()) {
    return absl::InvalidArgumentError("no PEM certificate found");
  }
  return certificates;
}

absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> ParsePrivateKey(
    absl::string_view pem) {
  if (IsEncrypted(pem)) {
    return absl::InvalidArgumentError(
        "encrypted private keys are not supported");
  }
  bssl::UniquePtr<BIO> bio = ReadOnly(pem);
  ERR_clear_error();
  bssl::UniquePtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key != nullptr) return key;
  if (ReachedEnd(ERR_peek_last_error())) {
    ERR_clear_error();
    return absl::InvalidArgumentError("no PEM private key found");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot parse private key: ", TakeBoringSslError()));
}

absl::StatusOr<KeyPair> ParseKeyPair(absl::string_view cert_pem,
                                     absl::string_view key_pem) {
  KeyPair pair;
  if (!HasPem(cert_pem)) {
    return Invalid("tls: failed to find any PEM data in certificate input");
  }
  if (!HasPem(cert_pem, "CERTIFICATE")) {
    return Invalid(HasPem(cert_pem, "PRIVATE KEY")
                       ? "tls: failed to find certificate PEM data in "
                         "certificate input, but did find a private key; PEM "
                         "inputs may have been switched"
                       : "tls: failed to find \"CERTIFICATE\" PEM block in "
                         "certificate input");
  }
  absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> chain =
      ParseCertificates(cert_pem);
  if (!chain.ok()) return Invalid("x509: malformed certificate");
  pair.chain = *std::move(chain);
  if (!HasPem(key_pem)) {
    return Invalid("tls: failed to find any PEM data in key input");
  }
  if (!HasPem(key_pem, "PRIVATE KEY")) {
    return Invalid(HasPem(key_pem, "CERTIFICATE")
                       ? "tls: found a certificate rather than a key in the "
                         "PEM for the private key"
                       : "tls: failed to find PEM block with type ending in "
                         "\"PRIVATE KEY\" in key input");
  }
  if (IsEncrypted(key_pem)) {
    return Invalid(
        "tls: failed to parse private key: it is encrypted, and nobody is "
        "asked for its password; use a copy without one, which \"openssl pkey "
        "-in KEY -out COPY\" makes");
  }
  absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> key = ParsePrivateKey(key_pem);
  if (!key.ok()) return Invalid("tls: failed to parse private key");
  pair.key = *std::move(key);
  if (!X509_check_private_key(pair.chain[0].get(), pair.key.get())) {
    ERR_clear_error();
    return Invalid("tls: private key does not match public key");
  }
  return pair;
}

absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> ParseRootCertificates(
    absl::string_view pem) {
  bssl::UniquePtr<BIO> bio = ReadOnly(pem);
  std::vector<bssl::UniquePtr<X509>> roots;
  while (true) {
    ERR_clear_error();
    bssl::UniquePtr<X509> root(
        PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (root != nullptr) {
      roots.push_back(std::move(root));
    } else if (ReachedEnd(ERR_peek_last_error())) {
      break;
    }
  }
  ERR_clear_error();
  if (!roots.empty()) return roots;
  absl::string_view why = "no valid certificate authority data seen";
  if (!HasPem(pem)) {
    why = "unable to parse bytes as PEM block";
  } else if (HasPem(pem, "CERTIFICATE")) {
    why = "failed to parse certificate: x509: malformed certificate";
  }
  return Invalid(absl::StrCat("unable to load root certificates: ", why));
}

}  // namespace fairway::net
