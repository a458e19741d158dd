// SPDX-License-Identifier: Apache-2.0
#include "base/process/subprocess.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/process/file_limit.h"
#include "base/task/asio_status.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"

extern char** environ;

namespace fairway {

namespace asio = boost::asio;

namespace {

constexpr size_t kChildStackBytes = 64 * 1024;

// What the child needs, made by the parent: between clone and exec the child
// shares the parent's memory, so it neither allocates nor takes a lock.
struct ChildPlan {
  const char* path;
  char* const* argv;
  char* const* env;
  const char* working_directory;
  std::array<int, 3> stdio;
  int netns_fd;
  bool new_session;
  bool own_group;
  rlimit files;
  int error = 0;
};

[[noreturn]] void FailChild(ChildPlan* plan) {
  plan->error = errno;
  _exit(127);
}

// First above the three standard numbers, lest one overwrite another.
void PlaceStdio(ChildPlan* plan) {
  std::array<int, 3> high{};
  for (int i = 0; i < 3; ++i) {
    high[i] = fcntl(plan->stdio[i], F_DUPFD_CLOEXEC, 3);
    if (high[i] < 0) FailChild(plan);
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(high[i], i) < 0) FailChild(plan);
  }
}

int RunChild(void* argument) {
  auto* plan = static_cast<ChildPlan*>(argument);
  // Ignored signals stay ignored over exec, and the daemons ignore SIGPIPE.
  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    sigaction(signal, &default_action, nullptr);
  }
  if (plan->new_session) {
    if (setsid() < 0) FailChild(plan);
  } else if (plan->own_group && setpgid(0, 0) < 0) {
    FailChild(plan);
  }
  if (plan->netns_fd >= 0 && setns(plan->netns_fd, CLONE_NEWNET) != 0) {
    FailChild(plan);
  }
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) FailChild(plan);
  PlaceStdio(plan);
  if (syscall(SYS_close_range, 3u, ~0u, 4u /* CLOEXEC */) != 0) {
    FailChild(plan);
  }
  if (*plan->working_directory != '\0' && chdir(plan->working_directory) != 0) {
    FailChild(plan);
  }
  if (setrlimit(RLIMIT_NOFILE, &plan->files) != 0) FailChild(plan);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(plan->path, plan->argv, plan->env);
  FailChild(plan);
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& s : strings) {
    pointers.push_back(const_cast<char*>(s.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

struct Child {
  pid_t pid = -1;
  int pidfd = -1;
};

// vfork's way, but with a stack of its own and a pidfd.
absl::StatusOr<Child> Clone(ChildPlan* plan) {
  void* stack = mmap(nullptr, kChildStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return FromErrno(errno, "fork");
  // No handler of the parent's may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Child child;
  child.pid =
      clone(RunChild, static_cast<char*>(stack) + kChildStackBytes,
            CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, plan, &child.pidfd);
  const int clone_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  munmap(stack, kChildStackBytes);
  if (child.pid < 0) return FromErrno(clone_error, "fork");
  if (plan->error != 0) {
    waitpid(child.pid, nullptr, 0);
    close(child.pidfd);
    return FromErrno(plan->error, "exec");
  }
  return child;
}

ExitState FromSiginfo(const siginfo_t& info) {
  ExitState state;
  if (info.si_code == CLD_EXITED) {
    state.exit_code = info.si_status;
  } else {
    state.signal = info.si_status;
    state.exit_code = 128 + info.si_status;
  }
  return state;
}

}  // namespace

std::string ExitState::ToString() const {
  if (signal == 0) return absl::StrCat("exit status ", exit_code);
  const char* name = sigdescr_np(signal);
  return absl::StrCat("signal: ",
                      absl::AsciiStrToLower(name == nullptr ? "?" : name));
}

// Kept alive by the wait on the pidfd, so that a child whose Subprocess has
// died is reaped too.
struct Subprocess::State : std::enable_shared_from_this<Subprocess::State> {
  State(Executor executor, Child child, bool leads_group)
      : pid(child.pid),
        leads_group(leads_group),
        pidfd(executor, child.pidfd),
        ended(executor) {}

  ~State() {
    if (exit_state.has_value()) return;
    // The loop has gone before the child: nobody else will reap it.
    Signal(SIGKILL);
    waitpid(pid, nullptr, 0);
  }

  void Signal(int signal) const {
    if (leads_group) {
      kill(-pid, signal);
    } else if (!exit_state.has_value()) {
      kill(pid, signal);
    }
  }

  void Watch() {
    pidfd.async_wait(decltype(pidfd)::wait_read,
                     [self = shared_from_this()](
                         const boost::system::error_code&) { self->Reap(); });
  }

  void Reap() {
    siginfo_t info{};
    if (waitid(static_cast<idtype_t>(P_PIDFD), pidfd.native_handle(), &info,
               WEXITED | WNOHANG) != 0) {
      exit_state = ExitState{.exit_code = 255, .signal = 0};
    } else if (info.si_pid == 0) {
      Watch();
      return;
    } else {
      exit_state = FromSiginfo(info);
    }
    boost::system::error_code ignored;
    pidfd.close(ignored);
    ended.NotifyAll();
  }

  const pid_t pid;
  const bool leads_group;
  asio::posix::basic_stream_descriptor<Executor> pidfd;
  Condition ended;
  std::optional<ExitState> exit_state;
};

absl::StatusOr<std::unique_ptr<Subprocess>> Subprocess::Start(
    Executor executor, const SubprocessOptions& options) {
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_fd < 0) return FromErrno(errno, "open /dev/null");
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> env = Pointers(options.env);
  auto or_null = [null_fd](int fd) { return fd < 0 ? null_fd : fd; };
  ChildPlan plan{
      .path = options.path.c_str(),
      .argv = argv.data(),
      .env = env.data(),
      .working_directory = options.working_directory.c_str(),
      .stdio = {or_null(options.stdin_fd), or_null(options.stdout_fd),
                or_null(options.stderr_fd)},
      .netns_fd = options.netns_fd,
      .new_session = options.new_session,
      .own_group = options.own_group,
      .files = FileLimitOfChildren()};
  absl::StatusOr<Child> child = Clone(&plan);
  close(null_fd);
  if (!child.ok()) {
    return absl::Status(
        child.status().code(),
        absl::StrCat("fork/exec ", options.path, ": ",
                     GoErrorString(plan.error != 0 ? plan.error : EAGAIN)));
  }
  auto state = std::make_shared<State>(
      executor, *child, options.new_session || options.own_group);
  state->Watch();
  return std::unique_ptr<Subprocess>(new Subprocess(std::move(state)));
}

Subprocess::Subprocess(std::shared_ptr<State> state)
    : state_(std::move(state)) {}

Subprocess::~Subprocess() {
  if (exit_state() == nullptr) SignalGroup(SIGKILL);
}

pid_t Subprocess::pid() const { return state_->pid; }

Task<absl::StatusOr<ExitState>> Subprocess::Wait() {
  std::shared_ptr<State> state = state_;
  while (!state->exit_state.has_value()) {
    absl::Status waited = co_await state->ended.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return *state->exit_state;
}

Task<absl::StatusOr<ExitState>> Subprocess::WaitThoughCancelled() {
  std::shared_ptr<State> state = state_;
  while (!state->exit_state.has_value()) {
    absl::Status waited = co_await state->ended.WaitThoughCancelled();
    // Cancelled meanwhile, or before: the child's end is awaited all the same.
    if (!waited.ok() && !absl::IsCancelled(waited)) co_return waited;
  }
  co_return *state->exit_state;
}

const ExitState* Subprocess::exit_state() const {
  return state_->exit_state.has_value() ? &*state_->exit_state : nullptr;
}

void Subprocess::SignalGroup(int signal) { state_->Signal(signal); }

Task<absl::StatusOr<ExitState>> Subprocess::Stop(absl::Duration grace) {
  SignalGroup(SIGTERM);
  // A group of its own, so that a caller who was cancelled waits all the same.
  TaskGroup killer(state_->pidfd.get_executor());
  killer.Spawn([this, grace]() -> Task<absl::Status> {
    absl::Status slept = co_await Sleep(grace);
    if (slept.ok()) SignalGroup(SIGKILL);
    co_return slept;
  });
  absl::StatusOr<ExitState> ended = co_await WaitThoughCancelled();
  killer.Cancel();
  absl::Status joined = co_await killer.Join();
  (void)joined;  // Cancelled, unless it had to kill.
  co_return ended;
}

std::vector<std::string> CurrentEnvironment() {
  std::vector<std::string> env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    env.emplace_back(*entry);
  }
  return env;
}

absl::StatusOr<std::string> LookPath(absl::string_view name,
                                     absl::string_view path) {
  auto not_found = [name] {
    return absl::NotFoundError(absl::StrCat(
        "exec: \"", name, "\": executable file not found in $PATH"));
  };
  if (name.empty()) return not_found();
  std::vector<std::string> candidates;
  if (absl::StrContains(name, '/')) {
    candidates.emplace_back(name);
  } else {
    for (absl::string_view directory : absl::StrSplit(path, ':')) {
      if (directory.empty()) directory = ".";
      candidates.push_back(absl::StrCat(directory, "/", name));
    }
  }
  for (const std::string& candidate : candidates) {
    struct stat info {};
    if (stat(candidate.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return not_found();
}

absl::StatusOr<std::string> LookPath(absl::string_view name) {
  const char* path = std::getenv("PATH");
  return LookPath(name, path == nullptr ? "" : path);
}

std::optional<uint64_t> ProcessStartTime(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The second field is a name in parentheses that may hold anything; the
  // start time is the 20th field after it.
  const size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) return std::nullopt;
  const std::vector<absl::string_view> fields = absl::StrSplit(
      absl::string_view(line).substr(end_of_name + 1), ' ', absl::SkipEmpty());
  uint64_t ticks = 0;
  if (fields.size() < 20 || !absl::SimpleAtoi(fields[19], &ticks)) {
    return std::nullopt;
  }
  return ticks;
}

}  // namespace fairway
