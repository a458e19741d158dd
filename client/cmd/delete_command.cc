// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdDelete of k8s.io/kubectl/pkg/cmd/delete/delete.go (v0.20.2)
#include "client/cmd/delete_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/time/go_time.h"
#include "client/cmd/delete.h"

namespace fairway::cmd {
namespace {

struct Flags {
  DeleteOptions options;
  std::string timeout = "0s";
};

}  // namespace

Command NewCmdDelete() {
  auto flags = std::make_shared<Flags>();
  Command command;
  command.name = "delete";
  command.group = "Basic Commands (Intermediate):";
  command.short_help = "Delete resources by filenames, stdin or names";
  command.long_help =
      "Delete resources by filenames, stdin or names.\n\n"
      " The command ends when the resources are gone, unless --wait=false. A "
      "pod has time to end by itself, its grace period; --now leaves it one "
      "second, --force none.";
  command.example =
      "  # Delete the pod that pod.json names\n"
      "  kubectl delete -f ./pod.json\n"
      "  \n"
      "  # Delete a pod\n"
      "  kubectl delete pod foo\n"
      "  \n"
      "  # Delete all pods of the namespace\n"
      "  kubectl delete pods --all";
  command.use = "delete ([-f FILENAME] | TYPE [(NAME... | --all)]) [options]";
  command.flags = {
      StringSliceFlag("filename", 'f', &flags->options.filenames,
                      "Files that name the resources"),
      BoolFlag("all", 0, &flags->options.all,
               "Delete all resources of the type in the namespace"),
      BoolFlag("force", 0, &flags->options.force,
               "Remove the resource at once, without a grace period"),
      IntFlag("grace-period", 0, &flags->options.grace_period,
              "Seconds that the resource has to end by itself; negative: its "
              "own"),
      BoolFlag("ignore-not-found", 0, &flags->options.ignore_not_found,
               "A resource that does not exist is no failure"),
      BoolFlag("now", 0, &flags->options.now, "The same as --grace-period=1"),
      StringFlag("output", 'o', &flags->options.output,
                 "\"name\" for shorter output (resource/name)"),
      DurationFlag("timeout", &flags->timeout,
                   "How long to wait for the end; zero: as long as it takes"),
      BoolFlag("wait", 0, &flags->options.wait,
               "Wait until the resources are gone"),
  };
  command.run = [flags](Factory* factory, std::vector<std::string> args) {
    DeleteOptions options = flags->options;
    options.timeout =
        ParseGoDuration(flags->timeout).value_or(absl::ZeroDuration());
    return RunDelete(factory, std::move(options), std::move(args));
  };
  return command;
}

}  // namespace fairway::cmd
