// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubectl/cmd/cmd.go (v0.20.2)
#include "client/cmd/cmd.h"

#include <glog/logging.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/task/loop.h"
#include "client/cmd/apply_command.h"
#include "client/cmd/check_err.h"
#include "client/cmd/create_command.h"
#include "client/cmd/delete_command.h"
#include "client/cmd/get_command.h"
#include "client/cmd/global_flags.h"
#include "client/cmd/portforward/command.h"
#include "client/cmd/version_command.h"

namespace fairway::cmd {
namespace {

// "help" and "options" answer from the tree alone.
Command NamedOnly(std::string name, std::string use) {
  Command command;
  command.name = std::move(name);
  command.use = std::move(use);
  command.long_help = "Help about any command.";
  return command;
}

// What "help" and "options" print; empty for every other command.
std::string TextOf(const CommandTree& tree, const Invocation& invocation) {
  if (invocation.command == nullptr) return invocation.text;
  if (invocation.command->name == "options") return OptionsHelp(tree);
  if (invocation.command->name != "help") return "";
  if (invocation.args.empty()) return GlobalHelp(tree);
  for (const Command& command : tree.commands) {
    if (command.name == invocation.args[0]) return CommandHelp(command);
  }
  return absl::StrCat("Unknown help topic [`", invocation.args[0], "`]\n\n",
                      GlobalHelp(tree));
}

// kubectl has lines of its own for what a user must know; the libraries'
// warnings are for those who ask.
void ShowLog(int verbosity) {
  FLAGS_logtostderr = true;
  FLAGS_v = verbosity;
  FLAGS_minloglevel = verbosity > 0 ? google::GLOG_INFO : google::GLOG_ERROR;
}

}  // namespace

CommandTree NewKubectlCommand(ConfigFlags* flags) {
  CommandTree tree;
  tree.long_help =
      "kubectl controls the Kubernetes cluster manager.\n\n"
      " This is Fairway's: port-forward, and what goes with it.";
  tree.global_flags = GlobalFlags(flags);
  tree.commands = {NewCmdCreate(),
                   NewCmdGet(),
                   NewCmdDelete(),
                   NewCmdPortForward(),
                   NewCmdApply(),
                   NewCmdVersion(),
                   NamedOnly("help", "help [command] [options]"),
                   NamedOnly("options", "options")};
  return tree;
}

int RunKubectl(const std::vector<std::string>& args, IOStreams streams,
               DialerFactory dialers) {
  ConfigFlags flags;
  const CommandTree tree = NewKubectlCommand(&flags);
  absl::StatusOr<Invocation> invocation = Parse(tree, args);
  if (!invocation.ok()) {
    *streams.err_out << std::string(invocation.status().message())
                     << std::flush;
    return kDefaultErrorExitCode;
  }
  const std::string text = TextOf(tree, *invocation);
  if (!text.empty()) {
    *streams.out << text << std::flush;
    return 0;
  }
  ShowLog(flags.verbosity);
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Factory factory(executor, flags, dialers, streams);
    absl::Status ran =
        co_await invocation->command->run(&factory, invocation->args);
    absl::Status closed = co_await factory.Close();
    closed.IgnoreError();
    co_return ran;
  });
  return CheckErr(status, *streams.err_out);
}

}  // namespace fairway::cmd
