// SPDX-License-Identifier: Apache-2.0
// The dockershim over a real engine, as a kubelet sees it: CRI on a Unix
// socket.
#include "runtime/dockershim/docker_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file/read_file.h"
#include "base/process/testing/as_root.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "kubelet/cri/services.h"
#include "net/grpc/grpc.h"
#include "net/socket/socket.h"
#include "runtime/cri/cri_server.h"
#include "runtime/dockershim/docker_streaming.h"
#include "runtime/dockershim/testing/docker_daemon.h"
#include "runtime/testing/ask.h"

namespace fairway::runtime::dockershim {
namespace {

const bool kIsRoot = RunAsRoot();

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kImage[] = "fairway.test/pod-server:1";

// An engine, a dockershim behind its socket, and a client of that.
struct Bench {
  DockerDaemon& daemon;
  net::grpc::Channel& channel;

  template <typename Response, typename Request>
  Task<absl::StatusOr<Response>> Call(const char* method, Request request) {
    const std::string path =
        absl::StrCat("/runtime.v1.RuntimeService/", method);
    absl::StatusOr<Response> response = co_await channel.Call<Response>(
        path, std::move(request), absl::Seconds(60));
    co_return response;
  }

  runtimeapi::PodSandboxConfig PodConfig() const {
    runtimeapi::PodSandboxConfig config;
    config.mutable_metadata()->set_name("web");
    config.mutable_metadata()->set_namespace_("default");
    config.mutable_metadata()->set_uid("4711");
    config.set_hostname("web");
    config.set_log_directory(daemon.directory() + "/logs");
    (*config.mutable_labels())["app"] = "web";
    (*config.mutable_annotations())["note"] = "a note";
    return config;
  }

  Task<absl::StatusOr<std::string>> RunPod(
      runtimeapi::PodSandboxConfig config) {
    runtimeapi::RunPodSandboxRequest request;
    *request.mutable_config() = std::move(config);
    auto response = co_await Call<runtimeapi::RunPodSandboxResponse>(
        "RunPodSandbox", std::move(request));
    if (!response.ok()) co_return response.status();
    co_return response->pod_sandbox_id();
  }

  // A container that runs with `argument`s, separated by spaces.
  Task<absl::StatusOr<std::string>> RunContainer(std::string pod,
                                                 std::string arguments) {
    runtimeapi::CreateContainerRequest create;
    create.set_pod_sandbox_id(pod);
    *create.mutable_sandbox_config() = PodConfig();
    runtimeapi::ContainerConfig& config = *create.mutable_config();
    config.mutable_metadata()->set_name("server");
    config.mutable_image()->set_image(kImage);
    config.set_log_path("server/0.log");
    std::stringstream words(arguments);
    for (std::string word; words >> word;) config.add_args(word);
    auto created = co_await Call<runtimeapi::CreateContainerResponse>(
        "CreateContainer", std::move(create));
    if (!created.ok()) co_return created.status();
    runtimeapi::StartContainerRequest start;
    start.set_container_id(created->container_id());
    auto started = co_await Call<runtimeapi::StartContainerResponse>(
        "StartContainer", std::move(start));
    if (!started.ok()) co_return started.status();
    co_return created->container_id();
  }

  Task<absl::StatusOr<runtimeapi::ContainerStatus>> StatusOfContainer(
      std::string id) {
    runtimeapi::ContainerStatusRequest request;
    request.set_container_id(id);
    auto response = co_await Call<runtimeapi::ContainerStatusResponse>(
        "ContainerStatus", std::move(request));
    if (!response.ok()) co_return response.status();
    co_return response->status();
  }

  Task<absl::StatusOr<runtimeapi::PodSandboxStatus>> StatusOfPod(
      std::string id) {
    runtimeapi::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(id);
    auto response = co_await Call<runtimeapi::PodSandboxStatusResponse>(
        "PodSandboxStatus", std::move(request));
    if (!response.ok()) co_return response.status();
    co_return response->status();
  }
};

// Runs `body` over a fresh engine with the image.
absl::Status WithDockershim(
    const std::function<Task<absl::Status>(Bench&)>& body) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<DockerDaemon>> daemon =
        co_await DockerDaemon::Start();
    if (!daemon.ok()) co_return daemon.status();
    std::string program = fs::absolute("runtime/testing/pod_server");
    absl::Status image = co_await (*daemon)->MakeImage(kImage, program);
    EXPECT_THAT(image, IsOk());
    DockerServiceOptions options;
    options.docker_endpoint = (*daemon)->endpoint();
    options.pod_infra_container_image = kImage;
    auto service = NewDockerService(executor, options);
    if (!service.ok()) co_return service.status();
    absl::Status started = co_await (*service)->Start();
    EXPECT_THAT(started, IsOk());
    auto server = net::grpc::NewServer(executor);
    cri::RegisterRuntimeService(*server, (*service)->runtime_service());
    cri::RegisterImageService(*server, (*service)->image_service());
    const std::string socket = (*daemon)->directory() + "/cri";
    auto listener = net::ListenUnix(executor, socket);
    if (!listener.ok()) co_return listener.status();
    TaskGroup serving(executor);
    serving.Spawn([&]() -> Task<absl::Status> {
      return server->Serve(*std::move(listener));
    });
    std::unique_ptr<net::grpc::Channel> channel =
        net::grpc::NewUnixChannel(executor, socket);
    Bench bench{**daemon, *channel};
    absl::Status status = co_await WithDeadline(
        absl::Seconds(40), "test", [&]() -> Task<absl::Status> {
          absl::Status ran = co_await body(bench);
          co_return ran;
        });
    channel.reset();
    co_await server->Shutdown(absl::ZeroDuration());
    co_await serving.Join();
    co_await (*service)->Stop();
    absl::Status stopped = co_await (*daemon)->Stop();
    status.Update(stopped);
    co_return status;
  });
}

Task<absl::Status> CheckForwarding(StreamingRuntime& runtime, std::string pod) {
  absl::StatusOr<std::string> echo = co_await Ask(runtime, pod, 80, "ping");
  EXPECT_EQ(echo.value_or(echo.status().ToString()), "ping");
  absl::StatusOr<std::string> late = co_await Ask(runtime, pod, 81, "words");
  EXPECT_EQ(late.value_or(late.status().ToString()), "words");
  absl::StatusOr<std::string> refused = co_await Ask(runtime, pod, 82, "");
  EXPECT_THAT(refused, StatusIs(StatusCode::kUnavailable,
                                HasSubstr("onnection refused")));
  absl::StatusOr<std::string> port = co_await Ask(runtime, pod, 65536, "");
  EXPECT_EQ(port.status().message(), "invalid port 65536");
  co_return absl::OkStatus();
}

class DockerServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(kIsRoot); }
};

TEST_F(DockerServiceTest, PodAndContainerGoThroughTheirLives) {
  absl::Status status = WithDockershim([](Bench& bench) -> Task<absl::Status> {
    auto version = co_await bench.Call<runtimeapi::VersionResponse>(
        "Version", runtimeapi::VersionRequest());
    if (!version.ok()) co_return version.status();
    EXPECT_EQ(version->runtime_name(), "docker");
    EXPECT_EQ(version->version(), "0.1.0");

    runtimeapi::PodSandboxConfig config = bench.PodConfig();
    absl::StatusOr<std::string> pod = co_await bench.RunPod(config);
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<runtimeapi::PodSandboxStatus> ready =
        co_await bench.StatusOfPod(*pod);
    if (!ready.ok()) co_return ready.status();
    EXPECT_EQ(ready->state(), runtimeapi::SANDBOX_READY);
    EXPECT_EQ(ready->metadata().uid(), "4711");
    EXPECT_THAT(ready->network().ip(), StartsWith("198.1"));
    EXPECT_EQ(ready->labels().size(), 1u);
    EXPECT_EQ(ready->annotations().at("note"), "a note");

    absl::StatusOr<std::string> id =
        co_await bench.RunContainer(*pod, "echo:80");
    if (!id.ok()) co_return id.status();
    absl::StatusOr<runtimeapi::ContainerStatus> running =
        co_await bench.StatusOfContainer(*id);
    if (!running.ok()) co_return running.status();
    EXPECT_EQ(running->state(), runtimeapi::CONTAINER_RUNNING);
    EXPECT_EQ(running->image().image(), kImage);
    EXPECT_THAT(running->image_ref(), StartsWith("docker://sha256:"));
    while (!absl::StrContains(ReadFile(running->log_path()).value_or(""),
                              "ready")) {
      co_await Sleep(absl::Milliseconds(5));
    }

    runtimeapi::ListContainersRequest list;
    list.mutable_filter()->set_pod_sandbox_id(*pod);
    auto listed = co_await bench.Call<runtimeapi::ListContainersResponse>(
        "ListContainers", std::move(list));
    if (!listed.ok()) co_return listed.status();
    EXPECT_EQ(listed->containers_size(), 1);

    runtimeapi::StopContainerRequest stop;
    stop.set_container_id(*id);
    stop.set_timeout(20);
    auto stopped = co_await bench.Call<runtimeapi::StopContainerResponse>(
        "StopContainer", std::move(stop));
    EXPECT_THAT(stopped, IsOk());
    absl::StatusOr<runtimeapi::ContainerStatus> ended =
        co_await bench.StatusOfContainer(*id);
    if (!ended.ok()) co_return ended.status();
    EXPECT_EQ(ended->state(), runtimeapi::CONTAINER_EXITED);
    EXPECT_EQ(ended->reason(), "Completed");

    runtimeapi::RemovePodSandboxRequest remove;
    remove.set_pod_sandbox_id(*pod);
    auto removed = co_await bench.Call<runtimeapi::RemovePodSandboxResponse>(
        "RemovePodSandbox", std::move(remove));
    EXPECT_THAT(removed, IsOk());
    EXPECT_FALSE(fs::is_symlink(ended->log_path()));
    absl::StatusOr<runtimeapi::PodSandboxStatus> gone =
        co_await bench.StatusOfPod(*pod);
    EXPECT_THAT(
        gone, StatusIs(StatusCode::kNotFound, HasSubstr("No such container")));
    absl::StatusOr<runtimeapi::ContainerStatus> gone_too =
        co_await bench.StatusOfContainer(*id);
    EXPECT_THAT(gone_too, StatusIs(StatusCode::kNotFound));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(DockerServiceTest, PortsAreReachedByBothDials) {
  absl::Status status = WithDockershim([](Bench& bench) -> Task<absl::Status> {
    runtimeapi::PodSandboxConfig config = bench.PodConfig();
    absl::StatusOr<std::string> pod = co_await bench.RunPod(config);
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::string> id =
        co_await bench.RunContainer(*pod, "echo:80 late:81:700");
    if (!id.ok()) co_return id.status();
    const std::string log = bench.daemon.directory() + "/logs/server/0.log";
    while (!absl::StrContains(ReadFile(log).value_or(""), "ready")) {
      co_await Sleep(absl::Milliseconds(5));
    }
    StreamingRuntime by_netns(bench.daemon.client(), PortForwardDial::kNetns);
    StreamingRuntime by_socat(bench.daemon.client(), PortForwardDial::kSocat);
    co_await CheckForwarding(by_netns, *pod);
    co_await CheckForwarding(by_socat, *pod);

    runtimeapi::StopPodSandboxRequest stop;
    stop.set_pod_sandbox_id(*pod);
    auto stopped = co_await bench.Call<runtimeapi::StopPodSandboxResponse>(
        "StopPodSandbox", std::move(stop));
    EXPECT_THAT(stopped, IsOk());
    const std::string not_running =
        absl::StrCat("container not running (", *pod, ")");
    absl::StatusOr<std::string> netns = co_await Ask(by_netns, *pod, 80, "");
    EXPECT_EQ(netns.status().message(), not_running);
    absl::StatusOr<std::string> socat = co_await Ask(by_socat, *pod, 80, "");
    EXPECT_EQ(socat.status().message(), not_running);
    runtimeapi::PortForwardRequest request;
    request.set_pod_sandbox_id(*pod);
    auto refused = co_await bench.Call<runtimeapi::PortForwardResponse>(
        "PortForward", std::move(request));
    EXPECT_EQ(refused.status().message(), not_running);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(DockerServiceTest, ExitCodeAndHostNetworkAreReported) {
  absl::Status status = WithDockershim([](Bench& bench) -> Task<absl::Status> {
    runtimeapi::PodSandboxConfig config = bench.PodConfig();
    config.mutable_linux()
        ->mutable_security_context()
        ->mutable_namespace_options()
        ->set_network(runtimeapi::NODE);
    absl::StatusOr<std::string> pod = co_await bench.RunPod(std::move(config));
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<runtimeapi::PodSandboxStatus> ready =
        co_await bench.StatusOfPod(*pod);
    if (!ready.ok()) co_return ready.status();
    EXPECT_EQ(ready->network().ip(), "");
    EXPECT_EQ(ready->linux().namespaces().options().network(),
              runtimeapi::NODE);
    absl::StatusOr<std::string> id =
        co_await bench.RunContainer(*pod, "exit:7");
    if (!id.ok()) co_return id.status();
    for (;;) {
      absl::StatusOr<runtimeapi::ContainerStatus> container =
          co_await bench.StatusOfContainer(*id);
      if (!container.ok()) co_return container.status();
      if (container->state() == runtimeapi::CONTAINER_EXITED) {
        EXPECT_EQ(container->exit_code(), 7);
        EXPECT_EQ(container->reason(), "Error");
        co_return absl::OkStatus();
      }
      co_await Sleep(absl::Milliseconds(10));
    }
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace
}  // namespace fairway::runtime::dockershim
