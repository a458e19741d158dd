// SPDX-License-Identifier: Apache-2.0
// Mirrors: SuggestionsFor of github.com/spf13/cobra (v1.1.1)
#include "client/cmd/suggestions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::cmd {
namespace {

constexpr size_t kMaxComparedBytes = 64;

// The edits that make `a` of `b`, without case.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same =
          absl::ascii_tolower(a[i - 1]) == absl::ascii_tolower(b[j - 1]);
      const size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> Suggestions(absl::string_view typed,
                                     const std::vector<std::string>& names,
                                     size_t max_edits) {
  std::vector<std::string> suggestions;
  if (typed.empty() || typed.size() > kMaxComparedBytes) return suggestions;
  for (const std::string& name : names) {
    if (EditDistance(typed, name) <= max_edits ||
        absl::StartsWithIgnoreCase(name, typed)) {
      suggestions.push_back(name);
    }
  }
  return suggestions;
}

std::string DidYouMean(const std::vector<std::string>& suggestions) {
  if (suggestions.empty()) return "";
  std::string text = "\nDid you mean this?\n";
  for (const std::string& name : suggestions) {
    absl::StrAppend(&text, "\t", name, "\n");
  }
  return text;
}

}  // namespace fairway::cmd
