// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/templates/{templater,templates}.go
// (v0.20.2)
#include "client/cmd/help.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fairway::cmd {
namespace {

std::string FlagLines(const std::vector<Flag>& flags) {
  std::vector<const Flag*> sorted;
  for (const Flag& flag : flags) sorted.push_back(&flag);
  std::sort(sorted.begin(), sorted.end(),
            [](const Flag* a, const Flag* b) { return a->name < b->name; });
  std::string lines;
  for (const Flag* flag : sorted) {
    const std::string title =
        flag->shorthand == 0
            ? "      "
            : absl::StrCat("  -", std::string(1, flag->shorthand), ", ");
    absl::StrAppend(&lines, title, "--", flag->name, "=", flag->default_text,
                    ": ", flag->help, "\n");
  }
  return lines;
}

// "  NAME   SHORT" for each command of the group, names as wide as the widest.
std::string CommandLines(const Command& parent, const std::string& group) {
  size_t width = 11;  // cobra's minimum
  for (const Command& command : parent.commands) {
    if (!command.group.empty()) width = std::max(width, command.name.size());
  }
  std::string lines;
  for (const Command& command : parent.commands) {
    if (command.group != group) continue;
    absl::StrAppend(&lines, "  ", command.name,
                    std::string(width - command.name.size() + 1, ' '),
                    command.short_help, "\n");
  }
  return lines;
}

std::string CommandSections(const Command& parent) {
  std::string text;
  std::vector<std::string> groups;
  for (const Command& command : parent.commands) {
    if (command.group.empty() ||
        std::count(groups.begin(), groups.end(), command.group) > 0) {
      continue;
    }
    groups.push_back(command.group);
    absl::StrAppend(&text, "\n", command.group, "\n",
                    CommandLines(parent, command.group));
  }
  return text;
}

// All but the long text.
std::string Usage(const CommandTree& tree, const Command& command) {
  std::string text;
  if (!command.example.empty()) {
    absl::StrAppend(&text, "\nExamples:\n", command.example, "\n");
  }
  const std::string commands = CommandSections(command);
  text += commands;
  if (!command.flags.empty()) {
    absl::StrAppend(&text, "\nOptions:\n", FlagLines(command.flags));
  }
  absl::StrAppend(&text, "\nUsage:\n  ", tree.root.name, " ", command.use,
                  "\n\n");
  if (!commands.empty()) {
    absl::StrAppend(&text, "Use \"", tree.root.name,
                    " <command> --help\" for more information about a given "
                    "command.\n");
  }
  return absl::StrCat(text, "Use \"", tree.root.name,
                      " options\" for a list of global command-line options "
                      "(applies to all commands).\n");
}

}  // namespace

std::string Help(const CommandTree& tree, const Command& command) {
  return absl::StrCat(command.long_help, "\n", Usage(tree, command));
}

std::string OptionsHelp(const CommandTree& tree) {
  return absl::StrCat("The following options can be passed to any command:\n\n",
                      FlagLines(tree.global_flags));
}

HelpTopic HelpFor(const CommandTree& tree,
                  const std::vector<std::string>& words) {
  const FoundCommand found = FindCommand(tree, words);
  if (found.command == &tree.root && !words.empty()) {
    return {false,
            absl::StrCat("Unknown help topic [`", absl::StrJoin(words, "` `"),
                         "`]\n\n", Usage(tree, tree.root))};
  }
  return {true, Help(tree, *found.command)};
}

}  // namespace fairway::cmd
