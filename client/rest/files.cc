// SPDX-License-Identifier: Apache-2.0
#include "client/rest/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"

namespace fairway::rest {

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

std::string ResolvePath(absl::string_view path, absl::string_view folder) {
  if (path.empty() || path[0] == '/' || folder.empty()) {
    return std::string(path);
  }
  const std::filesystem::path joined =
      std::filesystem::path(std::string(folder)) / std::string(path);
  return joined.lexically_normal().string();
}

}  // namespace fairway::rest
