// SPDX-License-Identifier: Apache-2.0
// A program that is run for what it writes.
#ifndef BASE_PROCESS_CAPTURE_H_
#define BASE_PROCESS_CAPTURE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/process/subprocess.h"
#include "base/task/task.h"

namespace fairway {

struct Captured {
  ExitState exit_state;
  std::string output;  // of stdout
};

// Runs a program to its end and gathers what it writes to stdout, for which
// `options.stdout_fd` is not used. What processes that it leaves behind write
// later is not waited for.
// Cancel: honoured; as for every error the program is ended first, by SIGTERM
// and a second later by SIGKILL.
// Errors: of Subprocess::Start; kResourceExhausted when it writes more than
// `max_bytes`; kDeadlineExceeded.
Task<absl::StatusOr<Captured>> RunAndCapture(SubprocessOptions options,
                                             size_t max_bytes,
                                             absl::Duration timeout);

}  // namespace fairway

#endif  // BASE_PROCESS_CAPTURE_H_
