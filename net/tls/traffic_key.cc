// SPDX-License-Identifier: Apache-2.0
#include "net/tls/traffic_key.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "net/tls/boringssl.h"

namespace fairway::net {
namespace {

const EVP_MD* Digest(RecordCipher cipher) {
  return cipher == RecordCipher::kAes128GcmSha256 ? EVP_sha256() : EVP_sha384();
}

size_t KeyBytes(RecordCipher cipher) {
  return cipher == RecordCipher::kAes128GcmSha256 ? 16 : 32;
}

// HKDF-Expand-Label with an empty context.
void ExpandLabel(RecordCipher cipher, const uint8_t* secret,
                 absl::string_view label, uint8_t* out, size_t out_size) {
  std::string info;
  info.push_back('\0');
  info.push_back(static_cast<char>(out_size));
  info.push_back(static_cast<char>(6 + label.size()));
  info += "tls13 ";
  info.append(label.data(), label.size());
  info.push_back('\0');
  const EVP_MD* digest = Digest(cipher);
  // Only for want of memory; sealing with a key that is none would be worse.
  if (!HKDF_expand(out, out_size, digest, secret, EVP_MD_size(digest),
                   reinterpret_cast<const uint8_t*>(info.data()),
                   info.size())) {
    std::abort();
  }
}

}  // namespace

TrafficKey::TrafficKey(RecordCipher cipher, absl::string_view secret,
                       uint64_t sequence)
    : cipher_(cipher), sequence_(sequence) {
  std::copy_n(secret.begin(), std::min(secret.size(), secret_.size()),
              secret_.begin());
  DeriveKey();
}

TrafficKey::~TrafficKey() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(iv_.data(), iv_.size());
}

void TrafficKey::DeriveKey() {
  std::array<uint8_t, 32> key;
  const size_t key_bytes = KeyBytes(cipher_);
  ExpandLabel(cipher_, secret_.data(), "key", key.data(), key_bytes);
  ExpandLabel(cipher_, secret_.data(), "iv", iv_.data(), iv_.size());
  gcm_ = std::make_unique<BulkGcm>(
      absl::string_view(reinterpret_cast<char*>(key.data()), key_bytes));
  OPENSSL_cleanse(key.data(), key.size());
}

BulkGcm::Nonce TrafficKey::NextNonce() {
  BulkGcm::Nonce nonce = iv_;
  for (size_t i = 0; i < 8; ++i) {
    nonce[nonce.size() - 1 - i] ^= static_cast<uint8_t>(sequence_ >> (8 * i));
  }
  ++sequence_;
  return nonce;
}

void TrafficKey::Update() {
  std::array<uint8_t, 48> next;
  const size_t size = EVP_MD_size(Digest(cipher_));
  ExpandLabel(cipher_, secret_.data(), "traffic upd", next.data(), size);
  std::copy_n(next.begin(), size, secret_.begin());
  OPENSSL_cleanse(next.data(), next.size());
  sequence_ = 0;
  DeriveKey();
}

}  // namespace fairway::net
