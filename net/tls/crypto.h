// SPDX-License-Identifier: Apache-2.0
// Hashes and random bytes.
#ifndef NET_TLS_CRYPTO_H_
#define NET_TLS_CRYPTO_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace fairway::net {

// The digest as 64 lower-case hex digits.
std::string Sha256Hex(absl::string_view bytes);

// The 20 bytes of the digest; for the WebSocket handshake, not for security.
std::string Sha1(absl::string_view bytes);

// Bytes that nobody can guess; for tokens, absl::WebSafeBase64Escape them.
std::string RandomBytes(size_t count);

}  // namespace fairway::net

#endif  // NET_TLS_CRYPTO_H_
