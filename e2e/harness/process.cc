// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

extern char** environ;

namespace fairway::e2e {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) {
    pointers.push_back(const_cast<char*>(s.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

int MillisecondsUntil(Clock::time_point end) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

std::string Proc(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// The entries of a folder of /proc that are numbers.
std::vector<pid_t> Numbers(const std::string& folder) {
  std::vector<pid_t> numbers;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
    numbers.push_back(std::atoi(entry.path().filename().c_str()));
  }
  return numbers;
}

}  // namespace

Process::Process(const Options& options) {
  std::vector<std::string> env;
  for (char** e = environ; *e != nullptr; ++e) env.emplace_back(*e);
  env.insert(env.end(), options.env.begin(), options.env.end());

  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) Fail("pipe", errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  if (!options.stderr_path.empty()) {
    posix_spawn_file_actions_addopen(&actions, 2, options.stderr_path.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> argv = Pointers(options.argv);
  std::vector<char*> envp = Pointers(env);
  const int error = posix_spawn(&pid_, argv[0], &actions, &attributes,
                                argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(out[1]);
  if (error != 0) {
    close(out[0]);
    pid_ = -1;
    Fail("start " + options.argv[0], error);
  }
  out_ = out[0];
}

Process::~Process() { Kill(); }

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  Kill();
  pid_ = std::exchange(other.pid_, -1);
  out_ = std::exchange(other.out_, -1);
  buffered_ = std::move(other.buffered_);
  exit_status_ = other.exit_status_;
  return *this;
}

void Process::Kill() {
  if (pid_ > 0 && !exit_status_) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
  pid_ = -1;
  out_ = -1;
}

std::optional<std::string> Process::ReadLine(Seconds timeout) {
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout);
  while (true) {
    const size_t newline = buffered_.find('\n');
    if (newline != std::string::npos) {
      std::string line = buffered_.substr(0, newline);
      buffered_.erase(0, newline + 1);
      return line;
    }
    pollfd ready = {out_, POLLIN, 0};
    if (poll(&ready, 1, MillisecondsUntil(end)) <= 0) return std::nullopt;
    char chunk[4096];
    const ssize_t n = read(out_, chunk, sizeof(chunk));
    if (n <= 0) return std::nullopt;
    buffered_.append(chunk, n);
  }
}

std::string Process::ReadAll(Seconds timeout) {
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout);
  std::string all = std::move(buffered_);
  buffered_.clear();
  while (true) {
    pollfd ready = {out_, POLLIN, 0};
    if (poll(&ready, 1, MillisecondsUntil(end)) <= 0) return all;
    char chunk[65536];
    const ssize_t n = read(out_, chunk, sizeof(chunk));
    if (n <= 0) return all;
    all.append(chunk, n);
  }
}

void Process::DiscardOutput() {
  std::thread([out = std::exchange(out_, -1)] {
    char chunk[4096];
    while (read(out, chunk, sizeof(chunk)) > 0) {
    }
    close(out);
  }).detach();
}

std::optional<int> Process::Wait(Seconds timeout) {
  Eventually(timeout, [this] {
    int status;
    if (exit_status_ || waitpid(pid_, &status, WNOHANG) != pid_) {
      return exit_status_.has_value();
    }
    exit_status_ =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  });
  return exit_status_;
}

std::optional<int> Process::Stop(int signal, Seconds timeout) {
  if (!exit_status_) kill(pid_, signal);
  std::optional<int> status = Wait(timeout);
  if (!status) Kill();
  return status;
}

Result Run(const std::vector<std::string>& argv, Seconds timeout,
           const std::vector<std::string>& env) {
  const std::string folder = MakeShortFolder();
  Result result;
  {
    Process process({argv, env, folder + "/err"});
    result.out = process.ReadAll(timeout);
    result.exit_status = process.Wait(timeout).value_or(-1);
  }
  result.err = ReadFile(folder + "/err");
  RemoveFolder(folder);
  return result;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string MakeShortFolder() {
  char name[] = "/tmp/fwXXXXXX";
  if (mkdtemp(name) == nullptr) Fail("mkdtemp", errno);
  return name;
}

void RemoveFolder(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::string DataFile(const std::string& name) {
  const char* runfiles = std::getenv("TEST_SRCDIR");
  const std::string root =
      runfiles != nullptr
          ? std::string(runfiles)
          : std::filesystem::current_path().parent_path().string();
  const std::string path = name.rfind("external/", 0) == 0
                               ? root + name.substr(8)
                               : root + "/fairway/" + name;
  if (access(path.c_str(), R_OK) != 0) Fail(path, errno);
  return std::filesystem::canonical(path);
}

void NapMilliseconds(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

void GoBeforeOthers(pid_t pid) {
  constexpr int kNice = -15;
  for (const pid_t thread : Numbers(Proc(pid, "task"))) {
    setpriority(PRIO_PROCESS, thread, kNice);
  }
  // Where sessions are scheduled as wholes, the above counts within one only.
  std::ofstream(Proc(pid, "autogroup")) << kNice << std::flush;
}

std::vector<pid_t> Children(pid_t pid) {
  std::vector<pid_t> children;
  const std::string tasks = Proc(pid, "task");
  for (const pid_t thread : Numbers(tasks)) {
    std::ifstream list(tasks + "/" + std::to_string(thread) + "/children");
    for (pid_t child; list >> child;) children.push_back(child);
  }
  return children;
}

int OpenFiles(pid_t pid) {
  return static_cast<int>(Numbers(Proc(pid, "fd")).size());
}

int Threads(pid_t pid) {
  return static_cast<int>(Numbers(Proc(pid, "task")).size());
}

int64_t PssBytes(pid_t pid) {
  std::ifstream lines(Proc(pid, "smaps_rollup"));
  for (std::string line; std::getline(lines, line);) {
    long long kibibytes = 0;
    if (std::sscanf(line.c_str(), "Pss: %lld kB", &kibibytes) == 1) {
      return kibibytes * 1024;
    }
  }
  return 0;
}

}  // namespace fairway::e2e
