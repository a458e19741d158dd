// SPDX-License-Identifier: Apache-2.0
// The way to a pod's ports, by both dials.
#include "runtime/process/process_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "net/socket/socket.h"
#include "runtime/netns/testing/pod_fixture.h"
#include "runtime/testing/ask.h"

namespace fairway::runtime::process {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::HasSubstr;

// A pod that runs `program`, a pod_server, with `arguments`; returns its id
// when it listens.
Task<absl::StatusOr<std::string>> StartPod(ProcessService& service,
                                           std::string directory,
                                           std::string program,
                                           std::string arguments) {
  runtimeapi::RunPodSandboxRequest run;
  run.mutable_config()->mutable_metadata()->set_name("p");
  run.mutable_config()->set_log_directory(directory + "/logs");
  absl::StatusOr<runtimeapi::RunPodSandboxResponse> pod =
      co_await service.RunPodSandbox(std::move(run));
  if (!pod.ok()) co_return pod.status();
  runtimeapi::CreateContainerRequest create;
  create.set_pod_sandbox_id(pod->pod_sandbox_id());
  create.mutable_config()->set_log_path("c.log");
  create.mutable_config()->add_command(program);
  create.mutable_config()->add_args(arguments);
  absl::StatusOr<runtimeapi::CreateContainerResponse> container =
      co_await service.CreateContainer(std::move(create));
  if (!container.ok()) co_return container.status();
  runtimeapi::StartContainerRequest start;
  start.set_container_id(container->container_id());
  absl::StatusOr<runtimeapi::StartContainerResponse> started =
      co_await service.StartContainer(std::move(start));
  if (!started.ok()) co_return started.status();
  for (std::string word; word != "ready";) {
    std::ifstream(directory + "/logs/c.log") >> word;
    absl::Status slept = co_await Sleep(absl::Milliseconds(5));
    if (!slept.ok()) co_return slept;
  }
  co_return pod->pod_sandbox_id();
}

class ForwardingTest : public ::testing::TestWithParam<PortForwardDial> {
 protected:
  void SetUp() override {
    const std::string why = netns::NamespacesForbiddenBecause();
    if (!why.empty()) GTEST_SKIP() << why;
    char name[] = "/tmp/fwps.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_all(directory_);
    EXPECT_EQ(netns::CountChildren(), 0);
  }

  std::string directory_;
};

TEST_P(ForwardingTest, ReachesThePodUntilItIsStopped) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    ProcessService::Options options;
    options.root_directory = directory_ + "/root";
    options.port_forward_dial = GetParam();
    options.host_ip = "127.0.0.1";
    ProcessService service(executor, options);
    absl::Status started = co_await service.Start();
    if (!started.ok()) co_return started;
    absl::StatusOr<std::string> pod = co_await StartPod(
        service, directory_, fs::absolute("runtime/testing/pod_server"),
        "echo:80");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::string> echo = co_await Ask(service, *pod, 80, "ping");
    EXPECT_EQ(echo.value_or(echo.status().ToString()), "ping");
    absl::StatusOr<std::string> refused = co_await Ask(service, *pod, 81, "");
    EXPECT_THAT(refused, StatusIs(StatusCode::kUnavailable,
                                  HasSubstr("onnection refused")));
    absl::StatusOr<std::string> invalid = co_await Ask(service, *pod, -1, "");
    EXPECT_EQ(invalid.status().message(), "invalid port -1");
    runtimeapi::StopPodSandboxRequest stop;
    stop.set_pod_sandbox_id(*pod);
    absl::StatusOr<runtimeapi::StopPodSandboxResponse> stopped =
        co_await service.StopPodSandbox(std::move(stop));
    EXPECT_THAT(stopped, IsOk());
    absl::StatusOr<std::string> gone = co_await Ask(service, *pod, 80, "");
    EXPECT_EQ(gone.status().message(),
              absl::StrCat("container not running (", *pod, ")"));
    absl::Status ended = co_await service.Stop(absl::Seconds(1));
    co_return ended;
  });
  EXPECT_THAT(status, IsOk());
}

// What a pod's address, the network's condition and the answer of its echo are
// for an ordinary user: "IP REASON ANSWER".
std::string NetworkOfOrdinaryUsersPod(const std::string& directory,
                                      PortForwardDial dial, uint16_t port) {
  std::string result;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    ProcessService::Options options;
    options.root_directory = directory + "/root";
    options.host_ip = "192.0.2.1";
    options.port_forward_dial = dial;
    ProcessService service(executor, options);
    absl::Status started = co_await service.Start();
    if (!started.ok()) co_return started;
    const std::string echo = absl::StrCat("echo:", port);
    absl::StatusOr<std::string> pod =
        co_await StartPod(service, directory, directory + "/pod_server", echo);
    if (!pod.ok()) co_return pod.status();
    runtimeapi::PodSandboxStatusRequest ask;
    ask.set_pod_sandbox_id(*pod);
    absl::StatusOr<runtimeapi::PodSandboxStatusResponse> sandbox =
        co_await service.PodSandboxStatus(std::move(ask));
    if (!sandbox.ok()) co_return sandbox.status();
    absl::StatusOr<runtimeapi::StatusResponse> conditions =
        co_await service.Status(runtimeapi::StatusRequest());
    if (!conditions.ok()) co_return conditions.status();
    absl::StatusOr<std::string> answer =
        co_await Ask(service, *pod, port, "ping");
    if (!answer.ok()) co_return answer.status();
    result =
        absl::StrCat(sandbox->status().network().ip(), " ",
                     conditions->status().conditions(1).reason(), " ", *answer);
    absl::Status stopped = co_await service.Stop(absl::ZeroDuration());
    co_return stopped;
  });
  return status.ok() ? result : status.ToString();
}

uint16_t FreePort() {
  uint16_t port = 0;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<net::Listener>> listener =
        net::ListenTcp(executor, "127.0.0.1", 0);
    if (listener.ok()) port = (*listener)->address().port;
    co_return listener.status();
  });
  EXPECT_THAT(status, IsOk());
  return port;
}

class SharedNetworkTest : public ::testing::TestWithParam<PortForwardDial> {};

TEST_P(SharedNetworkTest, WithoutNamespacesPodsAreOnTheHostsNetwork) {
  constexpr uid_t kNobody = 65534;
  char name[] = "/tmp/fwps.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  ASSERT_EQ(chmod(name, 0777), 0);
  // The test's own folders may be closed to others.
  fs::copy_file("runtime/testing/pod_server",
                std::string(name) + "/pod_server");
  const uint16_t port = FreePort();
  std::array<int, 2> out{};
  ASSERT_EQ(pipe(out.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(1);
    const std::string result =
        NetworkOfOrdinaryUsersPod(name, GetParam(), port);
    _exit(write(out[1], result.data(), result.size()) < 0 ? 1 : 0);
  }
  close(out[1]);
  std::string result(200, '\0');
  const ssize_t n = read(out[0], result.data(), result.size());
  close(out[0]);
  waitpid(child, nullptr, 0);
  result.resize(n < 0 ? 0 : n);
  EXPECT_EQ(result, "192.0.2.1 HostNetworkShared ping");
  fs::remove_all(name);
}

INSTANTIATE_TEST_SUITE_P(Dials, SharedNetworkTest,
                         ::testing::Values(PortForwardDial::kNetns,
                                           PortForwardDial::kSocat));

INSTANTIATE_TEST_SUITE_P(Dials, ForwardingTest,
                         ::testing::Values(PortForwardDial::kNetns,
                                           PortForwardDial::kSocat));

}  // namespace
}  // namespace fairway::runtime::process
