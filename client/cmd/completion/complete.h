// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/cobra/custom_completions.go (v1.1.1)
// "kubectl __complete WORD...": what the shells' scripts ask. The last word is
// the one at the cursor. The answer is a candidate a line, then ":DIRECTIVE".
#ifndef CLIENT_CMD_COMPLETION_COMPLETE_H_
#define CLIENT_CMD_COMPLETION_COMPLETE_H_

#include <string>
#include <vector>

#include "base/task/task.h"
#include "client/cmd/command.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

// The two commands that nobody types; "__completeNoDesc" leaves the
// descriptions out.
inline constexpr char kCompleteName[] = "__complete";
inline constexpr char kCompleteNoDescName[] = "__completeNoDesc";

// What a command line asks for that is not finished.
struct CompletionRequest {
  const Command* command = nullptr;
  // Whose value is at the cursor; null: an argument is.
  const Flag* flag = nullptr;
  bool names_a_flag = false;      // "--na" is at the cursor
  std::vector<std::string> args;  // before it, without flags
  std::string to_complete;
};

// Takes `words` apart and sets the flags before the cursor, so that --context
// and its like count for what is looked up. Nothing is completed (`command` is
// null) where there are no words or what is before the cursor is wrong.
CompletionRequest ParseCompletion(const CommandTree& tree,
                                  const std::vector<std::string>& words);

// The candidates that continue what was typed. Words that a shell might read as
// something else than a word are left out, whatever a server says.
Task<Completion> Complete(const CommandTree& tree, Factory* factory,
                          CompletionRequest request);

// As the scripts read it; a description is what follows a tab.
enum class Descriptions { kShown, kLeftOut };
std::string CompletionText(const Completion& completion,
                           Descriptions descriptions);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMPLETION_COMPLETE_H_
