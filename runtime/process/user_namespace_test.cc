// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/user_namespace.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/status/testing/status_matchers.h"

namespace fairway::runtime::process {
namespace {

constexpr uid_t kNobody = 65534;

// What `body` returns in a child that is an ordinary user.
int AsOrdinaryUser(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0 && (setresgid(kNobody, kNobody, kNobody) != 0 ||
                           setresuid(kNobody, kNobody, kNobody) != 0)) {
      _exit(100);
    }
    // Giving root up made /proc/self root's.
    prctl(PR_SET_DUMPABLE, 1);
    _exit(body());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

bool KernelPermitsUserNamespaces() {
  return AsOrdinaryUser([] { return unshare(CLONE_NEWUSER) == 0 ? 0 : 1; }) ==
         0;
}

TEST(UserNamespaceTest, OrdinaryUserMayThenMakeNetworkNamespaces) {
  if (!KernelPermitsUserNamespaces()) {
    GTEST_SKIP() << "needs the right to make user namespaces "
                    "(kernel.unprivileged_userns_clone)";
  }
  const int exit_code = AsOrdinaryUser([] {
    if (unshare(CLONE_NEWNET) == 0) return 1;  // not ordinary at all
    if (!EnterUserNamespaceIfNeeded().ok()) return 2;
    if (getuid() != 0 || getgid() != 0) return 3;
    return unshare(CLONE_NEWNET) == 0 ? 0 : 4;
  });
  EXPECT_EQ(exit_code, 0);
}

TEST(UserNamespaceTest, DoesNothingWhereItIsNotNeeded) {
  if (!KernelPermitsUserNamespaces()) {
    GTEST_SKIP() << "needs the right to make user namespaces "
                    "(kernel.unprivileged_userns_clone)";
  }
  const int exit_code = AsOrdinaryUser([] {
    if (!EnterUserNamespaceIfNeeded().ok()) return 1;
    struct stat before {};
    struct stat after {};
    stat("/proc/self/ns/user", &before);
    if (!EnterUserNamespaceIfNeeded().ok()) return 2;
    stat("/proc/self/ns/user", &after);
    return before.st_ino == after.st_ino ? 0 : 3;
  });
  EXPECT_EQ(exit_code, 0);
}

}  // namespace
}  // namespace fairway::runtime::process
