// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdCompletion of k8s.io/kubectl/pkg/cmd/completion/
// completion.go (v0.20.2)
#include "client/cmd/completion/command.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cmd/check_err.h"
#include "client/cmd/completion/scripts.h"

namespace fairway::cmd {
namespace {

absl::Status PrintScript(const std::vector<std::string>& args,
                         std::ostream& out) {
  if (args.empty()) return UsageError("completion", "Shell not specified.");
  if (args.size() > 1) {
    return UsageError("completion",
                      "Too many arguments. Expected only the shell type.");
  }
  const absl::string_view script = CompletionScript(args[0]);
  if (script.empty()) {
    return UsageError("completion", absl::StrCat("Unsupported shell type \"",
                                                 args[0], "\"."));
  }
  out << script << std::flush;
  return absl::OkStatus();
}

}  // namespace

Command NewCmdCompletion() {
  Command command;
  command.name = "completion";
  command.group = "Settings Commands:";
  command.short_help =
      "Output shell completion code for the specified shell (bash, zsh or "
      "fish)";
  command.long_help =
      "Output shell completion code for the specified shell (bash, zsh or "
      "fish). The shell evaluates it; from then on the tab key completes "
      "commands, flags and their values, contexts and namespaces, and the "
      "names of what the server has.\n\n"
      " The code asks this program at each tab; it needs neither bash's "
      "completion package nor anything else.";
  command.example =
      "  # bash, for this shell and for every new one\n"
      "  source <(kubectl completion bash)\n"
      "  echo 'source <(kubectl completion bash)' >> ~/.bashrc\n"
      "  \n"
      "  # zsh, for this shell and for every new one\n"
      "  source <(kubectl completion zsh)\n"
      "  kubectl completion zsh > \"${fpath[1]}/_kubectl\"\n"
      "  \n"
      "  # fish, for this shell and for every new one\n"
      "  kubectl completion fish | source\n"
      "  kubectl completion fish > ~/.config/fish/completions/kubectl.fish";
  command.use = "completion SHELL [options]";
  command.run = [](Factory* factory,
                   std::vector<std::string> args) -> Task<absl::Status> {
    co_return PrintScript(args, *factory->streams().out);
  };
  return command;
}

}  // namespace fairway::cmd
