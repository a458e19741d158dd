// SPDX-License-Identifier: Apache-2.0
// Hashes and random bytes.
#ifndef NET_TLS_CRYPTO_H_
#define NET_TLS_CRYPTO_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace fairway::net {

// The 32 bytes of the digest, and the same as 64 lower-case hex digits.
std::string Sha256(absl::string_view bytes);
std::string Sha256Hex(absl::string_view bytes);

// The 20 bytes of the digest; for the WebSocket handshake, not for security.
std::string Sha1(absl::string_view bytes);

// Bytes that nobody can guess; for tokens, absl::WebSafeBase64Escape them.
std::string RandomBytes(size_t count);

// Whether both are the same, in a time that does not tell where they differ.
bool EqualInConstantTime(absl::string_view a, absl::string_view b);

}  // namespace fairway::net

#endif  // NET_TLS_CRYPTO_H_
