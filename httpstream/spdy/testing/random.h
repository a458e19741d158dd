// SPDX-License-Identifier: Apache-2.0
// Numbers that a seed decides, the same on every machine.
#ifndef HTTPSTREAM_SPDY_TESTING_RANDOM_H_
#define HTTPSTREAM_SPDY_TESTING_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace fairway::httpstream::spdy {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
  // generators", 2014).
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // 0 .. end - 1.
  size_t Below(size_t end) { return Next() % end; }
  bool OneIn(size_t n) { return Below(n) == 0; }

  // 1 .. `most`, small numbers as often as large ones.
  size_t Sized(size_t most) {
    const size_t bits = 64 - __builtin_clzll(most | 1);
    const size_t size = Below(size_t{1} << (1 + Below(bits))) + 1;
    return size < most ? size : most;
  }

  template <typename T>
  T OneOf(std::initializer_list<T> choices) {
    return *(choices.begin() + Below(choices.size()));
  }

  std::string Bytes(size_t count) {
    std::string bytes(count, '\0');
    for (size_t i = 0; i < count; i += 8) {
      const uint64_t word = Next();
      for (size_t j = i; j < i + 8 && j < count; ++j) {
        bytes[j] = static_cast<char>(word >> (8 * (j - i)));
      }
    }
    return bytes;
  }

 private:
  uint64_t state_;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_RANDOM_H_
