// SPDX-License-Identifier: Apache-2.0
// One direction's key of TLS 1.3 (RFC 8446, 7.2, 7.3 and 5.3).
#ifndef NET_TLS_TRAFFIC_KEY_H_
#define NET_TLS_TRAFFIC_KEY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "net/tls/bulk_gcm.h"

namespace fairway::net {

enum class RecordCipher { kAes128GcmSha256, kAes256GcmSha384 };

// Wiped when it is replaced, and at the end.
//
// Threads: not thread-safe.
class TrafficKey {
 public:
  // `secret`: [sender]_application_traffic_secret_N, of 32 or 48 bytes by the
  // cipher. `sequence`: of the next record.
  TrafficKey(RecordCipher cipher, absl::string_view secret, uint64_t sequence);
  ~TrafficKey();
  TrafficKey(const TrafficKey&) = delete;
  TrafficKey& operator=(const TrafficKey&) = delete;

  BulkGcm& gcm() { return *gcm_; }
  // How many records went by under this key.
  uint64_t sequence() const { return sequence_; }
  // Of the record that now begins; counts it.
  BulkGcm::Nonce NextNonce();
  // After a KeyUpdate: the next secret and key, and record 0.
  void Update();

 private:
  void DeriveKey();

  const RecordCipher cipher_;
  std::array<uint8_t, 48> secret_;
  BulkGcm::Nonce iv_;
  uint64_t sequence_;
  std::unique_ptr<BulkGcm> gcm_;
};

}  // namespace fairway::net

#endif  // NET_TLS_TRAFFIC_KEY_H_
