// SPDX-License-Identifier: Apache-2.0
// AES-GCM by Intel's Multi-Buffer Crypto library: four times as fast as
// BoringSSL's where the processor has VAES and AVX-512.
//
// The library is loaded when it is first asked for, which takes a millisecond
// and 3 MB of file pages: so only for connections that move much.
#ifndef NET_TLS_BULK_GCM_H_
#define NET_TLS_BULK_GCM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace fairway::net {

// A key, and one message at a time: Begin(), its parts, then the tag.
//
// Threads: not thread-safe; Available() is.
class BulkGcm {
 public:
  static constexpr size_t kNonceBytes = 12;
  static constexpr size_t kTagBytes = 16;
  using Nonce = std::array<uint8_t, kNonceBytes>;
  using Tag = std::array<uint8_t, kTagBytes>;

  // Whether the library is installed and the processor has what it needs. Loads
  // it.
  static bool Available();

  // Of 16 or 32 bytes. Only when Available().
  explicit BulkGcm(absl::string_view key);
  ~BulkGcm();
  BulkGcm(const BulkGcm&) = delete;
  BulkGcm& operator=(const BulkGcm&) = delete;

  void Begin(const Nonce& nonce, absl::string_view additional);
  // `out` has room for as many bytes as `in`, and may be where `in` is.
  void Encrypt(absl::string_view in, char* out);
  void Decrypt(absl::string_view in, char* out);
  Tag FinishEncrypt();
  // The tag that the message ought to have.
  Tag FinishDecrypt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairway::net

#endif  // NET_TLS_BULK_GCM_H_
