// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdApply of k8s.io/kubectl/pkg/cmd/apply/apply.go (v0.20.2)
#include "client/cmd/apply_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cmd/apply.h"
#include "client/cmd/check_err.h"
#include "client/cmd/manifests.h"

namespace fairway::cmd {
namespace {

struct Flags {
  std::vector<std::string> filenames;
  bool validate = true;
};

}  // namespace

Command NewCmdApply() {
  auto flags = std::make_shared<Flags>();
  Command command;
  command.name = "apply";
  command.group = "Advanced Commands:";
  command.short_help =
      "Apply a configuration to a resource by filename or stdin";
  command.long_help =
      "Apply a configuration to a resource by filename or stdin.\n\n"
      " A resource that does not exist is created; one that does gets the "
      "fields that the file names, and keeps its others.\n\n"
      " JSON and YAML are read, several documents too.";
  command.example =
      "  # Apply the configuration in pod.json to a pod\n"
      "  kubectl apply -f ./pod.json\n"
      "  \n"
      "  # Apply what stdin describes\n"
      "  cat pod.yaml | kubectl apply -f -";
  command.use = "apply -f FILENAME [options]";
  command.flags = {StringSliceFlag("filename", 'f', &flags->filenames,
                                   "Files with the configuration"),
                   BoolFlag("validate", 0, &flags->validate,
                            "Look over what the files say before it is sent")};
  command.run = [flags](Factory* factory,
                        std::vector<std::string> args) -> Task<absl::Status> {
    if (!args.empty()) {
      co_return UsageError("apply",
                           absl::StrCat("Unexpected args: [", args[0], "]"));
    }
    if (flags->filenames.empty()) {
      co_return absl::InvalidArgumentError("must specify one of -f and -k");
    }
    const Validation validation =
        flags->validate ? Validation::kOn : Validation::kOff;
    absl::Status status =
        co_await RunApply(factory, flags->filenames, validation);
    co_return status;
  };
  return command;
}

}  // namespace fairway::cmd
