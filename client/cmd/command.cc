// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/{cobra,pflag} as kubectl 1.20 uses them
#include "client/cmd/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::cmd {
namespace {

// The flags that count once a command is known (null: before any).
std::vector<const Flag*> FlagsOf(const CommandTree& tree,
                                 const Command* command) {
  std::vector<const Flag*> flags;
  if (command != nullptr) {
    for (const Flag& flag : command->flags) flags.push_back(&flag);
  }
  for (const Flag& flag : tree.global_flags) flags.push_back(&flag);
  return flags;
}

const Command* FindCommand(const CommandTree& tree, absl::string_view name) {
  for (const Command& command : tree.commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

absl::Status FlagError(const Command* command, absl::string_view message) {
  const std::string path =
      command == nullptr ? "kubectl" : absl::StrCat("kubectl ", command->name);
  return absl::InvalidArgumentError(absl::StrCat(
      "Error: ", message, "\nSee '", path, " --help' for usage.\n"));
}

std::string FlagTitle(const Flag& flag) {
  if (flag.shorthand == 0) return absl::StrCat("--", flag.name);
  return absl::StrCat("-", std::string(1, flag.shorthand), ", --", flag.name);
}

// Writes each known flag as --name=value before CLI11 reads it: pflag takes any
// next word for a value, even one that begins with a dash, where CLI11 would
// see another flag; and only here is known how a person wrote it.
class Normalizer {
 public:
  explicit Normalizer(const CommandTree& tree) : tree_(tree) {}

  absl::Status Run(const std::vector<std::string>& args) {
    while (next_ < args.size()) {
      const std::string& arg = args[next_++];
      absl::Status status;
      if (arg == "--") {
        // The rest are arguments, whatever they look like.
        rest_.assign(args.begin() + next_, args.end());
        break;
      }
      if (absl::StartsWith(arg, "--")) {
        status = Long(arg, args);
      } else if (arg.size() > 1 && arg[0] == '-') {
        status = Short(arg, args);
      } else {
        if (command_ == nullptr) command_ = FindCommand(tree_, arg);
        words_.push_back(arg);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const Command* command() const { return command_; }
  const std::vector<std::string>& words() const { return words_; }
  const std::vector<std::string>& rest() const { return rest_; }

 private:
  const Flag* Find(absl::string_view name, char shorthand) const {
    for (const Flag* flag : FlagsOf(tree_, command_)) {
      if (!name.empty() && name == flag->name) return flag;
      if (shorthand != 0 && shorthand == flag->shorthand) return flag;
    }
    return nullptr;
  }

  void Put(const Flag& flag, const std::string& value) {
    if (value.empty()) {
      words_.push_back(absl::StrCat("--", flag.name));
      words_.push_back(value);
    } else {
      words_.push_back(absl::StrCat("--", flag.name, "=", value));
    }
  }

  absl::Status Long(const std::string& arg,
                    const std::vector<std::string>& args) {
    const size_t equals = arg.find('=');
    const std::string name =
        arg.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Flag* flag = Find(name, 0);
    if (flag == nullptr) {
      words_.push_back(arg);
    } else if (equals != std::string::npos) {
      Put(*flag, arg.substr(equals + 1));
    } else if (flag->is_bool) {
      Put(*flag, "true");
    } else if (next_ < args.size()) {
      Put(*flag, args[next_++]);
    } else {
      return FlagError(command_,
                       absl::StrCat("flag needs an argument: --", name));
    }
    return absl::OkStatus();
  }

  absl::Status Short(const std::string& arg,
                     const std::vector<std::string>& args) {
    for (size_t i = 1; i < arg.size(); ++i) {
      const std::string letter(1, arg[i]);
      if (arg[i] == 'h') {
        words_.push_back("--help");
        return absl::OkStatus();
      }
      const Flag* flag = Find("", arg[i]);
      if (flag == nullptr) {
        return FlagError(command_, absl::StrCat("unknown shorthand flag: '",
                                                letter, "' in ", arg));
      }
      const std::string behind = arg.substr(i + 1);
      if (absl::StartsWith(behind, "=")) {
        Put(*flag, behind.substr(1));
        return absl::OkStatus();
      }
      if (!flag->is_bool && !behind.empty()) {
        Put(*flag, behind);
        return absl::OkStatus();
      }
      if (flag->is_bool) {
        Put(*flag, "true");
      } else if (next_ < args.size()) {
        Put(*flag, args[next_++]);
      } else {
        return FlagError(command_, absl::StrCat("flag needs an argument: '",
                                                letter, "' in ", arg));
      }
    }
    return absl::OkStatus();
  }

  const CommandTree& tree_;
  const Command* command_ = nullptr;
  size_t next_ = 0;
  std::vector<std::string> words_;
  std::vector<std::string> rest_;
};

// Where CLI11 puts a flag's values.
struct Slot {
  const Flag* flag;
  std::vector<std::string> values;
};

// Registers a command's flags and the global ones with one CLI11 app.
void AddFlags(CLI::App& app, const std::vector<const Flag*>& flags,
              std::deque<Slot>& slots, bool* help) {
  app.set_help_flag("");
  app.allow_extras();
  app.add_flag("--help", *help);
  for (const Flag* flag : flags) {
    slots.push_back({flag, {}});
    app.add_option("--" + flag->name, slots.back().values)
        ->allow_extra_args(false);
  }
}

absl::Status SetFlags(const Command* command, const std::deque<Slot>& slots) {
  for (const Slot& slot : slots) {
    for (const std::string& value : slot.values) {
      absl::Status status = slot.flag->set(value);
      if (status.ok()) continue;
      return FlagError(command, absl::StrCat("invalid argument \"", value,
                                             "\" for \"", FlagTitle(*slot.flag),
                                             "\" flag: ", status.message()));
    }
  }
  return absl::OkStatus();
}

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

// Mirrors: cobra's legacyArgs and SuggestionsFor.
absl::Status UnknownCommand(const CommandTree& tree, const std::string& name) {
  constexpr size_t kSuggestionsMinimumDistance = 2;
  constexpr size_t kMaxComparedBytes = 64;
  std::string suggestions;
  for (const Command& command : tree.commands) {
    if (name.size() > kMaxComparedBytes) break;
    if (EditDistance(name, command.name) <= kSuggestionsMinimumDistance ||
        absl::StartsWithIgnoreCase(command.name, name)) {
      absl::StrAppend(&suggestions, "\t", command.name, "\n");
    }
  }
  std::string text =
      absl::StrCat("Error: unknown command \"", name, "\" for \"kubectl\"\n");
  if (!suggestions.empty()) {
    absl::StrAppend(&text, "\nDid you mean this?\n", suggestions, "\n");
  }
  return absl::InvalidArgumentError(text + "Run 'kubectl --help' for usage.\n");
}

// The arguments that CLI11 left; a flag among them is one that nobody knows.
absl::StatusOr<std::vector<std::string>> TakeArguments(
    const Command* command, const std::vector<std::string>& remaining) {
  for (const std::string& word : remaining) {
    if (!absl::StartsWith(word, "--")) continue;
    return FlagError(command, absl::StrCat("unknown flag: ",
                                           word.substr(0, word.find('='))));
  }
  return remaining;
}

std::string FlagLines(const std::vector<Flag>& flags) {
  std::vector<const Flag*> sorted;
  for (const Flag& flag : flags) sorted.push_back(&flag);
  std::sort(sorted.begin(), sorted.end(),
            [](const Flag* a, const Flag* b) { return a->name < b->name; });
  std::string lines;
  for (const Flag* flag : sorted) {
    absl::StrAppend(&lines, flag->shorthand == 0 ? "      " : "  ",
                    FlagTitle(*flag), "=", flag->default_text, ": ", flag->help,
                    "\n");
  }
  return lines;
}

}  // namespace

std::string GlobalHelp(const CommandTree& tree) {
  std::string text = absl::StrCat(tree.long_help, "\n");
  std::string group;
  size_t width = 0;
  for (const Command& command : tree.commands) {
    width = std::max(width, command.name.size());
  }
  for (const Command& command : tree.commands) {
    if (command.group.empty()) continue;
    if (command.group != group) {
      group = command.group;
      absl::StrAppend(&text, "\n", group, "\n");
    }
    absl::StrAppend(&text, "  ", command.name,
                    std::string(width - command.name.size() + 1, ' '),
                    command.short_help, "\n");
  }
  absl::StrAppend(
      &text,
      "\nUsage:\n  kubectl [flags] [options]\n\n"
      "Use \"kubectl <command> --help\" for more information about a given "
      "command.\n"
      "Use \"kubectl options\" for a list of global command-line options "
      "(applies to all commands).\n");
  return text;
}

std::string CommandHelp(const Command& command) {
  std::string text = absl::StrCat(command.long_help, "\n");
  if (!command.example.empty()) {
    absl::StrAppend(&text, "\nExamples:\n", command.example, "\n");
  }
  if (!command.flags.empty()) {
    absl::StrAppend(&text, "\nOptions:\n", FlagLines(command.flags));
  }
  absl::StrAppend(&text, "\nUsage:\n  kubectl ", command.use,
                  "\n\nUse \"kubectl options\" for a list of global "
                  "command-line options (applies to all commands).\n");
  return text;
}

std::string OptionsHelp(const CommandTree& tree) {
  return absl::StrCat("The following options can be passed to any command:\n\n",
                      FlagLines(tree.global_flags));
}

absl::StatusOr<Invocation> Parse(const CommandTree& tree,
                                 const std::vector<std::string>& args) {
  Normalizer normalizer(tree);
  absl::Status normal = normalizer.Run(args);
  if (!normal.ok()) return normal;

  CLI::App root;
  std::deque<Slot> slots;
  bool help = false;
  AddFlags(root, FlagsOf(tree, nullptr), slots, &help);
  root.require_subcommand(0, 1);
  for (const Command& command : tree.commands) {
    AddFlags(*root.add_subcommand(command.name), FlagsOf(tree, &command), slots,
             &help);
  }
  std::vector<std::string> words = normalizer.words();
  // CLI11 takes them from the back.
  std::reverse(words.begin(), words.end());
  try {
    root.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return FlagError(normalizer.command(), error.what());
  }
  Invocation invocation;
  const std::vector<CLI::App*> chosen = root.get_subcommands();
  if (!chosen.empty()) {
    invocation.command = FindCommand(tree, chosen[0]->get_name());
  }
  absl::StatusOr<std::vector<std::string>> outside =
      TakeArguments(invocation.command, root.remaining());
  if (!outside.ok()) return outside.status();
  if (!outside->empty()) return UnknownCommand(tree, (*outside)[0]);
  if (invocation.command == nullptr) {
    absl::Status set = SetFlags(nullptr, slots);
    if (!set.ok()) return set;
    invocation.text = GlobalHelp(tree);
    return invocation;
  }
  absl::StatusOr<std::vector<std::string>> inside =
      TakeArguments(invocation.command, chosen[0]->remaining());
  if (!inside.ok()) return inside.status();
  absl::Status set = SetFlags(invocation.command, slots);
  if (!set.ok()) return set;
  if (help) {
    invocation.text = CommandHelp(*invocation.command);
    invocation.command = nullptr;
    return invocation;
  }
  invocation.args = *std::move(inside);
  invocation.args.insert(invocation.args.end(), normalizer.rest().begin(),
                         normalizer.rest().end());
  return invocation;
}

}  // namespace fairway::cmd
