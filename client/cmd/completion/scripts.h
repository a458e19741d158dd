// SPDX-License-Identifier: Apache-2.0
// What a shell evaluates to complete kubectl's command lines. The scripts know
// nothing of the commands: each asks "kubectl __complete WORD..." (complete.h).
#ifndef CLIENT_CMD_COMPLETION_SCRIPTS_H_
#define CLIENT_CMD_COMPLETION_SCRIPTS_H_

#include "absl/strings/string_view.h"

namespace fairway::cmd {

// Empty for a shell that has none.
absl::string_view CompletionScript(absl::string_view shell);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMPLETION_SCRIPTS_H_
