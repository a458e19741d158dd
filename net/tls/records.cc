// SPDX-License-Identifier: Apache-2.0
#include "net/tls/records.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "net/tls/alert.h"
#include "net/tls/boringssl.h"
#include "net/tls/pem.h"

namespace fairway::net {
namespace {

constexpr size_t kHeadBytes = SSL3_RT_HEADER_LENGTH;
constexpr size_t kMaxSealedBytes = kMaxRecordContent + 256;
// Head, content type and tag.
constexpr size_t kOverhead = kHeadBytes + 1 + BulkGcm::kTagBytes;
constexpr size_t kMessageHeadBytes = 4;
constexpr size_t kMaxMessageBytes = 16 * 1024;
// BoringSSL's numbers.
constexpr int kMaxEmptyRecords = 32;
constexpr int kMaxKeyUpdates = 32;
constexpr int kMaxWarnings = 4;

size_t BodyBytes(absl::Span<const char> head) {
  return static_cast<size_t>(static_cast<uint8_t>(head[3])) << 8 |
         static_cast<uint8_t>(head[4]);
}

// What `size` bytes become.
size_t SealedBytes(size_t size) {
  return size + (size + kMaxRecordContent - 1) / kMaxRecordContent * kOverhead;
}

}  // namespace

RecordLayer::RecordLayer(const Options& options)
    : role_(options.role),
      records_per_key_(options.records_per_key),
      read_(options.cipher, options.read.secret, options.read.next_record),
      write_(options.cipher, options.write.secret, options.write.next_record) {}

absl::Status RecordLayer::Fail(int alert, int reason, CipherOutput& output) {
  if (!fin_sent_) SealAlert(SSL3_AL_FATAL, alert, output);
  OPENSSL_PUT_ERROR(SSL, reason);
  return absl::UnavailableError(absl::StrCat("tls: ", TakeBoringSslError()));
}

absl::Status RecordLayer::CheckHead(absl::Span<const char> head,
                                    CipherOutput& output) {
  if (head[0] != SSL3_RT_APPLICATION_DATA) {
    return Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_INVALID_OUTER_RECORD_TYPE,
                output);
  }
  const size_t body = BodyBytes(head);
  if (body > kMaxSealedBytes) {
    return Fail(SSL_AD_RECORD_OVERFLOW, SSL_R_ENCRYPTED_LENGTH_TOO_LONG,
                output);
  }
  // Padding counts, too.
  if (body > kMaxRecordContent + 1 + BulkGcm::kTagBytes) {
    return Fail(SSL_AD_RECORD_OVERFLOW, SSL_R_DATA_LENGTH_TOO_LONG, output);
  }
  if (body < BulkGcm::kTagBytes) {
    return Fail(SSL_AD_BAD_RECORD_MAC,
                SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, output);
  }
  return absl::OkStatus();
}

size_t RecordLayer::WholeRecord(absl::Span<const char> input) {
  if (input.size() < kHeadBytes) return 0;
  const size_t size = kHeadBytes + BodyBytes(input);
  return size <= input.size() ? size : 0;
}

absl::StatusOr<RecordLayer::Opened> RecordLayer::Open(absl::Span<char> input,
                                                      absl::Span<char> out,
                                                      CipherOutput& output) {
  Opened opened;
  if (input.size() < kHeadBytes) return opened;
  absl::Status head_status = CheckHead(input, output);
  if (!head_status.ok()) return head_status;
  const size_t record = WholeRecord(input);
  if (record == 0) return opened;

  // The last byte, which is the content type unless there is padding, is kept
  // apart: so what fits is exactly the content.
  const size_t inner = record - kHeadBytes - BulkGcm::kTagBytes;
  size_t size = inner == 0 ? 0 : inner - 1;
  char* sealed = input.data() + kHeadBytes;
  char* plain = size <= out.size() ? out.data() : sealed;
  char type = 0;
  read_.gcm().Begin(read_.NextNonce(),
                    absl::string_view(input.data(), kHeadBytes));
  read_.gcm().Decrypt(absl::string_view(sealed, size), plain);
  read_.gcm().Decrypt(absl::string_view(sealed + size, inner - size), &type);
  const BulkGcm::Tag tag = read_.gcm().FinishDecrypt();
  if (CRYPTO_memcmp(tag.data(), sealed + inner, tag.size()) != 0) {
    if (size > 0) std::memset(plain, 0, size);
    return Fail(SSL_AD_BAD_RECORD_MAC,
                SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, output);
  }
  while (type == 0 && size > 0) type = plain[--size];
  opened.consumed = record;

  if (size == 0 && ++empty_records_ > kMaxEmptyRecords) {
    return Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_TOO_MANY_EMPTY_FRAGMENTS,
                output);
  }
  if (size > 0) empty_records_ = 0;
  const absl::string_view content(plain, size);
  absl::Status status;
  if (type == SSL3_RT_ALERT) {
    status = OnAlert(content, output);
  } else if (type == SSL3_RT_HANDSHAKE && size > 0) {
    warnings_ = 0;
    status = OnHandshake(content, output);
  } else if (type != SSL3_RT_APPLICATION_DATA || in_message()) {
    status = Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_RECORD, output);
  } else {
    warnings_ = 0;
    if (size > 0) key_updates_ = 0;
    opened.content = absl::MakeSpan(plain, size);
  }
  if (!status.ok()) return status;
  return opened;
}

absl::Status RecordLayer::OnAlert(absl::string_view alert,
                                  CipherOutput& output) {
  if (alert.size() != 2) {
    return Fail(SSL_AD_DECODE_ERROR, SSL_R_BAD_ALERT, output);
  }
  // Its level says nothing that the alert itself does not say.
  const int number = static_cast<uint8_t>(alert[1]);
  if (number == SSL_AD_CLOSE_NOTIFY) {
    fin_received_ = true;
    return absl::OkStatus();
  }
  if (number != SSL_AD_USER_CANCELLED) return RemoteAlert(number);
  if (++warnings_ > kMaxWarnings) {
    return Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_TOO_MANY_WARNING_ALERTS,
                output);
  }
  return absl::OkStatus();
}

absl::Status RecordLayer::OnHandshake(absl::string_view fragment,
                                      CipherOutput& output) {
  while (!fragment.empty()) {
    if (to_skip_ > 0) {
      const size_t n = std::min(to_skip_, fragment.size());
      to_skip_ -= n;
      fragment.remove_prefix(n);
      continue;
    }
    head_[head_bytes_++] = static_cast<uint8_t>(fragment[0]);
    fragment.remove_prefix(1);
    if (head_bytes_ < kMessageHeadBytes) continue;
    const size_t size =
        static_cast<size_t>(head_[1]) << 16 | head_[2] << 8 | head_[3];
    if (head_[0] == SSL3_MT_KEY_UPDATE) {
      if (size != 1) {
        return Fail(SSL_AD_DECODE_ERROR, SSL_R_DECODE_ERROR, output);
      }
      if (head_bytes_ == kMessageHeadBytes) continue;
      head_bytes_ = 0;
      return OnKeyUpdate(fragment, output);
    }
    // A ticket is for BoringSSL, which is not asked any more.
    if (head_[0] != SSL3_MT_NEW_SESSION_TICKET || role_ != Role::kClient) {
      return Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_MESSAGE, output);
    }
    if (size > kMaxMessageBytes) {
      return Fail(SSL_AD_ILLEGAL_PARAMETER, SSL_R_EXCESSIVE_MESSAGE_SIZE,
                  output);
    }
    head_bytes_ = 0;
    to_skip_ = size;
  }
  return absl::OkStatus();
}

absl::Status RecordLayer::OnKeyUpdate(absl::string_view behind,
                                      CipherOutput& output) {
  if (!behind.empty()) {
    return Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_EXCESS_HANDSHAKE_DATA, output);
  }
  const uint8_t request = head_[kMessageHeadBytes];
  if (request != SSL_KEY_UPDATE_NOT_REQUESTED &&
      request != SSL_KEY_UPDATE_REQUESTED) {
    return Fail(SSL_AD_ILLEGAL_PARAMETER, SSL_R_DECODE_ERROR, output);
  }
  if (++key_updates_ > kMaxKeyUpdates) {
    return Fail(SSL_AD_UNEXPECTED_MESSAGE, SSL_R_TOO_MANY_KEY_UPDATES, output);
  }
  read_.Update();
  if (request == SSL_KEY_UPDATE_REQUESTED) owes_key_update_ = true;
  return absl::OkStatus();
}

void RecordLayer::Seal(WriteCursor& cursor, size_t most, CipherOutput& output) {
  most = std::min(most, cursor.left());
  while (most > 0) {
    if (owes_key_update_ || write_.sequence() >= records_per_key_) {
      UpdateWriteKey(output);
    }
    const size_t n = std::min(most, kMaxRecordContent);
    SealRecord(SSL3_RT_APPLICATION_DATA, n, cursor, SealedBytes(most), output);
    most -= n;
  }
}

void RecordLayer::SealCloseNotify(CipherOutput& output) {
  fin_sent_ = true;
  SealAlert(SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY, output);
}

void RecordLayer::SealRecord(int type, size_t size, WriteCursor& cursor,
                             size_t expected, CipherOutput& output) {
  const size_t body = size + 1 + BulkGcm::kTagBytes;
  char* const record = output.Space(kHeadBytes + body, expected).data();
  const char head[kHeadBytes] = {SSL3_RT_APPLICATION_DATA, 3, 3,
                                 static_cast<char>(body >> 8),
                                 static_cast<char>(body)};
  std::memcpy(record, head, kHeadBytes);
  write_.gcm().Begin(write_.NextNonce(), absl::string_view(head, kHeadBytes));
  char* at = record + kHeadBytes;
  while (size > 0) {
    const absl::string_view piece = cursor.Take(size);
    write_.gcm().Encrypt(piece, at);
    at += piece.size();
    size -= piece.size();
  }
  const char type_byte = static_cast<char>(type);
  write_.gcm().Encrypt(absl::string_view(&type_byte, 1), at++);
  const BulkGcm::Tag tag = write_.gcm().FinishEncrypt();
  std::memcpy(at, tag.data(), tag.size());
  output.Commit(kHeadBytes + body);
}

void RecordLayer::SealAlert(int level, int alert, CipherOutput& output) {
  const char bytes[] = {static_cast<char>(level), static_cast<char>(alert)};
  const absl::string_view piece(bytes, sizeof(bytes));
  WriteCursor cursor(absl::MakeSpan(&piece, 1));
  SealRecord(SSL3_RT_ALERT, piece.size(), cursor, 0, output);
}

void RecordLayer::UpdateWriteKey(CipherOutput& output) {
  const char bytes[] = {SSL3_MT_KEY_UPDATE, 0, 0, 1,
                        SSL_KEY_UPDATE_NOT_REQUESTED};
  const absl::string_view piece(bytes, sizeof(bytes));
  WriteCursor cursor(absl::MakeSpan(&piece, 1));
  SealRecord(SSL3_RT_HANDSHAKE, piece.size(), cursor, 0, output);
  write_.Update();
  owes_key_update_ = false;
}

}  // namespace fairway::net
