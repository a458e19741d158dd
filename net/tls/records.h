// SPDX-License-Identifier: Apache-2.0
// The record layer of an established TLS 1.3 connection (RFC 8446, sections 5,
// 4.6 and 6), with what may follow its handshake: it takes over from BoringSSL
// where much is moved. Seals and opens straight between the caller's buffers
// and the transport's.
#ifndef NET_TLS_RECORDS_H_
#define NET_TLS_RECORDS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "net/tls/cipher_output.h"
#include "net/tls/traffic_key.h"

namespace fairway::net {

inline constexpr size_t kMaxRecordContent = 16 * 1024;

// Threads: not thread-safe.
class RecordLayer {
 public:
  enum class Role { kClient, kServer };
  struct Direction {
    absl::string_view secret;  // as of TrafficKey
    uint64_t next_record = 0;  // its sequence number
  };
  struct Options {
    Role role = Role::kClient;  // ours
    RecordCipher cipher = RecordCipher::kAes128GcmSha256;
    Direction read;
    Direction write;
    // Then we change our key: AES-GCM is safe for 2^24.5 full records.
    uint64_t records_per_key = uint64_t{1} << 24;
  };
  // Only when BulkGcm::Available().
  explicit RecordLayer(const Options& options);

  struct Opened {
    size_t consumed = 0;  // of the input; 0: the record has not come whole
    // Application data, if the record had any: in `out` if it fits there, else
    // in the input.
    absl::Span<char> content;
  };
  // Opens the first record of `input`, which it overwrites. Not after FIN.
  // Errors: the peer's alert, as RemoteAlert() has it; kUnavailable for what
  // breaks the protocol, and then the alert that says so is in `output`, unless
  // close_notify went before. The layer is of no use after an error.
  absl::StatusOr<Opened> Open(absl::Span<char> input, absl::Span<char> out,
                              CipherOutput& output);
  // Whether close_notify has come.
  bool fin_received() const { return fin_received_; }
  // The size of the record that `input` begins with; 0 if that is not there
  // whole.
  static size_t WholeRecord(absl::Span<const char> input);

  // Seals at most `most` bytes, records of a kind that is as full as can be.
  void Seal(WriteCursor& cursor, size_t most, CipherOutput& output);
  // The last record of all.
  void SealCloseNotify(CipherOutput& output);

 private:
  // Each returns what Open() fails with.
  absl::Status Fail(int alert, int reason, CipherOutput& output);
  absl::Status CheckHead(absl::Span<const char> head, CipherOutput& output);
  absl::Status OnAlert(absl::string_view alert, CipherOutput& output);
  absl::Status OnHandshake(absl::string_view fragment, CipherOutput& output);
  absl::Status OnKeyUpdate(absl::string_view behind, CipherOutput& output);

  bool in_message() const { return head_bytes_ > 0 || to_skip_ > 0; }
  void SealRecord(int type, size_t size, WriteCursor& cursor, size_t expected,
                  CipherOutput& output);
  void SealAlert(int level, int alert, CipherOutput& output);
  void UpdateWriteKey(CipherOutput& output);

  const Role role_;
  const uint64_t records_per_key_;
  TrafficKey read_;
  TrafficKey write_;
  bool fin_received_ = false;
  bool fin_sent_ = false;
  // The peer asked for a KeyUpdate: it comes before our next data.
  bool owes_key_update_ = false;
  // In a row.
  int empty_records_ = 0;
  int warnings_ = 0;
  int key_updates_ = 0;
  // Of a handshake message that may come in several records: its head, with a
  // KeyUpdate's one byte, and what is left of one that is ignored.
  std::array<uint8_t, 5> head_;
  size_t head_bytes_ = 0;
  size_t to_skip_ = 0;
};

}  // namespace fairway::net

#endif  // NET_TLS_RECORDS_H_
