// SPDX-License-Identifier: Apache-2.0
// A child process: started, waited for without blocking the loop, ended.
#ifndef BASE_PROCESS_CHILD_H_
#define BASE_PROCESS_CHILD_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"

namespace fairway {

struct ChildOptions {
  std::vector<std::string> argv;  // argv[0]: a path, not looked up on PATH
  // Added to this process's environment: "NAME=value".
  std::vector<std::string> env;
  // Files that stdout and stderr are appended to; empty: this process's own.
  // stdin is /dev/null.
  std::string stdout_path;
  std::string stderr_path;
};

// How a process ended.
struct ExitState {
  int code = 0;                  // its exit status, if `signal` is 0
  int signal = 0;                // the signal that ended it
  std::string ToString() const;  // "exit status 1", "signal: killed"
};

// Threads:  on the executor of its making. The child gets SIGTERM when the
//           thread that started it ends, so start children on a thread that
//           lives as long as they shall: the main one.
// Lifetime: the destructor kills and reaps the child if it still runs.
// Cancel:   Wait() honours it; the child runs on.
class Child {
 public:
  // Errors: kNotFound, kPermissionDenied: argv[0] cannot be started.
  static absl::StatusOr<std::unique_ptr<Child>> Start(Executor executor,
                                                      ChildOptions options);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const;
  // Waits for the end; again and again if asked so. One caller at a time.
  Task<absl::StatusOr<ExitState>> Wait();
  // Sends a signal; nothing if the child was reaped.
  void Signal(int signal);
  // SIGTERM, then SIGKILL after `grace`; waits for the end.
  Task<absl::StatusOr<ExitState>> Stop(absl::Duration grace);

 private:
  struct State;
  explicit Child(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The program `name` ("apiserver/kube-apiserver") of this build: beside this
// process's own binary, in bazel's output tree ("../apiserver/...") or in one
// folder with it. Errors: kNotFound, naming where it was looked for.
absl::StatusOr<std::string> FindProgram(absl::string_view name);

}  // namespace fairway

#endif  // BASE_PROCESS_CHILD_H_
