// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdCreate of k8s.io/kubectl/pkg/cmd/create/create.go (v0.20.2)
#include "client/cmd/create_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cmd/check_err.h"
#include "client/cmd/create.h"
#include "client/cmd/manifests.h"

namespace fairway::cmd {
namespace {

struct Flags {
  std::vector<std::string> filenames;
  bool validate = true;
};

}  // namespace

Command NewCmdCreate() {
  auto flags = std::make_shared<Flags>();
  Command command;
  command.name = "create";
  command.group = "Basic Commands (Beginner):";
  command.short_help = "Create a resource from a file or from stdin.";
  command.long_help =
      "Create a resource from a file or from stdin.\n\n"
      " JSON and YAML are read, several documents too.";
  command.example =
      "  # Create the pod of pod.json\n"
      "  kubectl create -f ./pod.json\n"
      "  \n"
      "  # Create what stdin describes\n"
      "  cat pod.yaml | kubectl create -f -";
  command.use = "create -f FILENAME [options]";
  command.flags = {StringSliceFlag("filename", 'f', &flags->filenames,
                                   "Files to create resources from"),
                   BoolFlag("validate", 0, &flags->validate,
                            "Look over what the files say before it is sent")};
  command.run = [flags](Factory* factory,
                        std::vector<std::string> args) -> Task<absl::Status> {
    if (!args.empty()) {
      co_return UsageError("create",
                           absl::StrCat("unknown command \"", args[0], "\""));
    }
    if (flags->filenames.empty()) {
      co_return absl::InvalidArgumentError("must specify one of -f and -k");
    }
    const Validation validation =
        flags->validate ? Validation::kOn : Validation::kOff;
    absl::Status status =
        co_await RunCreate(factory, flags->filenames, validation);
    co_return status;
  };
  return command;
}

}  // namespace fairway::cmd
