// SPDX-License-Identifier: Apache-2.0
// Numbers in network byte order.
#ifndef HTTPSTREAM_SPDY_WIRE_H_
#define HTTPSTREAM_SPDY_WIRE_H_

#include <cstdint>
#include <string>

namespace fairway::httpstream::spdy {

inline uint32_t LoadUint24(const char* bytes) {
  const auto* b = reinterpret_cast<const uint8_t*>(bytes);
  return uint32_t{b[0]} << 16 | uint32_t{b[1]} << 8 | b[2];
}

inline uint32_t LoadUint32(const char* bytes) {
  const auto* b = reinterpret_cast<const uint8_t*>(bytes);
  return uint32_t{b[0]} << 24 | LoadUint24(bytes + 1);
}

inline void StoreUint32(uint32_t value, char* bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    *bytes++ = static_cast<char>(value >> shift);
  }
}

inline void AppendUint32(uint32_t value, std::string* out) {
  char bytes[4];
  StoreUint32(value, bytes);
  out->append(bytes, sizeof(bytes));
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_WIRE_H_
