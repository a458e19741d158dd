// SPDX-License-Identifier: Apache-2.0
#include "base/process/find_program.h"

#include <linux/limits.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"

namespace fairway {

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
