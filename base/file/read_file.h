// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_FILE_READ_FILE_H_
#define BASE_FILE_READ_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace fairway {

inline constexpr size_t kMaxFileBytes = 16 << 20;

// The bytes of a file. It blocks: for configuration, before a loop is busy.
// Errors: in Go's words: "open /x: no such file or directory", "read /x: is a
// directory"; kResourceExhausted above kMaxFileBytes.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace fairway

#endif  // BASE_FILE_READ_FILE_H_
