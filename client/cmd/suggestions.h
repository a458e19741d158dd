// SPDX-License-Identifier: Apache-2.0
// Mirrors: SuggestionsFor of github.com/spf13/cobra (v1.1.1)
#ifndef CLIENT_CMD_SUGGESTIONS_H_
#define CLIENT_CMD_SUGGESTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fairway::cmd {

// Those of `names` that `typed` begins, or that at most `max_edits` edits make
// of it, both without case; none for what is absurdly long.
std::vector<std::string> Suggestions(absl::string_view typed,
                                     const std::vector<std::string>& names,
                                     size_t max_edits);

// "\nDid you mean this?\n\tNAME\n"; empty if there is none.
std::string DidYouMean(const std::vector<std::string>& suggestions);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_SUGGESTIONS_H_
