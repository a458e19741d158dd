// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/{cobra,pflag} as kubectl 1.20 uses them
// A tree of commands with flags: parsing, and the errors of it.
#ifndef CLIENT_CMD_COMMAND_H_
#define CLIENT_CMD_COMMAND_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

// What may stand where the cursor is. Mirrors: cobra's ShellCompDirective,
// whose numbers these are.
struct Completion {
  static constexpr int kDefault = 0;     // the shell may offer files
  static constexpr int kNoSpace = 2;     // more may follow the word
  static constexpr int kNoFileComp = 4;  // nothing but these

  // "WORD" or "WORD\tDESCRIPTION". Words that do not continue what was typed
  // are left out by whoever asks.
  std::vector<std::string> candidates;
  int directive = kDefault;
};

// Mirrors: cobra's ValidArgsFunction. `args` are the arguments before the
// cursor, `to_complete` is the word at it, or what a flag's value has so far.
using CompletionFunction = std::function<Task<Completion>(
    Factory* factory, std::vector<std::string> args, std::string to_complete)>;

// One flag. `set` is called with each value as typed; its error becomes
// "invalid argument "x" for "--name" flag: ERROR".
struct Flag {
  std::string name;
  char shorthand = 0;        // 0: none
  std::string default_text;  // as in the help: "''", "false", "[]"
  std::string help;
  bool is_bool = false;  // needs no value
  std::function<absl::Status(const std::string&)> set;
  CompletionFunction complete;  // of its value; null: files
};

// Flags that write to where they are told; `target` outlives parsing.
Flag StringFlag(std::string name, char shorthand, std::string* target,
                std::string help);
Flag BoolFlag(std::string name, char shorthand, bool* target, std::string help);
Flag IntFlag(std::string name, char shorthand, int* target, std::string help);
// Replaced by the first value given, then added to; split at commas.
Flag StringSliceFlag(std::string name, char shorthand,
                     std::vector<std::string>* target, std::string help);
// A duration kept as text; what is none is refused.
Flag DurationFlag(std::string name, std::string* target, std::string help);

struct Command {
  std::string name;
  std::string group;       // of the global help; empty: not shown there
  std::string short_help;  // one line
  std::string long_help;
  std::string example;
  std::string use;  // behind "kubectl "
  std::vector<Flag> flags;
  std::vector<Command> commands;  // "config" has some
  // Its arguments keep each "--"; else the first one is left out, as pflag
  // does.
  bool keeps_separators = false;
  // Whatever follows is an argument. Mirrors: cobra's DisableFlagParsing.
  bool keeps_flags = false;
  // What an unknown flag is answered with; empty: where help is to be had.
  std::string flag_error_hint;
  std::function<Task<absl::Status>(Factory* factory,
                                   std::vector<std::string> args)>
      run;                      // null: prints its help
  CompletionFunction complete;  // of its arguments; null: files
};

// What can be typed behind "kubectl".
struct CommandTree {
  Command root;
  std::vector<Flag> global_flags;
};

// The command that a line names, and what is its own of the line.
struct FoundCommand {
  const Command* command = nullptr;  // the root, if no other
  std::string path;                  // "kubectl config get-contexts"
  std::vector<std::string> args;
};

// Mirrors: cobra's Find, without its check of the arguments.
FoundCommand FindCommand(const CommandTree& tree,
                         const std::vector<std::string>& args);

// The flags that count for `command`: its own, then the global ones.
std::vector<const Flag*> FlagsOf(const CommandTree& tree,
                                 const Command& command);

struct ParsedFlags {
  std::vector<std::string> args;
  bool help = false;
};

// Sets the flags among `found.args` in their order; the rest.
// Errors: kInvalidArgument with the whole text for standard error ("Error:
// unknown flag: --x\nSee 'kubectl get --help' for usage.\n").
absl::StatusOr<ParsedFlags> ParseFlags(const CommandTree& tree,
                                       const FoundCommand& found);

// What a command line asks for.
struct Invocation {
  const Command* command = nullptr;
  std::string path;
  std::vector<std::string> args;
  bool help = false;  // of the command, instead of running it
};

// Finds the command and sets the flags. Errors: of ParseFlags; that of an
// unknown command, in the same form.
absl::StatusOr<Invocation> Parse(const CommandTree& tree,
                                 const std::vector<std::string>& args);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMMAND_H_
