// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/config/{config,current_context,
// get_contexts}.go (v0.20.2)
#include "client/cmd/config_command.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cmd/check_err.h"
#include "client/cmd/printers.h"
#include "client/rest/kubeconfig.h"

namespace fairway::cmd {
namespace {

constexpr char kGroup[] = "Available Commands:";

struct GetContextsOptions {
  bool no_headers = false;
  std::string output;  // "" or "name"
};

absl::Status PrintCurrentContext(const Factory& factory) {
  absl::StatusOr<rest::Kubeconfig> kubeconfig =
      rest::LoadKubeconfig(factory.flags().kubeconfig);
  if (!kubeconfig.ok()) return kubeconfig.status();
  if (kubeconfig->current_context.empty()) {
    return absl::NotFoundError("current-context is not set");
  }
  *factory.streams().out << kubeconfig->current_context << "\n" << std::flush;
  return absl::OkStatus();
}

absl::Status PrintContexts(const Factory& factory,
                           const GetContextsOptions& options,
                           const std::vector<std::string>& names) {
  if (!options.output.empty() && options.output != "name") {
    return absl::InvalidArgumentError(
        absl::StrCat("output must be one of '' or 'name': ", options.output));
  }
  absl::StatusOr<rest::Kubeconfig> kubeconfig =
      rest::LoadKubeconfig(factory.flags().kubeconfig);
  if (!kubeconfig.ok()) return kubeconfig.status();
  std::vector<absl::Status> errors;
  std::map<std::string, rest::KubeContext> shown = kubeconfig->contexts;
  if (!names.empty()) shown.clear();
  for (const std::string& name : names) {
    auto it = kubeconfig->contexts.find(name);
    if (it != kubeconfig->contexts.end()) {
      shown.insert(*it);
    } else {
      errors.push_back(
          absl::NotFoundError(absl::StrCat("context ", name, " not found")));
    }
  }
  std::vector<Row> rows;
  if (!options.no_headers && options.output.empty()) {
    rows.push_back({"CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"});
  }
  std::ostream& out = *factory.streams().out;
  for (const auto& [name, context] : shown) {
    if (!options.output.empty()) out << name << "\n";
    rows.push_back({name == kubeconfig->current_context ? "*" : "", name,
                    context.cluster, context.user, context.namespace_});
  }
  if (options.output.empty()) out << FormatTable(rows);
  out << std::flush;
  return NewAggregate(errors);
}

Command NewCmdCurrentContext() {
  Command command;
  command.name = "current-context";
  command.group = kGroup;
  command.short_help = "Displays the current-context";
  command.long_help = "Displays the current-context";
  command.example =
      "  # Display the current-context\n"
      "  kubectl config current-context";
  command.use = "config current-context [flags] [options]";
  command.run = [](Factory* factory,
                   std::vector<std::string>) -> Task<absl::Status> {
    co_return PrintCurrentContext(*factory);
  };
  return command;
}

Command NewCmdGetContexts() {
  auto options = std::make_shared<GetContextsOptions>();
  Command command;
  command.name = "get-contexts";
  command.group = kGroup;
  command.short_help = "Describe one or many contexts";
  command.long_help = "Displays one or many contexts from the kubeconfig file.";
  command.example =
      "  # List all contexts of the kubeconfig\n"
      "  kubectl config get-contexts\n"
      "  \n"
      "  # Show one of them\n"
      "  kubectl config get-contexts my-context";
  command.use = "config get-contexts [(-o|--output=)name)] [options]";
  command.flags = {
      BoolFlag("no-headers", 0, &options->no_headers,
               "Leave out the table's header"),
      StringFlag("output", 'o', &options->output,
                 "Output format. One of: name"),
  };
  command.run = [options](Factory* factory,
                          std::vector<std::string> args) -> Task<absl::Status> {
    co_return PrintContexts(*factory, *options, args);
  };
  return command;
}

}  // namespace

Command NewCmdConfig() {
  Command command;
  command.name = "config";
  command.group = "Other Commands:";
  command.short_help = "Read kubeconfig files";
  command.long_help =
      "Read kubeconfig files: --kubeconfig names the only one; else those of "
      "$KUBECONFIG are merged, the first that says something counts; else "
      "~/.kube/config is read.";
  command.use = "config SUBCOMMAND [options]";
  command.commands = {NewCmdCurrentContext(), NewCmdGetContexts()};
  return command;
}

}  // namespace fairway::cmd
