// SPDX-License-Identifier: Apache-2.0
#include "net/tls/verify.h"

#include <arpa/inet.h>

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/time/go_time.h"
#include "net/tls/crypto.h"

namespace fairway::net {
namespace {

absl::Status X509Error(absl::string_view message) {
  return absl::UnauthenticatedError(absl::StrCat("x509: ", message));
}

// The 4 or 16 bytes of an IP address; empty if `text` is none.
std::string IpBytes(absl::string_view text) {
  const std::string address(text);
  uint8_t bytes[16];
  if (inet_pton(AF_INET, address.c_str(), bytes) == 1) {
    return std::string(reinterpret_cast<char*>(bytes), 4);
  }
  if (inet_pton(AF_INET6, address.c_str(), bytes) == 1) {
    return std::string(reinterpret_cast<char*>(bytes), 16);
  }
  return "";
}

std::string IpText(absl::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (bytes.size() == 4) {
    inet_ntop(AF_INET, bytes.data(), text, sizeof(text));
  } else if (bytes.size() == 16) {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  }
  return text;
}

std::string Utf8(const ASN1_STRING* text) {
  uint8_t* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) {
    ERR_clear_error();
    return "";
  }
  std::string result(reinterpret_cast<char*>(utf8), size);
  OPENSSL_free(utf8);
  return result;
}

std::vector<std::string> SubjectEntries(X509* certificate, int nid) {
  std::vector<std::string> values;
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = X509_NAME_get_index_by_NID(subject, nid, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(subject, nid, i)) {
    values.push_back(
        Utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i))));
  }
  return values;
}

struct SubjectAltNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // 4 or 16 bytes each
  bool present = false;
};

SubjectAltNames ReadSubjectAltNames(X509* certificate) {
  SubjectAltNames result;
  bssl::UniquePtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  if (names == nullptr) return result;
  result.present = true;
  for (const GENERAL_NAME* name : names.get()) {
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* value =
        name->type == GEN_DNS
            ? static_cast<const ASN1_STRING*>(name->d.dNSName)
            : static_cast<const ASN1_STRING*>(name->d.iPAddress);
    std::string bytes(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
        ASN1_STRING_length(value));
    (name->type == GEN_DNS ? result.dns_names : result.ip_addresses)
        .push_back(std::move(bytes));
  }
  return result;
}

// A star stands for exactly one label, the first.
bool MatchesHostname(absl::string_view pattern, absl::string_view host) {
  pattern = absl::StripSuffix(pattern, ".");
  host = absl::StripSuffix(host, ".");
  if (pattern.empty() || host.empty()) return false;
  const std::vector<absl::string_view> want = absl::StrSplit(pattern, '.');
  const std::vector<absl::string_view> have = absl::StrSplit(host, '.');
  if (want.size() != have.size()) return false;
  for (size_t i = 0; i < want.size(); ++i) {
    if (have[i].empty() || want[i].empty()) return false;
    if (i == 0 && want[i] == "*" && want.size() > 1) continue;
    if (!absl::EqualsIgnoreCase(want[i], have[i])) return false;
  }
  return true;
}

absl::StatusOr<absl::Time> ToTime(const ASN1_TIME* time) {
  bssl::UniquePtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (epoch == nullptr || !ASN1_TIME_diff(&days, &seconds, epoch.get(), time)) {
    ERR_clear_error();
    return X509Error("malformed validity");
  }
  return absl::UnixEpoch() + absl::Hours(24) * days + absl::Seconds(seconds);
}

absl::Status VerifyTime(X509* certificate, absl::Time now) {
  absl::StatusOr<absl::Time> begin = ToTime(X509_get0_notBefore(certificate));
  if (!begin.ok()) return begin.status();
  absl::StatusOr<absl::Time> end = ToTime(X509_get0_notAfter(certificate));
  if (!end.ok()) return end.status();
  constexpr char kExpired[] =
      "certificate has expired or is not yet valid: current time ";
  if (now < *begin) {
    return X509Error(absl::StrCat(kExpired, FormatRFC3339(now), " is before ",
                                  FormatRFC3339(*begin)));
  }
  if (now > *end) {
    return X509Error(absl::StrCat(kExpired, FormatRFC3339(now), " is after ",
                                  FormatRFC3339(*end)));
  }
  return absl::OkStatus();
}

absl::Status FromVerifyResult(int error) {
  switch (error) {
    case X509_V_OK:
      return absl::OkStatus();
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA:
      return X509Error("certificate signed by unknown authority");
    case X509_V_ERR_INVALID_PURPOSE:
      return X509Error("certificate specifies an incompatible key usage");
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return X509Error("certificate has expired or is not yet valid");
    default:
      return X509Error(X509_verify_cert_error_string(error));
  }
}

absl::Status VerifyToRoots(const CertificateChain& chain, X509_STORE* roots,
                           CertificateUse use, absl::Time now) {
  bssl::UniquePtr<STACK_OF(X509)> intermediates(sk_X509_new_null());
  for (size_t i = 1; i < chain.size(); ++i) {
    if (!bssl::PushToStack(intermediates.get(), bssl::UpRef(chain[i]))) {
      return absl::ResourceExhaustedError("x509: out of memory");
    }
  }
  bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (context == nullptr ||
      !X509_STORE_CTX_init(context.get(), roots, chain[0].get(),
                           intermediates.get()) ||
      !X509_STORE_CTX_set_purpose(context.get(),
                                  use == CertificateUse::kServer
                                      ? X509_PURPOSE_SSL_SERVER
                                      : X509_PURPOSE_SSL_CLIENT)) {
    ERR_clear_error();
    return absl::ResourceExhaustedError("x509: out of memory");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  // As in Go, any certificate of the pool is an anchor, self-signed or not.
  X509_VERIFY_PARAM_set_flags(
      param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_time(param, absl::ToTimeT(now));
  const int verified = X509_verify_cert(context.get());
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (verified == 1) return absl::OkStatus();
  return FromVerifyResult(error == X509_V_OK ? X509_V_ERR_CERT_UNTRUSTED
                                             : error);
}

}  // namespace

bool IsIpAddress(absl::string_view text) { return !IpBytes(text).empty(); }

absl::Status VerifyTimes(const CertificateChain& chain, absl::Time now) {
  for (const bssl::UniquePtr<X509>& certificate : chain) {
    absl::Status status = VerifyTime(certificate.get(), now);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status VerifyHostname(X509* leaf, absl::string_view server_name) {
  const SubjectAltNames names = ReadSubjectAltNames(leaf);
  const std::string ip = IpBytes(server_name);
  if (!ip.empty()) {
    if (names.ip_addresses.empty()) {
      return X509Error(absl::StrCat("cannot validate certificate for ",
                                    server_name,
                                    " because it doesn't contain any IP SANs"));
    }
    std::vector<std::string> valid;
    for (const std::string& candidate : names.ip_addresses) {
      if (candidate == ip) return absl::OkStatus();
      valid.push_back(IpText(candidate));
    }
    return X509Error(absl::StrCat("certificate is valid for ",
                                  absl::StrJoin(valid, ", "), ", not ",
                                  server_name));
  }
  for (const std::string& pattern : names.dns_names) {
    if (MatchesHostname(pattern, server_name)) return absl::OkStatus();
  }
  if (!names.dns_names.empty()) {
    return X509Error(absl::StrCat("certificate is valid for ",
                                  absl::StrJoin(names.dns_names, ", "),
                                  ", not ", server_name));
  }
  const std::vector<std::string> common_names =
      SubjectEntries(leaf, NID_commonName);
  if (!names.present && !common_names.empty() &&
      MatchesHostname(common_names.back(), server_name)) {
    return X509Error(
        "certificate relies on legacy Common Name field, use SANs instead");
  }
  return X509Error(
      absl::StrCat("certificate is not valid for any names, but wanted to "
                   "match ",
                   server_name));
}

absl::Status VerifyChain(const CertificateChain& chain, X509_STORE* roots,
                         CertificateUse use, absl::string_view server_name,
                         absl::Time now) {
  if (chain.empty()) return X509Error("no certificates");
  absl::Status status = VerifyTime(chain[0].get(), now);
  if (!status.ok()) return status;
  if (use == CertificateUse::kServer) {
    status = VerifyHostname(chain[0].get(), server_name);
    if (!status.ok()) return status;
  }
  return VerifyToRoots(chain, roots, use, now);
}

absl::StatusOr<CertificateChain> ParseChain(const STACK_OF(CRYPTO_BUFFER) *
                                            buffers) {
  CertificateChain chain;
  if (buffers == nullptr) return chain;
  for (CRYPTO_BUFFER* buffer : buffers) {
    bssl::UniquePtr<X509> certificate(X509_parse_from_buffer(buffer));
    if (certificate == nullptr) {
      ERR_clear_error();
      return absl::InvalidArgumentError(
          "tls: failed to parse certificate from peer");
    }
    chain.push_back(std::move(certificate));
  }
  return chain;
}

PeerCertificate DescribeCertificate(X509* certificate) {
  PeerCertificate description;
  std::vector<std::string> common_names =
      SubjectEntries(certificate, NID_commonName);
  // The last one counts, as in Go's pkix.Name.
  if (!common_names.empty()) description.common_name = common_names.back();
  description.organizations = SubjectEntries(certificate, NID_organizationName);
  uint8_t* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size > 0) {
    description.der_sha256_hex =
        Sha256Hex(absl::string_view(reinterpret_cast<char*>(der), size));
    OPENSSL_free(der);
  }
  return description;
}

}  // namespace fairway::net
