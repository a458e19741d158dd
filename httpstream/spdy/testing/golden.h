// SPDX-License-Identifier: Apache-2.0
// Reads testdata/: what Kubernetes' own programs wrote.
#ifndef HTTPSTREAM_SPDY_TESTING_GOLDEN_H_
#define HTTPSTREAM_SPDY_TESTING_GOLDEN_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fairway::httpstream::spdy {

inline nlohmann::json ReadGolden(absl::string_view name) {
  std::ifstream file(absl::StrCat("httpstream/spdy/testdata/", name));
  return nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
}

// What one side sent behind its HTTP head, in the conversation's last
// connection; in the pieces in which it came.
inline std::vector<std::string> SpdyChunks(const nlohmann::json& conversation,
                                           absl::string_view from) {
  std::vector<std::string> chunks;
  bool behind_head = false;
  for (const auto& chunk : conversation["connections"].back()) {
    if (chunk["from"] != std::string(from) || !chunk.contains("hex")) continue;
    std::string bytes = absl::HexStringToBytes(chunk["hex"].get<std::string>());
    if (behind_head) chunks.push_back(std::move(bytes));
    behind_head = true;
  }
  return chunks;
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_GOLDEN_H_
