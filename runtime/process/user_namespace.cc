// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/user_namespace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"

namespace fairway::runtime::process {
namespace {

bool HasSysAdmin() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3,
                                  .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &
          CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

absl::Status WriteFile(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, absl::StrCat("open ", path));
  const ssize_t n = write(fd, text.data(), text.size());
  const int error = errno;
  close(fd);
  if (n < 0) return FromErrno(error, absl::StrCat("write ", path));
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterUserNamespaceIfNeeded() {
  if (HasSysAdmin()) return absl::OkStatus();
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0) {
    if (errno == EINVAL) {
      return absl::FailedPreconditionError(
          "enter a user namespace: the process has threads");
    }
    // The limit of namespaces is how some systems forbid them.
    return absl::PermissionDeniedError(
        absl::StrCat("enter a user namespace: ", GoErrorString(errno)));
  }
  // The kernel wants groups fixed before an ordinary user may map one.
  FAIRWAY_RETURN_IF_ERROR(WriteFile("/proc/self/setgroups", "deny"));
  FAIRWAY_RETURN_IF_ERROR(
      WriteFile("/proc/self/uid_map", absl::StrCat("0 ", uid, " 1")));
  return WriteFile("/proc/self/gid_map", absl::StrCat("0 ", gid, " 1"));
}

}  // namespace fairway::runtime::process
