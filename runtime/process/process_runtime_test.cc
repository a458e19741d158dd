// SPDX-License-Identifier: Apache-2.0
// The runtime as a kubelet sees it: over CRI on a Unix socket.
#include "runtime/process/process_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/file/read_file.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/cri/services.h"
#include "net/grpc/grpc.h"
#include "net/socket/socket.h"
#include "runtime/cri/cri_server.h"
#include "runtime/netns/testing/pod_fixture.h"

namespace fairway::runtime::process {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// A runtime behind its socket, and a client.
struct Bench {
  std::string directory;
  std::unique_ptr<net::grpc::Channel> channel;

  template <typename Response, typename Request>
  Task<absl::StatusOr<Response>> Call(const char* method, Request request) {
    const std::string path =
        absl::StrCat("/runtime.v1.RuntimeService/", method);
    absl::StatusOr<Response> response = co_await channel->Call<Response>(
        path, std::move(request), absl::Seconds(20));
    co_return response;
  }
};

runtimeapi::PodSandboxConfig PodConfig(const Bench& bench,
                                       const std::string& name) {
  runtimeapi::PodSandboxConfig config;
  config.mutable_metadata()->set_name(name);
  config.mutable_metadata()->set_namespace_("default");
  config.mutable_metadata()->set_uid("uid-of-" + name);
  config.set_hostname(name);
  config.set_log_directory(bench.directory + "/logs-of-" + name);
  (*config.mutable_labels())["app"] = name;
  return config;
}

Task<absl::StatusOr<std::string>> RunPod(Bench& bench, std::string name) {
  runtimeapi::RunPodSandboxRequest request;
  *request.mutable_config() = PodConfig(bench, name);
  auto response = co_await bench.Call<runtimeapi::RunPodSandboxResponse>(
      "RunPodSandbox", std::move(request));
  if (!response.ok()) co_return response.status();
  co_return response->pod_sandbox_id();
}

// Runs `script` by a shell.
Task<absl::StatusOr<std::string>> CreateContainer(Bench& bench, std::string pod,
                                                  std::string script) {
  runtimeapi::CreateContainerRequest request;
  request.set_pod_sandbox_id(pod);
  runtimeapi::ContainerConfig& config = *request.mutable_config();
  config.mutable_metadata()->set_name("c");
  config.mutable_image()->set_image("any:1");
  config.set_log_path("c/0.log");
  if (!script.empty()) {
    config.add_command("sh");
    config.add_args("-c");
    config.add_args(script);
  }
  auto response = co_await bench.Call<runtimeapi::CreateContainerResponse>(
      "CreateContainer", std::move(request));
  if (!response.ok()) co_return response.status();
  co_return response->container_id();
}

Task<absl::Status> StartContainer(Bench& bench, std::string id) {
  runtimeapi::StartContainerRequest request;
  request.set_container_id(id);
  auto response = co_await bench.Call<runtimeapi::StartContainerResponse>(
      "StartContainer", std::move(request));
  co_return response.status();
}

Task<absl::Status> StopContainer(Bench& bench, std::string id, int timeout) {
  runtimeapi::StopContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(timeout);
  auto response = co_await bench.Call<runtimeapi::StopContainerResponse>(
      "StopContainer", std::move(request));
  co_return response.status();
}

Task<absl::StatusOr<runtimeapi::ContainerStatus>> StatusOfContainer(
    Bench& bench, std::string id) {
  runtimeapi::ContainerStatusRequest request;
  request.set_container_id(id);
  auto response = co_await bench.Call<runtimeapi::ContainerStatusResponse>(
      "ContainerStatus", std::move(request));
  if (!response.ok()) co_return response.status();
  co_return response->status();
}

Task<absl::StatusOr<runtimeapi::PodSandboxStatus>> StatusOfPod(Bench& bench,
                                                               std::string id) {
  runtimeapi::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(id);
  auto response = co_await bench.Call<runtimeapi::PodSandboxStatusResponse>(
      "PodSandboxStatus", std::move(request));
  if (!response.ok()) co_return response.status();
  co_return response->status();
}

// Asks until the container has ended.
Task<absl::StatusOr<runtimeapi::ContainerStatus>> AwaitExit(Bench& bench,
                                                            std::string id) {
  for (;;) {
    absl::StatusOr<runtimeapi::ContainerStatus> status =
        co_await StatusOfContainer(bench, id);
    if (!status.ok() || status->state() == runtimeapi::CONTAINER_EXITED) {
      co_return status;
    }
    absl::Status slept = co_await Sleep(absl::Milliseconds(5));
    if (!slept.ok()) co_return slept;
  }
}

class ProcessRuntimeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why = netns::NamespacesForbiddenBecause();
    if (!why.empty()) GTEST_SKIP() << why;
    char name[] = "/tmp/fwpr.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_all(directory_);
    EXPECT_EQ(netns::CountChildren(), 0);
  }

  absl::Status WithRuntime(
      const std::function<Task<absl::Status>(Bench&)>& body) {
    return RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      ProcessRuntimeOptions options;
      options.root_directory = directory_ + "/root";
      options.streaming.base_url = "/cri/";
      auto runtime = NewProcessRuntime(executor, options);
      if (!runtime.ok()) co_return runtime.status();
      absl::Status started = co_await (*runtime)->Start();
      if (!started.ok()) co_return started;
      auto server = net::grpc::NewServer(executor);
      cri::RegisterRuntimeService(*server, (*runtime)->runtime_service());
      cri::RegisterImageService(*server, (*runtime)->image_service());
      auto listener = net::ListenUnix(executor, directory_ + "/cri.sock");
      if (!listener.ok()) co_return listener.status();
      TaskGroup serving(executor);
      serving.Spawn([&]() -> Task<absl::Status> {
        return server->Serve(*std::move(listener));
      });
      Bench bench{directory_, net::grpc::NewUnixChannel(
                                  executor, directory_ + "/cri.sock")};
      absl::Status status = co_await WithDeadline(
          absl::Seconds(25), "test", [&]() -> Task<absl::Status> {
            absl::Status ran = co_await body(bench);
            co_return ran;
          });
      bench.channel.reset();
      co_await server->Shutdown(absl::ZeroDuration());
      co_await serving.Join();
      absl::Status stopped = co_await (*runtime)->Stop();
      status.Update(stopped);
      co_return status;
    });
  }

  std::string directory_;
};

TEST_F(ProcessRuntimeTest, AnswersVersionAndStatus) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    auto version = co_await bench.Call<runtimeapi::VersionResponse>(
        "Version", runtimeapi::VersionRequest());
    if (!version.ok()) co_return version.status();
    EXPECT_EQ(version->version(), "0.1.0");
    EXPECT_EQ(version->runtime_name(), "process");
    auto ready = co_await bench.Call<runtimeapi::StatusResponse>(
        "Status", runtimeapi::StatusRequest());
    if (!ready.ok()) co_return ready.status();
    EXPECT_EQ(ready->status().conditions_size(), 2);
    for (const auto& condition : ready->status().conditions()) {
      EXPECT_TRUE(condition.status()) << condition.type();
    }
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, PodHasAnAddressAndGoesThroughItsLife) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::string> id = co_await RunPod(bench, "web");
    if (!id.ok()) co_return id.status();
    absl::StatusOr<runtimeapi::PodSandboxStatus> pod =
        co_await StatusOfPod(bench, *id);
    if (!pod.ok()) co_return pod.status();
    EXPECT_EQ(pod->state(), runtimeapi::SANDBOX_READY);
    EXPECT_THAT(pod->network().ip(), MatchesRegex("198\\.1[89]\\..*"));
    EXPECT_EQ(pod->labels().at("app"), "web");
    absl::StatusOr<std::string> again = co_await RunPod(bench, "web");
    EXPECT_THAT(again, StatusIs(StatusCode::kAlreadyExists));

    runtimeapi::StopPodSandboxRequest stop;
    stop.set_pod_sandbox_id(*id);
    auto stopped = co_await bench.Call<runtimeapi::StopPodSandboxResponse>(
        "StopPodSandbox", std::move(stop));
    EXPECT_THAT(stopped, IsOk());
    absl::StatusOr<runtimeapi::PodSandboxStatus> after =
        co_await StatusOfPod(bench, *id);
    if (!after.ok()) co_return after.status();
    EXPECT_EQ(after->state(), runtimeapi::SANDBOX_NOTREADY);
    runtimeapi::RemovePodSandboxRequest remove;
    remove.set_pod_sandbox_id(*id);
    auto removed = co_await bench.Call<runtimeapi::RemovePodSandboxResponse>(
        "RemovePodSandbox", std::move(remove));
    EXPECT_THAT(removed, IsOk());
    absl::StatusOr<runtimeapi::PodSandboxStatus> gone =
        co_await StatusOfPod(bench, *id);
    EXPECT_THAT(gone, StatusIs(StatusCode::kNotFound));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, ContainersExitIsNoticedAndItsOutputKept) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::string> pod = co_await RunPod(bench, "p");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::string> id = co_await CreateContainer(
        bench, *pod, "echo out; echo err >&2; echo $HOSTNAME; exit 3");
    if (!id.ok()) co_return id.status();
    absl::Status started = co_await StartContainer(bench, *id);
    if (!started.ok()) co_return started;
    absl::StatusOr<runtimeapi::ContainerStatus> ended =
        co_await AwaitExit(bench, *id);
    if (!ended.ok()) co_return ended.status();
    EXPECT_EQ(ended->exit_code(), 3);
    EXPECT_EQ(ended->reason(), "Error");
    EXPECT_GE(ended->finished_at(), ended->started_at());
    EXPECT_EQ(ended->log_path(), bench.directory + "/logs-of-p/c/0.log");
    EXPECT_EQ(ReadFile(ended->log_path()).value_or(""), "out\nerr\np\n");
    // A container starts only once.
    absl::Status again = co_await StartContainer(bench, *id);
    EXPECT_THAT(again, StatusIs(StatusCode::kFailedPrecondition));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, StopLetsAContainerEndInGoodOrder) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::string> pod = co_await RunPod(bench, "p");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::string> id = co_await CreateContainer(
        bench, *pod,
        "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
    if (!id.ok()) co_return id.status();
    absl::Status started = co_await StartContainer(bench, *id);
    if (!started.ok()) co_return started;
    const std::string log = bench.directory + "/logs-of-p/c/0.log";
    while (ReadFile(log).value_or("").empty())
      co_await Sleep(absl::Milliseconds(5));
    absl::Status stopped = co_await StopContainer(bench, *id, 20);
    EXPECT_THAT(stopped, IsOk());
    absl::StatusOr<runtimeapi::ContainerStatus> ended =
        co_await StatusOfContainer(bench, *id);
    if (!ended.ok()) co_return ended.status();
    EXPECT_EQ(ended->state(), runtimeapi::CONTAINER_EXITED);
    EXPECT_EQ(ended->exit_code(), 0);
    EXPECT_EQ(ended->reason(), "Completed");
    // The signal goes to the whole group, and the shell may tell of its child.
    EXPECT_THAT(ReadFile(log).value_or(""), EndsWith("bye\n"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, StopKillsTheWholeGroupAfterTheTimeout) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::string> pod = co_await RunPod(bench, "p");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::string> id = co_await CreateContainer(
        bench, *pod, "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000");
    if (!id.ok()) co_return id.status();
    absl::Status started = co_await StartContainer(bench, *id);
    if (!started.ok()) co_return started;
    const std::string log = bench.directory + "/logs-of-p/c/0.log";
    while (ReadFile(log).value_or("").empty())
      co_await Sleep(absl::Milliseconds(5));
    absl::Status stopped = co_await StopContainer(bench, *id, 1);
    EXPECT_THAT(stopped, IsOk());
    absl::StatusOr<runtimeapi::ContainerStatus> ended =
        co_await StatusOfContainer(bench, *id);
    if (!ended.ok()) co_return ended.status();
    EXPECT_EQ(ended->exit_code(), 137);
    // The sleeper is init's child now, and init reaps it soon.
    const std::string sleeper = "/proc/" + ReadFile(log).value_or("");
    const std::string path = sleeper.substr(0, sleeper.find('\n'));
    while (fs::exists(path)) co_await Sleep(absl::Milliseconds(5));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, ContainerThatCannotRunIsExited) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::string> pod = co_await RunPod(bench, "p");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::string> none =
        co_await CreateContainer(bench, *pod, "");
    EXPECT_THAT(none, StatusIs(StatusCode::kInvalidArgument,
                               HasSubstr("command is needed")));
    runtimeapi::CreateContainerRequest request;
    request.set_pod_sandbox_id(*pod);
    request.mutable_config()->mutable_metadata()->set_name("x");
    request.mutable_config()->add_command("no-such-program");
    auto created = co_await bench.Call<runtimeapi::CreateContainerResponse>(
        "CreateContainer", std::move(request));
    if (!created.ok()) co_return created.status();
    const std::string id = created->container_id();
    absl::Status started = co_await StartContainer(bench, id);
    EXPECT_THAT(started, StatusIs(StatusCode::kNotFound,
                                  HasSubstr("not found in $PATH")));
    absl::StatusOr<runtimeapi::ContainerStatus> ended =
        co_await StatusOfContainer(bench, id);
    if (!ended.ok()) co_return ended.status();
    EXPECT_EQ(ended->state(), runtimeapi::CONTAINER_EXITED);
    EXPECT_EQ(ended->reason(), "ContainerCannotRun");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, TwoPodsMayServeTheSamePort) {
  const std::string server = fs::absolute("runtime/testing/pod_server");
  absl::Status status = WithRuntime([&](Bench& bench) -> Task<absl::Status> {
    std::string ips[2];
    for (int i = 0; i < 2; ++i) {
      const std::string name = i == 0 ? "one" : "two";
      absl::StatusOr<std::string> pod = co_await RunPod(bench, name);
      if (!pod.ok()) co_return pod.status();
      absl::StatusOr<runtimeapi::PodSandboxStatus> pod_status =
          co_await StatusOfPod(bench, *pod);
      if (!pod_status.ok()) co_return pod_status.status();
      ips[i] = pod_status->network().ip();
      const std::string script = "exec " + server + " echo:80";
      absl::StatusOr<std::string> id =
          co_await CreateContainer(bench, *pod, script);
      if (!id.ok()) co_return id.status();
      absl::Status started = co_await StartContainer(bench, *id);
      if (!started.ok()) co_return started;
      const std::string log = bench.directory + "/logs-of-" + name + "/c/0.log";
      while (ReadFile(log).value_or("").empty())
        co_await Sleep(absl::Milliseconds(5));
      EXPECT_EQ(ReadFile(log).value_or(""), "ready\n");
    }
    EXPECT_NE(ips[0], ips[1]);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, PortForwardGivesARelativeUrlWhileThePodIsReady) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::string> pod = co_await RunPod(bench, "p");
    if (!pod.ok()) co_return pod.status();
    runtimeapi::PortForwardRequest request;
    request.set_pod_sandbox_id(*pod);
    runtimeapi::PortForwardRequest again = request;
    auto response = co_await bench.Call<runtimeapi::PortForwardResponse>(
        "PortForward", std::move(request));
    if (!response.ok()) co_return response.status();
    EXPECT_THAT(response->url(), StartsWith("/cri/portforward/"));
    runtimeapi::StopPodSandboxRequest stop;
    stop.set_pod_sandbox_id(*pod);
    auto stopped = co_await bench.Call<runtimeapi::StopPodSandboxResponse>(
        "StopPodSandbox", std::move(stop));
    EXPECT_THAT(stopped, IsOk());
    auto refused = co_await bench.Call<runtimeapi::PortForwardResponse>(
        "PortForward", std::move(again));
    EXPECT_EQ(refused.status().message(),
              absl::StrCat("container not running (", *pod, ")"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ProcessRuntimeTest, PodOnTheHostsNetworkReportsTheHostsAddress) {
  absl::Status status = WithRuntime([](Bench& bench) -> Task<absl::Status> {
    runtimeapi::RunPodSandboxRequest request;
    *request.mutable_config() = PodConfig(bench, "host");
    request.mutable_config()
        ->mutable_linux()
        ->mutable_security_context()
        ->mutable_namespace_options()
        ->set_network(runtimeapi::NODE);
    auto response = co_await bench.Call<runtimeapi::RunPodSandboxResponse>(
        "RunPodSandbox", std::move(request));
    if (!response.ok()) co_return response.status();
    const std::string id = response->pod_sandbox_id();
    absl::StatusOr<runtimeapi::PodSandboxStatus> pod =
        co_await StatusOfPod(bench, id);
    if (!pod.ok()) co_return pod.status();
    EXPECT_EQ(pod->network().ip(), "127.0.0.1");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace
}  // namespace fairway::runtime::process
