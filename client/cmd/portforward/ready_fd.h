// SPDX-License-Identifier: Apache-2.0
// `kubectl port-forward --ready-fd N`: tells a parent through a pipe that the
// local ports can be used.
#ifndef CLIENT_CMD_PORTFORWARD_READY_FD_H_
#define CLIENT_CMD_PORTFORWARD_READY_FD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fairway::cmd {

inline constexpr int kNoReadyFd = -1;

// The descriptor that a flag's value names, which programs that are started
// later do not inherit. Call it before anything else is opened, which would
// have the number of one that is not.
// Errors: kInvalidArgument: "fd 7 is not open", "fd 7 is not open for writing",
// "want 3 or more" (0, 1 and 2 have other uses).
absl::StatusOr<int> ParseReadyFd(const std::string& text);

// Writes "ready\n" to `fd` and closes it. Never waits: where there is no room,
// nothing is written.
void TellReady(int fd);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_READY_FD_H_
