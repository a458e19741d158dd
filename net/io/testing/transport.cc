// SPDX-License-Identifier: Apache-2.0
#include "net/io/testing/transport.h"

#include <random>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::net {

Task<absl::StatusOr<std::string>> ReadAll(ByteStream& stream) {
  std::string all;
  std::vector<char> buf(32 * 1024);
  while (true) {
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return all;
    all.append(buf.data(), *n);
  }
}

Task<std::string> ReadUntil(ByteStream& stream, std::string end) {
  std::string all;
  std::vector<char> buf(4096);
  while (end.empty() || !absl::EndsWith(all, end)) {
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok()) {
      absl::StrAppend(&all, "[", absl::StatusCodeToString(n.status().code()),
                      "]");
      break;
    }
    if (*n == 0) break;
    all.append(buf.data(), *n);
  }
  co_return all;
}

std::string SomeBytes(size_t count, unsigned seed) {
  std::minstd_rand random(seed + 1);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

}  // namespace fairway::net
