// SPDX-License-Identifier: Apache-2.0
// A program that is run for what it writes.
#ifndef BASE_PROCESS_CAPTURE_H_
#define BASE_PROCESS_CAPTURE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/process/subprocess.h"
#include "base/task/task.h"

namespace fairway {

struct Captured {
  ExitState exit_state;
  std::string output;  // of stdout
};

// Threads:  on the executor of its making.
// Lifetime: the destructor kills the program, if it runs.
class CapturedProgram {
 public:
  // `options.stdout_fd` is not used. Errors: of Subprocess::Start.
  static absl::StatusOr<std::unique_ptr<CapturedProgram>> Start(
      Executor executor, SubprocessOptions options, size_t max_bytes);
  ~CapturedProgram();
  CapturedProgram(const CapturedProgram&) = delete;
  CapturedProgram& operator=(const CapturedProgram&) = delete;

  // Waits for the program's end and gathers what it writes to stdout; what
  // processes that it leaves behind write later is not waited for. One Wait()
  // at a time.
  // Cancel: kCancelled; the program runs on, and may be waited for again.
  // Errors: kResourceExhausted when it writes more than `max_bytes`, for which
  // it is killed.
  Task<absl::StatusOr<Captured>> Wait();

  // Ends it: SIGTERM, for it may have to give a terminal its echo back, and
  // SIGKILL a second later.
  Task<absl::Status> Stop();

 private:
  struct Output;
  CapturedProgram(std::string path, std::unique_ptr<Subprocess> program,
                  std::unique_ptr<Output> output);
  Task<absl::Status> Gather();

  const std::string path_;
  const std::unique_ptr<Subprocess> program_;
  const std::unique_ptr<Output> output_;
};

}  // namespace fairway

#endif  // BASE_PROCESS_CAPTURE_H_
