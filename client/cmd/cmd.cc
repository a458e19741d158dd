// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubectl/cmd/cmd.go (v0.20.2)
#include "client/cmd/cmd.h"

#include <glog/logging.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/task/loop.h"
#include "client/cmd/apply_command.h"
#include "client/cmd/check_err.h"
#include "client/cmd/completion/command.h"
#include "client/cmd/completion/complete.h"
#include "client/cmd/completion/register.h"
#include "client/cmd/config_command.h"
#include "client/cmd/create_command.h"
#include "client/cmd/delete_command.h"
#include "client/cmd/get_command.h"
#include "client/cmd/global_flags.h"
#include "client/cmd/help.h"
#include "client/cmd/portforward/command.h"
#include "client/cmd/version_command.h"

namespace fairway::cmd {
namespace {

// "help" and "options" answer from the tree alone.
Command NewCmdHelp() {
  Command command;
  command.name = "help";
  command.short_help = "Help about any command";
  command.long_help = "Help about any command: kubectl help [path to command].";
  command.use = "help [command] [flags] [options]";
  return command;
}

Command NewCmdOptions() {
  Command command;
  command.name = "options";
  command.use = "options";
  command.flag_error_hint = "Run 'kubectl options' without flags.";
  return command;
}

Command NewCmdComplete(std::string name) {
  Command command;
  command.name = std::move(name);
  command.keeps_flags = true;
  return command;
}

void Print(std::ostream& out, const std::string& text) {
  out << text << std::flush;
}

// What the tree alone answers, and the exit code; nullopt for a command that
// runs.
absl::optional<int> Answer(const CommandTree& tree,
                           const Invocation& invocation,
                           const IOStreams& streams) {
  const Command& command = *invocation.command;
  if (command.name == "options") {
    Print(*streams.out, OptionsHelp(tree));
    return 0;
  }
  if (invocation.help || &command == &tree.root) {
    Print(*streams.out, Help(tree, command));
    return 0;
  }
  if (command.name == "help") {
    const HelpTopic topic = HelpFor(tree, invocation.args);
    Print(topic.known ? *streams.out : *streams.err_out, topic.text);
    return 0;
  }
  if (command.commands.empty()) return absl::nullopt;
  // Mirrors: cmdutil.DefaultSubCommandRun.
  if (invocation.args.empty()) {
    Print(*streams.err_out, Help(tree, command));
    return kDefaultErrorExitCode;
  }
  return CheckErr(
      UsageError(command.name,
                 absl::StrCat("unknown command \"", invocation.args[0], "\"")),
      *streams.err_out);
}

// Runs `command` with a Factory of its own.
template <typename Function>
absl::Status WithFactory(const ConfigFlags& flags, DialerFactory dialers,
                         const IOStreams& streams, Function command) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Factory factory(executor, flags, dialers, streams);
    absl::Status ran = co_await command(&factory);
    absl::Status closed = co_await factory.Close();
    closed.IgnoreError();
    co_return ran;
  });
}

// kubectl has lines of its own for what a user must know; the libraries'
// warnings are for those who ask.
void ShowLog(int verbosity) {
  FLAGS_logtostderr = true;
  FLAGS_log_year_in_prefix = false;  // as Kubernetes' lines
  FLAGS_v = verbosity;
  FLAGS_minloglevel = verbosity > 0 ? google::GLOG_INFO : google::GLOG_ERROR;
}

// Flags that a line sets count for what completes it, so they are set before
// there is a Factory.
int RunComplete(const CommandTree& tree, const ConfigFlags& flags,
                const Invocation& invocation, const IOStreams& streams,
                DialerFactory dialers) {
  ShowLog(0);
  CompletionRequest request = ParseCompletion(tree, invocation.args);
  Completion completion;
  absl::Status status = WithFactory(
      flags, dialers, streams, [&](Factory* factory) -> Task<absl::Status> {
        Completion found = co_await Complete(tree, factory, request);
        completion = std::move(found);
        co_return absl::OkStatus();
      });
  Print(*streams.out,
        CompletionText(completion, invocation.command->name == kCompleteName
                                       ? Descriptions::kShown
                                       : Descriptions::kLeftOut));
  return CheckErr(status, *streams.err_out);
}

}  // namespace

CommandTree NewKubectlCommand(ConfigFlags* flags) {
  CommandTree tree;
  tree.global_flags = GlobalFlags(flags);
  Command& root = tree.root;
  root.name = "kubectl";
  root.long_help =
      "kubectl controls the Kubernetes cluster manager.\n\n"
      " This is Fairway's: port-forward, and what goes with it. Find more in "
      "the manual: man kubectl, man kubectl-port-forward";
  root.use = "[flags] [options]";
  root.commands = {NewCmdCreate(),
                   NewCmdGet(),
                   NewCmdDelete(),
                   NewCmdPortForward(),
                   NewCmdApply(),
                   NewCmdCompletion(),
                   NewCmdConfig(),
                   NewCmdVersion(),
                   NewCmdHelp(),
                   NewCmdOptions(),
                   NewCmdComplete(kCompleteName),
                   NewCmdComplete(kCompleteNoDescName)};
  RegisterCompletions(&tree);
  return tree;
}

int RunKubectl(const std::vector<std::string>& args, IOStreams streams,
               DialerFactory dialers) {
  ConfigFlags flags;
  const CommandTree tree = NewKubectlCommand(&flags);
  absl::StatusOr<Invocation> invocation = Parse(tree, args);
  if (!invocation.ok()) {
    Print(*streams.err_out, std::string(invocation.status().message()));
    return kDefaultErrorExitCode;
  }
  const absl::optional<int> answered = Answer(tree, *invocation, streams);
  if (answered.has_value()) return *answered;
  const Command& command = *invocation->command;
  if (command.keeps_flags) {
    return RunComplete(tree, flags, *invocation, streams, dialers);
  }
  ShowLog(flags.verbosity);
  absl::Status status = WithFactory(
      flags, dialers, streams,
      [&](Factory* factory) { return command.run(factory, invocation->args); });
  return CheckErr(status, *streams.err_out);
}

}  // namespace fairway::cmd
