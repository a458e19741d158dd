// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/resource/visitor.go (v0.20.2)
// What a person names with -f: a file, or standard input.
#ifndef CLIENT_CMD_SOURCE_H_
#define CLIENT_CMD_SOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

struct Source {
  std::string name;  // as typed; "STDIN" for "-"
  std::string text;
};

// Reads it; blocks.
// Errors: "the path "x" does not exist"; kResourceExhausted.
absl::StatusOr<Source> ReadSource(Factory& factory,
                                  const std::string& filename);

// What ManifestsToJson said of `source`, with the words that upstream has
// before it: "error parsing x: error converting YAML to JSON: yaml: line 2: ".
absl::Status ParseError(absl::string_view source, absl::string_view why);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_SOURCE_H_
