// SPDX-License-Identifier: Apache-2.0
// The daemon as a process: its flags, its socket, its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/process/subprocess.h"
#include "base/process/testing/as_root.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "kubelet/cri/services.h"
#include "net/grpc/grpc.h"
#include "runtime/dockershim/testing/docker_daemon.h"

namespace fairway::runtime::dockershim {
namespace {

const bool kIsRoot = RunAsRoot();

SubprocessOptions DockershimOptions(const DockerDaemon& engine,
                                    const std::string& socket) {
  SubprocessOptions options;
  options.path = std::filesystem::absolute("runtime/dockershim/dockershim");
  options.argv = {"dockershim",
                  "--docker-endpoint=" + engine.endpoint(),
                  "--listen=unix://" + socket,
                  "--port-forward-dial=socat",
                  "--pod-infra-container-image=pause:test",
                  "--streaming-bind-addr=127.0.0.1:0"};
  options.stderr_fd = STDERR_FILENO;
  return options;
}

// Asks until the daemon answers.
Task<absl::StatusOr<runtimeapi::VersionResponse>> AwaitVersion(
    net::grpc::Channel& channel) {
  for (;;) {
    runtimeapi::VersionRequest request;
    absl::StatusOr<runtimeapi::VersionResponse> version =
        co_await channel.Call<runtimeapi::VersionResponse>(
            "/runtime.v1alpha2.RuntimeService/Version", request,
            absl::Seconds(5));
    if (version.ok()) co_return version;
    absl::Status slept = co_await Sleep(absl::Milliseconds(20));
    if (!slept.ok()) co_return version.status();
  }
}

Task<absl::Status> CheckDaemon(DockerDaemon& engine) {
  Executor executor = co_await kThisExecutor;
  const std::string socket = engine.directory() + "/cri";
  SubprocessOptions options = DockershimOptions(engine, socket);
  auto daemon = Subprocess::Start(executor, options);
  if (!daemon.ok()) co_return daemon.status();
  auto channel = net::grpc::NewUnixChannel(executor, socket);
  absl::StatusOr<runtimeapi::VersionResponse> version =
      co_await AwaitVersion(*channel);
  if (!version.ok()) co_return version.status();
  EXPECT_EQ(version->runtime_name(), "docker");
  (*daemon)->SignalGroup(SIGTERM);
  absl::StatusOr<ExitState> ended = co_await (*daemon)->Wait();
  if (!ended.ok()) co_return ended.status();
  EXPECT_EQ(ended->ToString(), "exit status 0");
  EXPECT_FALSE(std::filesystem::exists(socket));
  co_return absl::OkStatus();
}

TEST(DockershimTest, ServesUntilItIsAskedToEnd) {
  ASSERT_TRUE(kIsRoot);
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<DockerDaemon>> engine =
        co_await DockerDaemon::Start();
    if (!engine.ok()) co_return engine.status();
    DockerDaemon* running = engine->get();
    std::function<Task<absl::Status>()> check =
        [running]() -> Task<absl::Status> { return CheckDaemon(*running); };
    std::string what = "test";
    absl::Status checked = co_await WithDeadline(
        absl::Seconds(30), std::move(what), std::move(check));
    absl::Status stopped = co_await (*engine)->Stop();
    checked.Update(stopped);
    co_return checked;
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace
}  // namespace fairway::runtime::dockershim
