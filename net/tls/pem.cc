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
  if (absl::StrContains(pem, "BEGIN ENCRYPTED PRIVATE KEY") ||
      absl::StrContains(pem, "Proc-Type: 4,ENCRYPTED")) {
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

}  // namespace fairway::net
