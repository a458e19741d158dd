// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/error_text.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace fairway::portforward {

bool IsOfAnotherSandbox(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (const absl::string_view words :
       {"container not running", "no such container", "is not running",
        "not found"}) {
    if (absl::StrContains(lower, words)) return true;
  }
  return false;
}

bool IsRefusal(absl::string_view text) {
  return absl::StrContains(absl::AsciiStrToLower(text), "connection refused");
}

bool IsOfTheConnection(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return IsRefusal(text) ||
         absl::StrContains(lower, "connection reset by peer") ||
         absl::StrContains(lower, "broken pipe");
}

}  // namespace fairway::portforward
