// SPDX-License-Identifier: Apache-2.0
// Child processes, started and reaped without blocking the loop and without
// SIGCHLD: each is watched by its pidfd.
#ifndef BASE_PROCESS_SUBPROCESS_H_
#define BASE_PROCESS_SUBPROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"

namespace fairway {

// What a child is started with. It dies when the thread that started it does,
// has no descriptor but these three, and the limit of open files from before
// RaiseFileLimit().
struct SubprocessOptions {
  std::string path{};               // of the program; not looked up
  std::vector<std::string> argv{};  // argv[0] included
  std::vector<std::string> env{};   // "NAME=value"
  std::string working_directory{};  // empty: the parent's
  // Duplicated for the child; the caller keeps its own. -1: /dev/null.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  int netns_fd = -1;  // the network namespace to start in; -1: the parent's
  bool new_session = false;
  // It leads a process group; without, it stays in the parent's, as one must
  // that reads from the terminal, and SignalGroup() reaches it alone.
  bool own_group = true;
};

// How a process ended, in the words of Go's os.ProcessState.
struct ExitState {
  int exit_code = 0;             // 128 + signal if a signal ended it
  int signal = 0;                // 0 if it exited
  std::string ToString() const;  // "exit status 1", "signal: killed"
};

// One running child.
//
// Threads:  on the executor of its making.
// Lifetime: the destructor kills what still runs of the process group; the
//           child is reaped all the same.
class Subprocess {
 public:
  // Returns once the program runs. Errors: as execve has them, in Go's words:
  // "fork/exec /bin/x: no such file or directory".
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(
      Executor executor, const SubprocessOptions& options);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const;

  // Waits for the end. Cancel: kCancelled; the child runs on.
  Task<absl::StatusOr<ExitState>> Wait();
  // The same, also in a task that was cancelled before.
  Task<absl::StatusOr<ExitState>> WaitThoughCancelled();
  // Null while it runs.
  const ExitState* exit_state() const;

  // Sends `signal` to the whole process group, also when its leader has ended
  // and others of it have not.
  void SignalGroup(int signal);

  // SIGTERM to the group, SIGKILL after `grace`; waits for the end, also in a
  // task that was cancelled before.
  Task<absl::StatusOr<ExitState>> Stop(absl::Duration grace);

 private:
  struct State;
  explicit Subprocess(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

// This process's environment, as SubprocessOptions::env wants it.
std::vector<std::string> CurrentEnvironment();

// Mirrors: os/exec.LookPath. The path of the executable `name`, sought in
// `path` (PATH's form) unless it has a slash. Errors: kNotFound in Go's words:
// "exec: \"x\": executable file not found in $PATH".
absl::StatusOr<std::string> LookPath(absl::string_view name,
                                     absl::string_view path);
absl::StatusOr<std::string> LookPath(absl::string_view name);

// When a process started, in clock ticks since boot: together with its id it
// names a process for good. Nothing if there is none.
std::optional<uint64_t> ProcessStartTime(pid_t pid);

}  // namespace fairway

#endif  // BASE_PROCESS_SUBPROCESS_H_
