// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/{cobra,pflag} as kubectl 1.20 uses them
// A tree of commands with flags: parsing, help, and the errors of both.
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

// One flag. `set` is called with each value as typed; its error becomes
// "invalid argument "x" for "--name" flag: ERROR".
struct Flag {
  std::string name;
  char shorthand = 0;        // 0: none
  std::string default_text;  // as in the help: "''", "false", "[]"
  std::string help;
  bool is_bool = false;  // needs no value
  std::function<absl::Status(const std::string&)> set;
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
  std::string group;       // of the global help
  std::string short_help;  // one line
  std::string long_help;
  std::string example;
  std::string use;  // behind "kubectl "
  std::vector<Flag> flags;
  std::function<Task<absl::Status>(Factory* factory,
                                   std::vector<std::string> args)>
      run;
};

struct CommandTree {
  std::string long_help;
  std::vector<Flag> global_flags;
  std::vector<Command> commands;
};

// What a command line asks for.
struct Invocation {
  const Command* command = nullptr;  // null: `text` is the whole answer
  std::vector<std::string> args;
  std::string text;  // help, for standard output
};

// Parses the arguments behind the program's name and sets the flags.
// Errors: kInvalidArgument with the whole text for standard error ("Error:
// unknown flag: --x\nSee 'kubectl get --help' for usage.\n").
absl::StatusOr<Invocation> Parse(const CommandTree& tree,
                                 const std::vector<std::string>& args);

std::string GlobalHelp(const CommandTree& tree);
std::string CommandHelp(const Command& command);
std::string OptionsHelp(const CommandTree& tree);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMMAND_H_
