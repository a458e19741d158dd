// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/ready_fd.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fairway::cmd {

absl::StatusOr<int> ParseReadyFd(const std::string& text) {
  int fd = 0;
  if (!absl::SimpleAtoi(text, &fd)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "strconv.ParseInt: parsing \"", text, "\": invalid syntax"));
  }
  if (fd <= STDERR_FILENO) {
    return absl::InvalidArgumentError("want 3 or more");
  }
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) {
    return absl::InvalidArgumentError(absl::StrCat("fd ", fd, " is not open"));
  }
  if ((flags & O_ACCMODE) == O_RDONLY) {
    return absl::InvalidArgumentError(
        absl::StrCat("fd ", fd, " is not open for writing"));
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

void TellReady(int fd) {
  constexpr absl::string_view kReady = "ready\n";
  pollfd room = {fd, POLLOUT, 0};
  if (poll(&room, 1, 0) == 1) {
    // Whoever has gone meanwhile does not wait for it.
    [[maybe_unused]] const ssize_t n = write(fd, kReady.data(), kReady.size());
  }
  close(fd);
}

}  // namespace fairway::cmd
