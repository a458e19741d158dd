// SPDX-License-Identifier: Apache-2.0
// What fuzz targets share: a check that ends the run, and ways to take an input
// apart that depend on nothing but the input.
#ifndef BAZEL_FUZZ_FUZZ_INPUT_H_
#define BAZEL_FUZZ_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/string_view.h"

namespace fairway::fuzz {

// Aborts, which is a finding, unless `holds`; `what` should have been true.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline absl::string_view View(const uint8_t* data, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(data), size);
}

// Takes up to `n` bytes off the front.
inline absl::string_view Take(absl::string_view& bytes, size_t n) {
  const absl::string_view taken = bytes.substr(0, n);
  bytes.remove_prefix(taken.size());
  return taken;
}

// Takes a byte off the front; 0 if there is none.
inline uint8_t TakeByte(absl::string_view& bytes) {
  const absl::string_view taken = Take(bytes, 1);
  return taken.empty() ? 0 : static_cast<uint8_t>(taken[0]);
}

// Takes what is before the next `delimiter`, and that, off the front.
inline absl::string_view TakeUntil(absl::string_view& bytes, char delimiter) {
  const absl::string_view taken = Take(bytes, bytes.find(delimiter));
  Take(bytes, 1);
  return taken;
}

using Pieces = std::vector<absl::string_view>;

// The same bytes whole, byte by byte, and in pieces of 1 to 31 bytes: however
// its input is cut, a decoder must say the same.
inline std::vector<Pieces> Cuts(absl::string_view bytes) {
  Pieces single, mixed;
  for (size_t i = 0; i < bytes.size(); ++i)
    single.push_back(bytes.substr(i, 1));
  // A linear congruential generator, started by the input.
  uint32_t state = static_cast<uint32_t>(bytes.size());
  for (absl::string_view rest = bytes; !rest.empty();) {
    state = state * 1664525 + 1013904223 + static_cast<uint8_t>(rest[0]);
    mixed.push_back(Take(rest, 1 + (state >> 16) % 31));
  }
  return {{bytes}, std::move(single), std::move(mixed)};
}

}  // namespace fairway::fuzz

#endif  // BAZEL_FUZZ_FUZZ_INPUT_H_
