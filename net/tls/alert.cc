// SPDX-License-Identifier: Apache-2.0
// Mirrors: crypto/tls/alert.go
#include "net/tls/alert.h"

#include "absl/strings/str_cat.h"
#include "net/tls/boringssl.h"

namespace fairway::net {
namespace {

struct Alert {
  int number;
  const char* text;
  bool about_certificate;
};

constexpr Alert kAlerts[] = {
    {SSL_AD_CLOSE_NOTIFY, "close notify", false},
    {SSL_AD_UNEXPECTED_MESSAGE, "unexpected message", false},
    {SSL_AD_BAD_RECORD_MAC, "bad record MAC", false},
    {SSL_AD_DECRYPTION_FAILED, "decryption failed", false},
    {SSL_AD_RECORD_OVERFLOW, "record overflow", false},
    {SSL_AD_DECOMPRESSION_FAILURE, "decompression failure", false},
    {SSL_AD_HANDSHAKE_FAILURE, "handshake failure", false},
    {SSL_AD_BAD_CERTIFICATE, "bad certificate", true},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, "unsupported certificate", true},
    {SSL_AD_CERTIFICATE_REVOKED, "revoked certificate", true},
    {SSL_AD_CERTIFICATE_EXPIRED, "expired certificate", true},
    {SSL_AD_CERTIFICATE_UNKNOWN, "unknown certificate", true},
    {SSL_AD_ILLEGAL_PARAMETER, "illegal parameter", false},
    {SSL_AD_UNKNOWN_CA, "unknown certificate authority", true},
    {SSL_AD_ACCESS_DENIED, "access denied", true},
    {SSL_AD_DECODE_ERROR, "error decoding message", false},
    {SSL_AD_DECRYPT_ERROR, "error decrypting message", false},
    {SSL_AD_EXPORT_RESTRICTION, "export restriction", false},
    {SSL_AD_PROTOCOL_VERSION, "protocol version not supported", false},
    {SSL_AD_INSUFFICIENT_SECURITY, "insufficient security level", false},
    {SSL_AD_INTERNAL_ERROR, "internal error", false},
    {SSL_AD_INAPPROPRIATE_FALLBACK, "inappropriate fallback", false},
    {SSL_AD_USER_CANCELLED, "user canceled", false},
    {SSL_AD_NO_RENEGOTIATION, "no renegotiation", false},
    {SSL_AD_MISSING_EXTENSION, "missing extension", false},
    {SSL_AD_UNSUPPORTED_EXTENSION, "unsupported extension", false},
    {SSL_AD_CERTIFICATE_UNOBTAINABLE, "certificate unobtainable", true},
    {SSL_AD_UNRECOGNIZED_NAME, "unrecognized name", false},
    {SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE, "bad certificate status response",
     true},
    {SSL_AD_BAD_CERTIFICATE_HASH_VALUE, "bad certificate hash value", true},
    {SSL_AD_UNKNOWN_PSK_IDENTITY, "unknown PSK identity", false},
    {SSL_AD_CERTIFICATE_REQUIRED, "certificate required", true},
    {SSL_AD_NO_APPLICATION_PROTOCOL, "no application protocol", false},
};

const Alert* Find(int number) {
  for (const Alert& alert : kAlerts) {
    if (alert.number == number) return &alert;
  }
  return nullptr;
}

}  // namespace

std::string AlertText(int number) {
  const Alert* alert = Find(number);
  if (alert == nullptr) return absl::StrCat("alert(", number, ")");
  return alert->text;
}

absl::Status RemoteAlert(int number) {
  const std::string message =
      absl::StrCat("remote error: tls: ", AlertText(number));
  const Alert* alert = Find(number);
  if (alert != nullptr && alert->about_certificate) {
    return absl::UnauthenticatedError(message);
  }
  return absl::UnavailableError(message);
}

}  // namespace fairway::net
