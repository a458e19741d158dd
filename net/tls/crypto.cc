// SPDX-License-Identifier: Apache-2.0
#include "net/tls/crypto.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "net/tls/boringssl.h"

namespace fairway::net {
namespace {

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

std::string Sha256Hex(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Bytes(bytes), bytes.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return absl::BytesToHexString(digest);
}

std::string Sha1(absl::string_view bytes) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(Bytes(bytes), bytes.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), count);
  return bytes;
}

}  // namespace fairway::net
