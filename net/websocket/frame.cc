// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/frame.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "net/tls/crypto.h"

namespace fairway::net::websocket {
namespace {

constexpr char kFin = static_cast<char>(0x80);
constexpr char kMasked = static_cast<char>(0x80);

// A line of the cache. The compiler makes it of the widest registers there are.
using Block = uint64_t __attribute__((vector_size(64)));

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

absl::string_view CloseCodeText(uint16_t code) {
  switch (code) {
    case kCloseNormal:
      return " (normal)";
    case kCloseGoingAway:
      return " (going away)";
    case kCloseProtocolError:
      return " (protocol error)";
    case kCloseUnsupportedData:
      return " (unsupported data)";
    case kCloseNoStatus:
      return " (no status)";
    case kCloseAbnormal:
      return " (abnormal closure)";
    case kCloseInvalidPayload:
      return " (invalid payload data)";
    case kClosePolicyViolation:
      return " (policy violation)";
    case kCloseMessageTooBig:
      return " (message too big)";
    case kCloseMandatoryExtension:
      return " (mandatory extension missing)";
    case kCloseInternalError:
      return " (internal server error)";
    default:
      return "";
  }
}

}  // namespace

bool IsValidCloseCode(uint16_t code) {
  if (code >= 3000) return code < 5000;
  if (code < kCloseNormal || code > 1014) return false;
  return code != 1004 && code != kCloseNoStatus && code != kCloseAbnormal;
}

std::string CloseErrorText(const CloseStatus& status) {
  return absl::StrCat(
      "websocket: close ", status.code, CloseCodeText(status.code),
      status.reason.empty() ? "" : absl::StrCat(": ", status.reason));
}

MaskKey RandomMaskKey() {
  MaskKey key;
  const std::string bytes = RandomBytes(key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

void AppendFrameHead(const FrameHead& head, std::string* out) {
  const char masked = head.mask.has_value() ? kMasked : '\0';
  out->push_back(static_cast<char>(head.opcode) | (head.fin ? kFin : '\0'));
  if (head.payload_bytes <= kMaxControlBytes) {
    out->push_back(static_cast<char>(head.payload_bytes) | masked);
  } else if (head.payload_bytes <= 0xffff) {
    out->push_back(static_cast<char>(126) | masked);
    AppendBigEndian(head.payload_bytes, 2, out);
  } else {
    out->push_back(static_cast<char>(127) | masked);
    AppendBigEndian(head.payload_bytes, 8, out);
  }
  if (head.mask) out->append(head.mask->data(), head.mask->size());
}

void Mask(const MaskKey& key, uint64_t offset, absl::string_view bytes,
          char* out) {
  std::array<char, 8> turned;
  for (size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % 4];
  uint64_t word;
  std::memcpy(&word, turned.data(), sizeof(word));
  const char* in = bytes.data();
  size_t left = bytes.size();
  // Each step has read all that it overwrites.
  for (; left >= sizeof(Block); left -= sizeof(Block)) {
    Block block;
    std::memcpy(&block, in, sizeof(block));
    block ^= word;
    std::memcpy(out, &block, sizeof(block));
    in += sizeof(block);
    out += sizeof(block);
  }
  for (; left >= sizeof(word); left -= sizeof(word)) {
    uint64_t chunk;
    std::memcpy(&chunk, in, sizeof(chunk));
    chunk ^= word;
    std::memcpy(out, &chunk, sizeof(chunk));
    in += sizeof(chunk);
    out += sizeof(chunk);
  }
  for (size_t i = 0; i < left; ++i) {
    out[i] = static_cast<char>(in[i] ^ turned[i]);
  }
}

void AppendControlFrame(Role role, Opcode opcode, absl::string_view payload,
                        std::string* out) {
  FrameHead head;
  head.opcode = opcode;
  head.payload_bytes = payload.size();
  if (role == Role::kClient) head.mask = RandomMaskKey();
  AppendFrameHead(head, out);
  const size_t start = out->size();
  out->append(payload.data(), payload.size());
  if (head.mask) Mask(*head.mask, 0, payload, out->data() + start);
}

void AppendCloseFrame(Role role, const CloseStatus& status, std::string* out) {
  std::string payload;
  if (status.code != kCloseNoStatus) {
    AppendBigEndian(status.code, 2, &payload);
    size_t size = std::min(status.reason.size(), kMaxCloseReasonBytes);
    if (size < status.reason.size()) {
      while (size > 0 && (status.reason[size] & 0xc0) == 0x80) --size;
    }
    payload.append(status.reason, 0, size);
  }
  AppendControlFrame(role, Opcode::kClose, payload, out);
}

}  // namespace fairway::net::websocket
