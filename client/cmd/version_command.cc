// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdVersion of k8s.io/kubectl/pkg/cmd/version/version.go (v0.20.2)
#include "client/cmd/version_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cmd/version.h"

namespace fairway::cmd {

Command NewCmdVersion() {
  auto flags = std::make_shared<VersionOptions>();
  Command command;
  command.name = "version";
  command.group = "Other Commands:";
  command.short_help = "Print the client and server version information";
  command.long_help =
      "Print the client and server version information for the current "
      "context.";
  command.example =
      "  # Print the versions of client and server\n"
      "  kubectl version";
  command.use = "version [flags] [options]";
  command.flags = {
      BoolFlag("client", 0, &flags->client_only,
               "Show the client's version only (no server is asked)"),
      BoolFlag("short", 0, &flags->short_form,
               "Print just the version numbers"),
      StringFlag("output", 'o', &flags->output, "One of 'yaml' or 'json'"),
  };
  command.run = [flags](Factory* factory, std::vector<std::string>) {
    return RunVersion(factory, *flags);
  };
  return command;
}

}  // namespace fairway::cmd
