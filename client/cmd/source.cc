// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/resource/visitor.go (v0.20.2)
#include "client/cmd/source.h"

#include <istream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file/read_file.h"

namespace fairway::cmd {
namespace {

constexpr char kStdin[] = "-";

absl::StatusOr<std::string> ReadStdin(std::istream& in) {
  std::string text;
  char buffer[16384];
  while (in.read(buffer, sizeof(buffer)) || in.gcount() > 0) {
    text.append(buffer, in.gcount());
    if (text.size() > kMaxFileBytes) {
      return absl::ResourceExhaustedError("standard input is too large");
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<Source> ReadSource(Factory& factory,
                                  const std::string& filename) {
  const bool is_stdin = filename == kStdin;
  absl::StatusOr<std::string> text = is_stdin ? ReadStdin(*factory.streams().in)
                                              : ReadFile(TypedPath(filename));
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrCat("the path \"", filename, "\" does not exist"));
  }
  if (!text.ok()) return text.status();
  return Source{is_stdin ? "STDIN" : filename, *std::move(text)};
}

// JSON is told from YAML by its first byte, and has words of its own.
absl::Status ParseError(absl::string_view source, absl::string_view why) {
  if (why == "json: unexpected end of JSON input") {
    why = "unexpected EOF";
  } else if (!absl::StartsWith(why, "json: ")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "error parsing ", source, ": error converting YAML to JSON: ", why));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("error parsing ", source, ": ", why));
}

}  // namespace fairway::cmd
