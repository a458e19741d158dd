// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_REST_FILES_H_
#define CLIENT_REST_FILES_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::rest {

inline constexpr size_t kMaxFileBytes = 16 << 20;

// The bytes of a file. Errors: in Go's words: "open /x: no such file or
// directory", "read /x: is a directory"; kResourceExhausted above
// kMaxFileBytes.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// `path` from `folder`, if it is relative. Mirrors: clientcmd.ResolvePath.
std::string ResolvePath(absl::string_view path, absl::string_view folder);

}  // namespace fairway::rest

#endif  // CLIENT_REST_FILES_H_
