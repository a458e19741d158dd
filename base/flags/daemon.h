// SPDX-License-Identifier: Apache-2.0
// What every daemon does with its command line. Flags are gflags' DEFINE_*,
// named with underscores there and with dashes on the command line and in
// --help, as Kubernetes' daemons have them.
#ifndef BASE_FLAGS_DAEMON_H_
#define BASE_FLAGS_DAEMON_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fairway {

// Sets the flags from `args` (without argv[0]): `--name=value`, `--name value`,
// `--bool`, `-v N`, `-v=N`. Only flags of our own sources are known, and glog's
// -v and --vmodule.
// Errors: kInvalidArgument in pflag's words ("unknown flag: --x", "flag needs
// an argument: --x", "invalid argument \"y\" for \"--x\" flag", "unknown
// command \"z\"").
absl::Status ParseFlags(const std::vector<std::string>& args);

// --help's text: `about`, then each flag with its type, default and help.
std::string FlagsHelp(absl::string_view program, absl::string_view about);

// Parses argv, answers --help and --version on stdout and exits 0, reports a
// bad flag on stderr ("Error: unknown flag: --x") and exits 1, and sets up
// glog: to stderr, at -v's verbosity. Ignores SIGPIPE. Raises the
// limit of open files.
void InitDaemon(int argc, char** argv, absl::string_view about);

// A daemon's last words: "Error: MESSAGE" on stderr and exit status 1 for an
// error, else 0.
int ExitStatus(const absl::Status& status);

// The value of a flag that is a duration. Errors: kInvalidArgument, `invalid
// argument "x" for "--NAME" flag: time: invalid duration "x"`, or `...: want at
// least 1ms`.
absl::Status ParseDurationFlag(absl::string_view flag_name,
                               absl::string_view value, absl::Duration at_least,
                               absl::Duration* duration);

// The whole of a file that the flag `--NAME` names. Errors: kInvalidArgument,
// `--NAME: open /x: no such file or directory`.
absl::Status ReadFlagFile(absl::string_view flag_name, const std::string& path,
                          std::string* contents);

// A flag and the file that it names.
struct FlagFile {
  absl::string_view flag;
  std::string path;  // empty: the flag is not given
};

// `status`, which using the files together has led to; an error names them all:
// "--a FILE, --b FILE: MESSAGE".
absl::Status NameFlagFiles(const std::vector<FlagFile>& files,
                           const absl::Status& status);

}  // namespace fairway

#endif  // BASE_FLAGS_DAEMON_H_
