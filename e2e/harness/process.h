// SPDX-License-Identifier: Apache-2.0
// Programs as an end-to-end test or a benchmark starts them: from outside, with
// blocking calls, and none of the code under test.
#ifndef E2E_HARNESS_PROCESS_H_
#define E2E_HARNESS_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairway::e2e {

using Seconds = std::chrono::duration<double>;

// A program that runs; killed with its whole process group when this dies.
class Process {
 public:
  struct Options {
    std::vector<std::string> argv;  // argv[0]: a path
    std::vector<std::string> env;   // "NAME=value", added to our own
    std::string stderr_path;        // appended to; empty: ours
  };

  Process() = default;
  explicit Process(const Options& options);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  pid_t pid() const { return pid_; }

  // The next line of its stdout without the newline; nothing at its end, or
  // when `timeout` passed.
  std::optional<std::string> ReadLine(Seconds timeout);
  // All of its stdout up to the end, within `timeout`.
  std::string ReadAll(Seconds timeout);

  // From now on nobody wants its stdout, and a full pipe does not hold it up.
  void DiscardOutput();

  // Its exit status (128 + signal after a signal) if it ends within `timeout`.
  std::optional<int> Wait(Seconds timeout);
  // Sends `signal` and waits; the exit status, or nothing if it ran on and had
  // to be killed.
  std::optional<int> Stop(int signal, Seconds timeout);

 private:
  void Kill();

  pid_t pid_ = -1;
  int out_ = -1;
  std::string buffered_;
  std::optional<int> exit_status_;
};

struct Result {
  int exit_status = -1;  // -1: it did not end in time
  std::string out;
  std::string err;
};

// Runs a program to its end.
Result Run(const std::vector<std::string>& argv, Seconds timeout,
           const std::vector<std::string>& env = {});

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& text);
// A new folder under /tmp with a short name (Unix sockets' paths are short).
std::string MakeShortFolder();
void RemoveFolder(const std::string& path);

// The path of a program that is among the test's data: "cluster/fairway-up".
std::string DataFile(const std::string& name);

// Calls `done` every 10 ms until it is true; false when `timeout` passed.
template <typename Predicate>
bool Eventually(Seconds timeout, Predicate done);

void NapMilliseconds(int milliseconds);

// The process, and what it starts later, goes before what else the machine
// does, where that is permitted: for a test that measures.
void GoBeforeOthers(pid_t pid);

std::vector<pid_t> Children(pid_t pid);
// What a process has now: descriptors, threads, and memory with its share of
// what others have too. 0 if there is none.
int OpenFiles(pid_t pid);
int Threads(pid_t pid);
int64_t PssBytes(pid_t pid);

template <typename Predicate>
bool Eventually(Seconds timeout, Predicate done) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    NapMilliseconds(10);
  }
  return true;
}

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_PROCESS_H_
