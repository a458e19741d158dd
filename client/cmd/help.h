// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/templates/{templater,templates}.go
// (v0.20.2)
// The texts of help, in upstream's sections and layout.
#ifndef CLIENT_CMD_HELP_H_
#define CLIENT_CMD_HELP_H_

#include <string>
#include <vector>

#include "client/cmd/command.h"

namespace fairway::cmd {

// Long text, commands by group, "Examples:", "Options:", "Usage:".
std::string Help(const CommandTree& tree, const Command& command);

// "kubectl options".
std::string OptionsHelp(const CommandTree& tree);

// What is printed of a command that "kubectl help" is asked about: its help;
// for a name that is none, "Unknown help topic [`x`]" and the usage.
struct HelpTopic {
  bool known = true;
  std::string text;
};
HelpTopic HelpFor(const CommandTree& tree,
                  const std::vector<std::string>& words);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_HELP_H_
