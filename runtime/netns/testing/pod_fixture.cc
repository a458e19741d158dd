// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/testing/pod_fixture.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/task/asio_status.h"
#include "base/task/loop.h"

namespace fairway::runtime::netns {

namespace fs = std::filesystem;

Task<absl::StatusOr<TestPod>> StartTestPod(std::string arguments) {
  Executor executor = co_await kThisExecutor;
  absl::StatusOr<std::unique_ptr<PodNetns>> netns =
      co_await PodNetns::Create("198.18.0.1");
  if (!netns.ok()) co_return netns.status();
  std::array<int, 2> out{};
  if (pipe(out.data()) != 0) co_return FromErrno(errno, "pipe");
  SubprocessOptions options;
  options.path = fs::absolute("runtime/testing/pod_server");
  options.argv =
      absl::StrSplit("pod_server " + arguments, ' ', absl::SkipEmpty());
  options.stdout_fd = out[1];
  options.stderr_fd = STDERR_FILENO;
  options.netns_fd = (*netns)->fd();
  absl::StatusOr<std::unique_ptr<Subprocess>> server =
      Subprocess::Start(executor, options);
  close(out[1]);
  std::array<char, 6> word{};
  const bool ready = server.ok() && read(out[0], word.data(), 6) == 6;
  close(out[0]);
  if (!server.ok()) co_return server.status();
  if (!ready) co_return absl::InternalError("pod_server: not ready");
  co_return TestPod{*std::move(netns), *std::move(server)};
}

std::string NamespacesForbiddenBecause() {
  std::string why;
  absl::Status ran = RunLoop([&why]() -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<PodNetns>> made =
        co_await PodNetns::Create("");
    if (absl::IsPermissionDenied(made.status())) {
      why = absl::StrCat("needs the right CAP_SYS_ADMIN: ",
                         made.status().message());
    }
    co_return absl::OkStatus();
  });
  return ran.ok() ? why : ran.ToString();
}

int CountDescriptors() {
  return std::distance(fs::directory_iterator("/proc/self/fd"),
                       fs::directory_iterator());
}

int CountChildren() {
  int count = 0;
  for (const fs::directory_entry& task :
       fs::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t pid; children >> pid;) ++count;
  }
  return count;
}

}  // namespace fairway::runtime::netns
