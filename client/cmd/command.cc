// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/{cobra,pflag} as kubectl 1.20 uses them
#include "client/cmd/command.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cmd/suggestions.h"

namespace fairway::cmd {
namespace {

const Command* ChildOf(const Command& command, absl::string_view name) {
  for (const Command& child : command.commands) {
    if (child.name == name) return &child;
  }
  return nullptr;
}

const Flag* FindFlag(const std::vector<const Flag*>& flags,
                     absl::string_view name) {
  for (const Flag* flag : flags) {
    if (name == flag->name) return flag;
  }
  return nullptr;
}

const Flag* FindShorthand(const std::vector<const Flag*>& flags, char letter) {
  for (const Flag* flag : flags) {
    if (letter == flag->shorthand) return flag;
  }
  return nullptr;
}

// Whether the next word is the value of `word`. Mirrors: what cobra's
// stripFlags takes out, which knows the flags of `command` only.
bool TakesNext(const std::vector<const Flag*>& flags, const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || absl::StrContains(word, '=')) {
    return false;
  }
  const Flag* flag = nullptr;
  if (absl::StartsWith(word, "--")) {
    flag = FindFlag(flags, word.substr(2));
  } else if (word.size() == 2) {
    flag = FindShorthand(flags, word[1]);
  } else {
    return false;
  }
  return flag == nullptr || !flag->is_bool;
}

// Where in `args` the first word that is neither flag nor value stands;
// args.size() if nowhere.
size_t FirstWord(const std::vector<const Flag*>& flags,
                 const std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") break;
    if (TakesNext(flags, args[i])) {
      ++i;
    } else if (!args[i].empty() && args[i][0] != '-') {
      return i;
    }
  }
  return args.size();
}

// Mirrors: cobra's legacyArgs.
absl::Status UnknownCommand(const Command& root, const std::string& name) {
  constexpr size_t kSuggestionsMinimumDistance = 2;
  std::vector<std::string> names;
  for (const Command& command : root.commands) {
    if (!command.group.empty()) names.push_back(command.name);
  }
  std::string suggested =
      DidYouMean(Suggestions(name, names, kSuggestionsMinimumDistance));
  if (!suggested.empty()) suggested += "\n";
  return absl::InvalidArgumentError(absl::StrCat(
      "Error: unknown command \"", name, "\" for \"", root.name, "\"\n",
      suggested, "Run '", root.name, " --help' for usage.\n"));
}

std::string TitleOf(const Flag& flag) {
  if (flag.shorthand == 0) return absl::StrCat("--", flag.name);
  return absl::StrCat("-", std::string(1, flag.shorthand), ", --", flag.name);
}

// Mirrors: pflag's FlagSet.parseArgs.
class FlagParser {
 public:
  FlagParser(const CommandTree& tree, const FoundCommand& found)
      : found_(found), flags_(FlagsOf(tree, *found.command)) {
    help_ = BoolFlag("help", 'h', &parsed_.help, "");
    flags_.push_back(&help_);
  }

  absl::StatusOr<ParsedFlags> Run() {
    while (next_ < found_.args.size()) {
      const std::string& arg = found_.args[next_++];
      absl::Status status;
      if (arg == "--") {
        if (found_.command->keeps_separators) --next_;
        parsed_.args.insert(parsed_.args.end(), found_.args.begin() + next_,
                            found_.args.end());
        break;
      }
      if (absl::StartsWith(arg, "--")) {
        status = Long(arg);
      } else if (arg.size() > 1 && arg[0] == '-') {
        status = Short(arg);
      } else {
        parsed_.args.push_back(arg);
      }
      if (!status.ok()) return status;
    }
    return std::move(parsed_);
  }

 private:
  absl::Status Error(absl::string_view message,
                     absl::string_view suggested = "") const {
    const Command& command = *found_.command;
    const std::string hint =
        command.flag_error_hint.empty()
            ? absl::StrCat("See '", found_.path, " --help' for usage.")
            : command.flag_error_hint;
    return absl::InvalidArgumentError(
        absl::StrCat("Error: ", message, "\n", hint, "\n", suggested));
  }

  // Differs: upstream suggests no flags.
  std::string Suggested(absl::string_view typed) const {
    std::vector<std::string> names;
    for (const Flag* flag : flags_) names.push_back(flag->name);
    // A short name is soon another: a word of three letters may be one off.
    const size_t max_edits = typed.size() < 5 ? 1 : 2;
    std::vector<std::string> suggestions = Suggestions(typed, names, max_edits);
    for (std::string& name : suggestions) name.insert(0, "--");
    return DidYouMean(suggestions);
  }

  absl::Status Set(const Flag& flag, const std::string& value) {
    absl::Status status = flag.set(value);
    if (status.ok()) return status;
    return Error(absl::StrCat("invalid argument \"", value, "\" for \"",
                              TitleOf(flag), "\" flag: ", status.message()));
  }

  absl::Status Long(const std::string& arg) {
    const std::string word = arg.substr(2);
    if (word[0] == '-' || word[0] == '=') {
      return Error(absl::StrCat("bad flag syntax: ", arg));
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Flag* flag = FindFlag(flags_, name);
    if (flag == nullptr) {
      return Error(absl::StrCat("unknown flag: --", name), Suggested(name));
    }
    if (equals != std::string::npos) return Set(*flag, word.substr(equals + 1));
    if (flag->is_bool) return Set(*flag, "true");
    if (next_ < found_.args.size()) return Set(*flag, found_.args[next_++]);
    return Error(absl::StrCat("flag needs an argument: ", arg));
  }

  // A word of letters, each a flag; one with a value takes the rest of it.
  absl::Status Short(const std::string& arg) {
    for (size_t i = 1; i < arg.size(); ++i) {
      const std::string in =
          absl::StrCat("'", arg.substr(i, 1), "' in -", arg.substr(i));
      const Flag* flag = FindShorthand(flags_, arg[i]);
      if (flag == nullptr) {
        return Error(absl::StrCat("unknown shorthand flag: ", in),
                     i == 1 && arg.size() > 2
                         ? Suggested(arg.substr(1, arg.find('=') - 1))
                         : "");
      }
      const std::string behind = arg.substr(i + 1);
      if (behind.size() > 1 && behind[0] == '=') {
        return Set(*flag, behind.substr(1));
      }
      if (flag->is_bool) {
        absl::Status set = Set(*flag, "true");
        if (!set.ok()) return set;
        continue;
      }
      if (!behind.empty()) return Set(*flag, behind);
      if (next_ < found_.args.size()) return Set(*flag, found_.args[next_++]);
      return Error(absl::StrCat("flag needs an argument: ", in));
    }
    return absl::OkStatus();
  }

  const FoundCommand& found_;
  ParsedFlags parsed_;
  Flag help_;
  std::vector<const Flag*> flags_;
  size_t next_ = 0;
};

}  // namespace

std::vector<const Flag*> FlagsOf(const CommandTree& tree,
                                 const Command& command) {
  std::vector<const Flag*> flags;
  for (const Flag& flag : command.flags) flags.push_back(&flag);
  for (const Flag& flag : tree.global_flags) flags.push_back(&flag);
  return flags;
}

FoundCommand FindCommand(const CommandTree& tree,
                         const std::vector<std::string>& args) {
  FoundCommand found = {&tree.root, tree.root.name, args};
  while (!found.command->commands.empty()) {
    const size_t word = FirstWord(FlagsOf(tree, *found.command), found.args);
    if (word == found.args.size()) break;
    const Command* child = ChildOf(*found.command, found.args[word]);
    if (child == nullptr) break;
    found.command = child;
    absl::StrAppend(&found.path, " ", child->name);
    found.args.erase(found.args.begin() + word);
  }
  return found;
}

absl::StatusOr<ParsedFlags> ParseFlags(const CommandTree& tree,
                                       const FoundCommand& found) {
  return FlagParser(tree, found).Run();
}

absl::StatusOr<Invocation> Parse(const CommandTree& tree,
                                 const std::vector<std::string>& args) {
  FoundCommand found = FindCommand(tree, args);
  Invocation invocation = {found.command, found.path, {}, false};
  if (found.command == &tree.root) {
    const size_t word = FirstWord(FlagsOf(tree, tree.root), found.args);
    if (word < found.args.size()) {
      return UnknownCommand(tree.root, found.args[word]);
    }
  }
  if (found.command->keeps_flags) {
    invocation.args = std::move(found.args);
    return invocation;
  }
  absl::StatusOr<ParsedFlags> parsed = ParseFlags(tree, found);
  if (!parsed.ok()) return parsed.status();
  invocation.args = std::move(parsed->args);
  invocation.help = parsed->help;
  return invocation;
}

}  // namespace fairway::cmd
