// SPDX-License-Identifier: Apache-2.0
#include "base/process/child.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"
#include "base/task/deadline.h"

extern char** environ;

namespace fairway {

namespace asio = boost::asio;

struct Child::State {
  State(Executor executor, pid_t child_pid, int pidfd)
      : pid(child_pid), descriptor(executor, pidfd) {}

  // Takes the exit status if there is one; `options` as for waitid.
  bool Reap(int options) {
    siginfo_t info = {};
    if (ended) return true;
    if (waitid(P_PID, pid, &info, WEXITED | options) != 0) return false;
    if (info.si_pid == 0) return false;
    ended = true;
    if (info.si_code == CLD_EXITED) {
      exit.code = info.si_status;
    } else {
      exit.signal = info.si_status;
    }
    return true;
  }

  const pid_t pid;
  asio::posix::basic_stream_descriptor<Executor> descriptor;
  bool ended = false;
  ExitState exit;
};

namespace {

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& s : strings) pointers.push_back(s.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, where only async-signal-safe calls are allowed.
[[noreturn]] void Exec(char* const* argv, char* const* envp, int out, int err,
                       int report) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  // A group of its own: a terminal's Ctrl-C is for the parent to pass on.
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  const int in = open("/dev/null", O_RDONLY);
  bool ok = in >= 0 && dup2(in, 0) >= 0;
  ok = ok && (out < 0 || dup2(out, 1) >= 0);
  ok = ok && (err < 0 || dup2(err, 2) >= 0);
  if (ok) execve(argv[0], argv, envp);
  const int error = errno;
  ssize_t ignored = write(report, &error, sizeof(error));
  (void)ignored;
  _exit(127);
}

int OpenLog(const std::string& path) {
  if (path.empty()) return -1;
  return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

}  // namespace

std::string ExitState::ToString() const {
  if (signal == 0) return absl::StrCat("exit status ", code);
  return absl::StrCat("signal: ", absl::AsciiStrToLower(strsignal(signal)));
}

absl::StatusOr<std::unique_ptr<Child>> Child::Start(Executor executor,
                                                    ChildOptions options) {
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    env.emplace_back(*entry);
  }
  env.insert(env.end(), options.env.begin(), options.env.end());
  std::vector<char*> argv = Pointers(options.argv);
  std::vector<char*> envp = Pointers(env);

  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return FromErrno(errno, "pipe");
  const int out = OpenLog(options.stdout_path);
  const int err = options.stderr_path == options.stdout_path
                      ? out
                      : OpenLog(options.stderr_path);
  const pid_t pid = fork();
  if (pid == 0) Exec(argv.data(), envp.data(), out, err, report[1]);
  const int fork_error = errno;
  close(report[1]);
  if (out >= 0) close(out);
  if (err >= 0 && err != out) close(err);
  if (pid < 0) {
    close(report[0]);
    return FromErrno(fork_error, "fork");
  }
  // The pipe closes at exec, or tells why there was none.
  int exec_error = 0;
  ssize_t n;
  do {
    n = read(report[0], &exec_error, sizeof(exec_error));
  } while (n < 0 && errno == EINTR);
  close(report[0]);
  if (n == sizeof(exec_error)) {
    waitpid(pid, nullptr, 0);
    return FromErrno(exec_error, absl::StrCat("fork/exec ", options.argv[0]));
  }
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    const int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return FromErrno(error, "pidfd_open");
  }
  return std::unique_ptr<Child>(
      new Child(std::make_unique<State>(executor, pid, pidfd)));
}

Child::Child(std::unique_ptr<State> state) : state_(std::move(state)) {}

Child::~Child() {
  if (state_->Reap(WNOHANG)) return;
  kill(state_->pid, SIGKILL);
  state_->Reap(0);
}

pid_t Child::pid() const { return state_->pid; }

Task<absl::StatusOr<ExitState>> Child::Wait() {
  while (!state_->Reap(WNOHANG)) {
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("wait: cancelled");
    auto [ec] = co_await state_->descriptor.async_wait(
        asio::posix::descriptor_base::wait_read, kAwait);
    if (ec) co_return FromAsio(ec, "wait for process");
  }
  co_return state_->exit;
}

void Child::Signal(int signal) {
  if (!state_->Reap(WNOHANG)) kill(state_->pid, signal);
}

Task<absl::StatusOr<ExitState>> Child::Stop(absl::Duration grace) {
  Signal(SIGTERM);
  absl::StatusOr<ExitState> ended = co_await WithDeadline<ExitState>(
      grace, "stop", [this]() { return Wait(); });
  if (ended.ok() || !absl::IsDeadlineExceeded(ended.status())) co_return ended;
  Signal(SIGKILL);
  ended = co_await Wait();
  co_return ended;
}

absl::StatusOr<std::string> FindProgram(absl::string_view name) {
  char buffer[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", buffer, sizeof(buffer));
  if (n < 0) return FromErrno(errno, "readlink /proc/self/exe");
  std::string folder(buffer, n);
  folder.resize(folder.rfind('/'));
  const std::string file(name.substr(name.rfind('/') + 1));
  std::string looked_for = absl::StrCat(folder, "/", file);
  if (access(looked_for.c_str(), X_OK) == 0) return looked_for;
  // In an output tree: any number of packages above this one.
  for (std::string root = folder; !root.empty(); root.resize(root.rfind('/'))) {
    std::string path = absl::StrCat(root, "/", name);
    if (access(path.c_str(), X_OK) == 0) return path;
    if (root.rfind('/') == std::string::npos) break;
  }
  return absl::NotFoundError(absl::StrCat("cannot find the program ", file,
                                          " beside this one, nor as ", name,
                                          " in a folder above ", folder));
}

}  // namespace fairway
