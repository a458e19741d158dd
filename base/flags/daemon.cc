// SPDX-License-Identifier: Apache-2.0
#include "base/flags/daemon.h"

#include <gflags/gflags.h>
#include <glog/logging.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/file/read_file.h"
#include "base/process/file_limit.h"
#include "base/time/go_time.h"
#include "base/version/version.h"

namespace fairway {
namespace {

using google::CommandLineFlagInfo;

bool IsOurs(const CommandLineFlagInfo& flag) {
  // The libraries' flags (gflags', glog's) were compiled under src/.
  return flag.name == "v" || flag.name == "vmodule" ||
         (!absl::StartsWith(flag.filename, "src/") &&
          !absl::StrContains(flag.filename, "/src/"));
}

std::string Dashed(const std::string& name) {
  return absl::StrReplaceAll(name, {{"_", "-"}});
}

bool FindFlag(const std::string& name, CommandLineFlagInfo* info) {
  const std::string underscored = absl::StrReplaceAll(name, {{"-", "_"}});
  return google::GetCommandLineFlagInfo(underscored.c_str(), info) &&
         IsOurs(*info);
}

std::string TypeWord(const CommandLineFlagInfo& flag) {
  if (flag.type == "int32" || flag.type == "int64" || flag.type == "uint32" ||
      flag.type == "uint64") {
    return " int";
  }
  if (flag.type == "double") return " float";
  return flag.type == "string" ? " string" : "";
}

// Kubernetes' words for the two flags that are glog's.
std::string Description(const CommandLineFlagInfo& flag) {
  if (flag.name == "v") return "number for the log level verbosity";
  if (flag.name == "vmodule") {
    return "comma-separated list of pattern=N settings for file-filtered "
           "logging";
  }
  return flag.description;
}

}  // namespace

absl::Status ParseFlags(const std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const bool dashes = absl::StartsWith(arg, "--");
    if (!dashes && !absl::StartsWith(arg, "-v")) {
      return absl::InvalidArgumentError(
          arg.size() > 1 && arg[0] == '-'
              ? absl::StrCat("unknown shorthand flag: '", arg.substr(1, 1),
                             "' in ", arg)
              : absl::StrCat("unknown command \"", arg, "\""));
    }
    const std::string body = arg.substr(dashes ? 2 : 1);
    const size_t equals = body.find('=');
    const std::string name = body.substr(0, equals);
    CommandLineFlagInfo info;
    if (!FindFlag(name, &info)) {
      return absl::InvalidArgumentError(absl::StrCat("unknown flag: --", name));
    }
    std::string value;
    if (equals != std::string::npos) {
      value = body.substr(equals + 1);
    } else if (info.type == "bool") {
      value = "true";
    } else if (++i < args.size()) {
      value = args[i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("flag needs an argument: --", name));
    }
    if (google::SetCommandLineOption(info.name.c_str(), value.c_str())
            .empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "invalid argument \"", value, "\" for \"--", name, "\" flag"));
    }
  }
  return absl::OkStatus();
}

std::string FlagsHelp(absl::string_view program, absl::string_view about) {
  std::string text =
      absl::StrCat(about, "\n\nUsage:\n  ", program, " [flags]\n\nFlags:\n");
  std::vector<CommandLineFlagInfo> flags;
  google::GetAllFlags(&flags);
  std::sort(flags.begin(), flags.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const CommandLineFlagInfo& flag : flags) {
    if (!IsOurs(flag)) continue;
    absl::StrAppend(&text, flag.name == "v" ? "  -v, --" : "      --",
                    Dashed(flag.name), TypeWord(flag), "\n            ",
                    Description(flag));
    const bool quiet = flag.default_value.empty() ||
                       (flag.type == "bool" && flag.default_value == "false");
    if (!quiet) {
      absl::StrAppend(&text, " (default ", flag.type == "string" ? "\"" : "",
                      flag.default_value, flag.type == "string" ? "\"" : "",
                      ")");
    }
    text += "\n";
  }
  text += "  -h, --help\n            print this and exit\n";
  text += "      --version\n            print the version and exit\n";
  return text;
}

void InitDaemon(int argc, char** argv, absl::string_view about) {
  const std::string path = argv[0];
  const std::string program = path.substr(path.rfind('/') + 1);
  const std::vector<std::string> args(argv + 1, argv + argc);
  for (const std::string& arg : args) {
    if (arg == "--help" || arg == "-h") {
      std::cout << FlagsHelp(program, about);
      std::exit(0);
    }
    if (arg == "--version" || arg == "--version=true") {
      std::cout << program << " (Fairway) " << kVersion << ", Kubernetes "
                << kGitVersion << "\n";
      std::exit(0);
    }
  }
  absl::Status parsed = ParseFlags(args);
  if (!parsed.ok()) {
    std::cerr << "Error: " << parsed.message() << "\nRun '" << program
              << " --help' for usage.\n";
    std::exit(1);
  }
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
}

int ExitStatus(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "Error: " << status.message() << std::endl;
  return 1;
}

absl::Status ParseDurationFlag(absl::string_view flag_name,
                               absl::string_view value, absl::Duration at_least,
                               absl::Duration* duration) {
  absl::StatusOr<absl::Duration> parsed = ParseGoDuration(value);
  if (parsed.ok() && *parsed >= at_least) {
    *duration = *parsed;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "invalid argument \"", value, "\" for \"--", flag_name, "\" flag: ",
      parsed.ok()
          ? absl::StrCat("want at least ", absl::FormatDuration(at_least))
          : std::string(parsed.status().message())));
}

absl::Status ReadFlagFile(absl::string_view flag_name, const std::string& path,
                          std::string* contents) {
  absl::StatusOr<std::string> read = ReadFile(path);
  if (!read.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag_name, ": ", read.status().message()));
  }
  *contents = *std::move(read);
  return absl::OkStatus();
}

absl::Status NameFlagFiles(const std::vector<FlagFile>& files,
                           const absl::Status& status) {
  if (status.ok()) return status;
  std::vector<std::string> named;
  for (const FlagFile& file : files) {
    if (file.path.empty()) continue;
    named.push_back(absl::StrCat("--", file.flag, " ", file.path));
  }
  if (named.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(absl::StrJoin(named, ", "),
                                                  ": ", status.message()));
}

}  // namespace fairway
