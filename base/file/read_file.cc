// SPDX-License-Identifier: Apache-2.0
#include "base/file/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"

namespace fairway {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, absl::StrCat("open ", path));
  std::string bytes;
  absl::Status status;
  char buffer[16384];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      status = FromErrno(errno, absl::StrCat("read ", path));
      break;
    }
    bytes.append(buffer, count);
    if (bytes.size() > kMaxFileBytes) {
      status = absl::ResourceExhaustedError(
          absl::StrCat("read ", path, ": larger than ", kMaxFileBytes));
      break;
    }
  }
  close(fd);
  if (!status.ok()) return status;
  return bytes;
}

}  // namespace fairway
