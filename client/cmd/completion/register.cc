// SPDX-License-Identifier: Apache-2.0
// Mirrors: registerCompletionFuncForGlobalFlags of k8s.io/kubectl/pkg/cmd/
// cmd.go (v0.23.17), and each command's ValidArgsFunction
#include "client/cmd/completion/register.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cmd/completion/candidates.h"

namespace fairway::cmd {
namespace {

struct Entry {
  absl::string_view command;
  absl::string_view flag;  // empty: the arguments
  CompletionFunction complete;
};

std::vector<Entry> Entries() {
  return {
      {"get", "", TypesAndNames()},
      {"get", "output", OneOf({"json", "yaml", "wide", "name"})},
      {"delete", "", TypesAndNames()},
      {"delete", "output", OneOf({"name"})},
      {"create", "", OneOf({})},
      {"apply", "", OneOf({})},
      {"port-forward", "", PortForwardTargets()},
      {"port-forward", "address", OneOf({"localhost", "0.0.0.0"})},
      {"port-forward", "output", OneOf({"json"})},
      {"port-forward", "pods", OneOf({"one", "each", "round-robin"})},
      {"port-forward", "session-per-connection",
       OneOf({"auto", "always", "never"})},
      {"completion", "", OneArgument({"bash", "zsh", "fish"})},
      {"current-context", "", OneOf({})},
      {"get-contexts", "", Contexts()},
      {"get-contexts", "output", OneOf({"name"})},
      {"version", "", OneOf({})},
      {"version", "output", OneOf({"json", "yaml"})},
  };
}

void Register(const std::vector<Entry>& entries, Command* command) {
  for (const Entry& entry : entries) {
    if (entry.command != command->name) continue;
    if (entry.flag.empty()) command->complete = entry.complete;
    for (Flag& flag : command->flags) {
      if (flag.name == entry.flag) flag.complete = entry.complete;
    }
  }
  for (Command& child : command->commands) Register(entries, &child);
}

}  // namespace

void RegisterCompletions(CommandTree* tree) {
  const std::pair<absl::string_view, CompletionFunction> global[] = {
      {"namespace", Namespaces()},
      {"context", Contexts()},
      {"cluster", Clusters()},
      {"user", Users()},
  };
  for (Flag& flag : tree->global_flags) {
    for (const auto& [name, complete] : global) {
      if (flag.name == name) flag.complete = complete;
    }
  }
  Register(Entries(), &tree->root);
}

}  // namespace fairway::cmd
