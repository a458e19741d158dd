// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubectl/cmd/cmd.go (v0.20.2)
#include "client/cmd/cmd.h"

#include <glog/logging.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/loop.h"
#include "base/time/go_time.h"
#include "client/cmd/apply.h"
#include "client/cmd/check_err.h"
#include "client/cmd/create.h"
#include "client/cmd/delete.h"
#include "client/cmd/get.h"
#include "client/cmd/portforward/command.h"
#include "client/cmd/version.h"

namespace fairway::cmd {

struct KubectlFlags {
  ConfigFlags config;
  bool insecure_skip_tls_verify = false;
  GetOptions get;
  std::vector<std::string> filenames;
  bool validate = true;
  DeleteOptions del;
  std::string delete_timeout = "0s";
  VersionOptions version;
};

namespace {

constexpr char kBasic[] = "Basic Commands:";
constexpr char kAdvanced[] = "Advanced Commands:";
constexpr char kOther[] = "Other Commands:";

std::vector<Flag> GlobalFlags(KubectlFlags* flags) {
  rest::ConfigOverrides* overrides = &flags->config.overrides;
  Flag insecure = BoolFlag(
      "insecure-skip-tls-verify", 0, &flags->insecure_skip_tls_verify,
      "If true, the server's certificate is not verified. Anybody between you "
      "and the server can then read and change what is sent");
  insecure.set = [flags, set = insecure.set](const std::string& value) {
    absl::Status status = set(value);
    flags->config.overrides.insecure_skip_tls_verify =
        flags->insecure_skip_tls_verify;
    return status;
  };
  return {
      StringFlag("kubeconfig", 0, &flags->config.kubeconfig,
                 "The kubeconfig file to read"),
      StringFlag("context", 0, &overrides->context,
                 "The kubeconfig context to use"),
      StringFlag("cluster", 0, &overrides->cluster,
                 "The kubeconfig cluster to use"),
      StringFlag("user", 0, &overrides->user, "The kubeconfig user to use"),
      StringFlag("namespace", 'n', &overrides->namespace_,
                 "The namespace of what the command is about"),
      StringFlag("server", 's', &overrides->server,
                 "The address and port of the Kubernetes API server"),
      StringFlag("tls-server-name", 0, &overrides->tls_server_name,
                 "The name that the server's certificate must bear, if it is "
                 "not that of its host"),
      StringFlag("token", 0, &overrides->token,
                 "Bearer token for authentication to the API server"),
      StringFlag("username", 0, &overrides->username,
                 "Name for basic authentication to the API server"),
      StringFlag("password", 0, &overrides->password,
                 "Password for basic authentication to the API server"),
      StringFlag("certificate-authority", 0, &overrides->certificate_authority,
                 "File with the certificates that may sign the server's"),
      StringFlag("client-certificate", 0, &overrides->client_certificate,
                 "File with the client's certificate"),
      StringFlag("client-key", 0, &overrides->client_key,
                 "File with the client certificate's key"),
      StringFlag("as", 0, &overrides->impersonate, "The user to act as"),
      StringSliceFlag("as-group", 0, &overrides->impersonate_groups,
                      "The groups to act as a member of"),
      StringFlag("request-timeout", 0, &flags->config.request_timeout,
                 "How long one request may take (1s, 2m, 3h); 0 leaves it to "
                 "the program"),
      std::move(insecure),
      IntFlag("v", 'v', &flags->config.verbosity,
              "Number for the log level verbosity"),
  };
}

Flag FilenameFlag(KubectlFlags* flags, std::string help) {
  return StringSliceFlag("filename", 'f', &flags->filenames, std::move(help));
}

Command NewCmdGet(KubectlFlags* flags) {
  Command command;
  command.name = "get";
  command.group = kBasic;
  command.short_help = "Display one or many resources";
  command.long_help =
      "Display one or many resources.\n\n"
      " Known types are pods, nodes, namespaces and services.";
  command.example =
      "  # List all pods\n"
      "  kubectl get pods\n"
      "  \n"
      "  # List all pods with their addresses and nodes\n"
      "  kubectl get pods -o wide\n"
      "  \n"
      "  # Show one pod as JSON\n"
      "  kubectl get -o json pod web-pod-13je7";
  command.use =
      "get [(-o|--output=)json|yaml|wide|name] (TYPE [NAME...] | "
      "TYPE/NAME...) [options]";
  command.flags = {
      StringFlag("output", 'o', &flags->get.output,
                 "Output format. One of: json|yaml|wide|name"),
      BoolFlag("all-namespaces", 'A', &flags->get.all_namespaces,
               "If present, list the objects of all namespaces"),
      BoolFlag("no-headers", 0, &flags->get.no_headers,
               "Leave out a table's header"),
      BoolFlag("ignore-not-found", 0, &flags->get.ignore_not_found,
               "An object that does not exist is no failure"),
      StringFlag("selector", 'l', &flags->get.label_selector,
                 "Labels to select by (key1=value1,key2=value2)"),
      StringFlag("field-selector", 0, &flags->get.field_selector,
                 "Fields to select by (key1=value1,key2=value2)"),
  };
  command.run = [flags](Factory* factory, std::vector<std::string> args) {
    return RunGet(factory, flags->get, std::move(args));
  };
  return command;
}

Flag ValidateFlag(KubectlFlags* flags) {
  return BoolFlag("validate", 0, &flags->validate,
                  "Look over what the files say before it is sent");
}

Validation ValidationOf(const KubectlFlags& flags) {
  return flags.validate ? Validation::kOn : Validation::kOff;
}

absl::Status RequireFiles(const KubectlFlags& flags) {
  if (!flags.filenames.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("must specify one of -f and -k");
}

Command NewCmdCreate(KubectlFlags* flags) {
  Command command;
  command.name = "create";
  command.group = kBasic;
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
  command.flags = {FilenameFlag(flags, "Files to create resources from"),
                   ValidateFlag(flags)};
  command.run = [flags](Factory* factory,
                        std::vector<std::string> args) -> Task<absl::Status> {
    if (!args.empty()) {
      co_return UsageError("create",
                           absl::StrCat("unknown command \"", args[0], "\""));
    }
    FAIRWAY_CO_RETURN_IF_ERROR(RequireFiles(*flags));
    absl::Status status =
        co_await RunCreate(factory, flags->filenames, ValidationOf(*flags));
    co_return status;
  };
  return command;
}

Command NewCmdApply(KubectlFlags* flags) {
  Command command;
  command.name = "apply";
  command.group = kAdvanced;
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
  command.flags = {FilenameFlag(flags, "Files with the configuration"),
                   ValidateFlag(flags)};
  command.run = [flags](Factory* factory,
                        std::vector<std::string> args) -> Task<absl::Status> {
    if (!args.empty()) {
      co_return UsageError("apply",
                           absl::StrCat("Unexpected args: [", args[0], "]"));
    }
    FAIRWAY_CO_RETURN_IF_ERROR(RequireFiles(*flags));
    absl::Status status =
        co_await RunApply(factory, flags->filenames, ValidationOf(*flags));
    co_return status;
  };
  return command;
}

Command NewCmdDelete(KubectlFlags* flags) {
  Command command;
  command.name = "delete";
  command.group = kBasic;
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
      FilenameFlag(flags, "Files that name the resources"),
      BoolFlag("all", 0, &flags->del.all,
               "Delete all resources of the type in the namespace"),
      BoolFlag("force", 0, &flags->del.force,
               "Remove the resource at once, without a grace period"),
      IntFlag("grace-period", 0, &flags->del.grace_period,
              "Seconds that the resource has to end by itself; negative: its "
              "own"),
      BoolFlag("ignore-not-found", 0, &flags->del.ignore_not_found,
               "A resource that does not exist is no failure"),
      BoolFlag("now", 0, &flags->del.now, "The same as --grace-period=1"),
      StringFlag("output", 'o', &flags->del.output,
                 "\"name\" for shorter output (resource/name)"),
      DurationFlag("timeout", &flags->delete_timeout,
                   "How long to wait for the end; zero: as long as it takes"),
      BoolFlag("wait", 0, &flags->del.wait,
               "Wait until the resources are gone"),
  };
  command.run = [flags](Factory* factory, std::vector<std::string> args) {
    DeleteOptions options = flags->del;
    options.filenames = flags->filenames;
    options.timeout =
        ParseGoDuration(flags->delete_timeout).value_or(absl::ZeroDuration());
    return RunDelete(factory, std::move(options), std::move(args));
  };
  return command;
}

Command NewCmdVersion(KubectlFlags* flags) {
  Command command;
  command.name = "version";
  command.group = kOther;
  command.short_help = "Print the client and server version information";
  command.long_help =
      "Print the client and server version information for the current "
      "context.";
  command.example =
      "  # Print the versions of client and server\n"
      "  kubectl version";
  command.use = "version [flags] [options]";
  command.flags = {
      BoolFlag("client", 0, &flags->version.client_only,
               "Show the client's version only (no server is asked)"),
      BoolFlag("short", 0, &flags->version.short_form,
               "Print just the version numbers"),
      StringFlag("output", 'o', &flags->version.output,
                 "One of 'yaml' or 'json'"),
  };
  command.run = [flags](Factory* factory, std::vector<std::string>) {
    return RunVersion(factory, flags->version);
  };
  return command;
}

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

CommandTree NewKubectlCommand(KubectlFlags* flags) {
  CommandTree tree;
  tree.long_help =
      "kubectl controls the Kubernetes cluster manager.\n\n"
      " This is Fairway's: port-forward, and what goes with it.";
  tree.global_flags = GlobalFlags(flags);
  tree.commands = {NewCmdCreate(flags),
                   NewCmdGet(flags),
                   NewCmdDelete(flags),
                   NewCmdPortForward(),
                   NewCmdApply(flags),
                   NewCmdVersion(flags),
                   NamedOnly("help", "help [command] [options]"),
                   NamedOnly("options", "options")};
  return tree;
}

int RunKubectl(const std::vector<std::string>& args, IOStreams streams,
               DialerFactory dialers) {
  KubectlFlags flags;
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
  ShowLog(flags.config.verbosity);
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Factory factory(executor, flags.config, dialers, streams);
    absl::Status ran =
        co_await invocation->command->run(&factory, invocation->args);
    absl::Status closed = co_await factory.Close();
    closed.IgnoreError();
    co_return ran;
  });
  return CheckErr(status, *streams.err_out);
}

}  // namespace fairway::cmd
