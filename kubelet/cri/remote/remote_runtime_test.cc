// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/remote/remote_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/grpc/grpc.h"
#include "net/socket/socket.h"

namespace fairway::kubelet::cri {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A runtime that answers each path with what the test says, and remembers who
// asked for what.
class FakeRuntime {
 public:
  explicit FakeRuntime(Executor executor)
      : server_(net::grpc::NewServer(executor)), task_(executor) {
    char name[] = "/tmp/fw-cri-XXXXXX";
    folder_ = mkdtemp(name);
    absl::StatusOr<std::unique_ptr<net::Listener>> listener =
        net::ListenUnix(executor, socket());
    EXPECT_THAT(listener, IsOk());
    listener_ = *std::move(listener);
    task_.Spawn([this]() -> Task<absl::Status> {
      absl::Status served = co_await server_->Serve(std::move(listener_));
      co_return served;
    });
  }
  ~FakeRuntime() {
    unlink(socket().c_str());
    rmdir(folder_.c_str());
  }

  std::string socket() const { return folder_ + "/s"; }
  std::string endpoint() const { return "unix://" + socket(); }

  template <typename Response>
  void Answer(const std::string& path, absl::StatusOr<Response> response) {
    server_->AddRawMethod(
        path,
        [this, path,
         response](std::string request) -> Task<absl::StatusOr<std::string>> {
          calls_.push_back(path);
          last_request_ = request;
          if (!response.ok()) co_return response.status();
          co_return response->SerializeAsString();
        });
  }

  void Hang(const std::string& path) {
    server_->AddRawMethod(
        path, [](std::string) -> Task<absl::StatusOr<std::string>> {
          absl::Status slept = co_await Sleep(absl::InfiniteDuration());
          co_return slept;
        });
  }

  const std::vector<std::string>& calls() const { return calls_; }
  const std::string& last_request() const { return last_request_; }

  Task<absl::Status> Stop() {
    absl::Status stopped = co_await server_->Shutdown(absl::Seconds(5));
    absl::Status joined = co_await task_.Join();
    joined.IgnoreError();
    co_return stopped;
  }

 private:
  std::unique_ptr<net::grpc::Server> server_;
  std::unique_ptr<net::Listener> listener_;
  TaskGroup task_;
  std::string folder_;
  std::vector<std::string> calls_;
  std::string last_request_;
};

runtimeapi::VersionResponse SomeVersion() {
  runtimeapi::VersionResponse version;
  version.set_version("0.1.0");
  version.set_runtime_name("fake");
  version.set_runtime_version("1.2.3");
  version.set_runtime_api_version("v1");
  return version;
}

constexpr char kV1[] = "/runtime.v1.RuntimeService/";
constexpr char kV1Alpha2[] = "/runtime.v1alpha2.RuntimeService/";

using Body = std::function<Task<absl::Status>(FakeRuntime&, RuntimeService&)>;

// Runs `body` with a client of a fake runtime, whose calls may take `timeout`.
absl::Status WithRuntime(absl::Duration timeout, Body body) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    FakeRuntime runtime(executor);
    absl::Status done;
    {
      std::unique_ptr<RuntimeService> service =
          NewRemoteRuntimeService(executor, runtime.endpoint(), timeout);
      done = co_await body(runtime, *service);
    }
    absl::Status stopped = co_await runtime.Stop();
    EXPECT_THAT(stopped, IsOk());
    co_return done;
  });
}

TEST(RemoteRuntimeTest, SpeaksV1WhereTheRuntimeDoes) {
  absl::Status result = WithRuntime(
      absl::Seconds(5),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        for (const char* service_name : {kV1, kV1Alpha2}) {
          runtime.Answer<runtimeapi::VersionResponse>(
              absl::StrCat(service_name, "Version"), SomeVersion());
        }
        for (int i = 0; i < 2; ++i) {
          runtimeapi::VersionRequest request;
          auto version = co_await service.Version(request);
          if (!version.ok()) co_return version.status();
          EXPECT_EQ(version->runtime_name(), "fake");
        }
        runtimeapi::VersionRequest sent;
        EXPECT_TRUE(sent.ParseFromString(runtime.last_request()));
        EXPECT_EQ(sent.version(), "0.1.0");
        // The version is asked for once.
        EXPECT_THAT(runtime.calls(),
                    ElementsAre("/runtime.v1.RuntimeService/Version",
                                "/runtime.v1.RuntimeService/Version",
                                "/runtime.v1.RuntimeService/Version"));
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(RemoteRuntimeTest, FallsBackToV1Alpha2) {
  absl::Status result = WithRuntime(
      absl::Seconds(5),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        runtime.Answer<runtimeapi::VersionResponse>(
            absl::StrCat(kV1Alpha2, "Version"), SomeVersion());
        runtimeapi::ListPodSandboxResponse list;
        list.add_items()->set_id("abc");
        runtime.Answer<runtimeapi::ListPodSandboxResponse>(
            absl::StrCat(kV1Alpha2, "ListPodSandbox"), list);
        runtimeapi::ListPodSandboxRequest request;
        (*request.mutable_filter()->mutable_label_selector())["k"] = "v";
        auto got = co_await service.ListPodSandbox(request);
        if (!got.ok()) co_return got.status();
        EXPECT_EQ(got->items_size(), 1);
        EXPECT_EQ(got->items(0).id(), "abc");
        runtimeapi::ListPodSandboxRequest sent;
        EXPECT_TRUE(sent.ParseFromString(runtime.last_request()));
        EXPECT_EQ(sent.filter().label_selector().at("k"), "v");
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(RemoteRuntimeTest, RuntimeWithoutCriIsUnimplementedUntilItHasIt) {
  absl::Status result = WithRuntime(
      absl::Seconds(5),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        runtimeapi::VersionRequest request;
        auto version = co_await service.Version(request);
        EXPECT_THAT(version, StatusIs(StatusCode::kUnimplemented,
                                      HasSubstr("runtime.v1.RuntimeService")));
        runtime.Answer<runtimeapi::VersionResponse>(
            absl::StrCat(kV1, "Version"), SomeVersion());
        version = co_await service.Version(request);
        co_return version.status();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(RemoteRuntimeTest, PortForwardNeedsAUrl) {
  absl::Status result = WithRuntime(
      absl::Seconds(5),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        runtime.Answer<runtimeapi::VersionResponse>(
            absl::StrCat(kV1, "Version"), SomeVersion());
        runtime.Answer<runtimeapi::PortForwardResponse>(
            absl::StrCat(kV1, "PortForward"),
            runtimeapi::PortForwardResponse());
        runtimeapi::PortForwardRequest request;
        request.set_pod_sandbox_id("s1");
        request.add_port(80);
        auto none = co_await service.PortForward(request);
        EXPECT_THAT(none, StatusIs(StatusCode::kInternal, "URL is not set"));
        runtimeapi::PortForwardResponse with_url;
        with_url.set_url("http://127.0.0.1:1/portforward/token");
        runtime.Answer<runtimeapi::PortForwardResponse>(
            absl::StrCat(kV1, "PortForward"), with_url);
        auto some = co_await service.PortForward(request);
        if (!some.ok()) co_return some.status();
        EXPECT_EQ(some->url(), with_url.url());
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(RemoteRuntimeTest, IncompleteAnswersAreErrors) {
  absl::Status result = WithRuntime(
      absl::Seconds(5),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        runtimeapi::VersionResponse nameless = SomeVersion();
        nameless.clear_runtime_name();
        runtime.Answer<runtimeapi::VersionResponse>(
            absl::StrCat(kV1, "Version"), nameless);
        auto version = co_await service.Version(runtimeapi::VersionRequest());
        EXPECT_THAT(version, StatusIs(StatusCode::kInternal,
                                      HasSubstr("not all fields are set")));
        runtime.Answer<runtimeapi::RunPodSandboxResponse>(
            absl::StrCat(kV1, "RunPodSandbox"),
            runtimeapi::RunPodSandboxResponse());
        auto run =
            co_await service.RunPodSandbox(runtimeapi::RunPodSandboxRequest());
        EXPECT_THAT(run, StatusIs(StatusCode::kInternal,
                                  HasSubstr("PodSandboxId is not set")));
        runtimeapi::PodSandboxStatusResponse status;
        status.mutable_status()->set_id("x");
        runtime.Answer<runtimeapi::PodSandboxStatusResponse>(
            absl::StrCat(kV1, "PodSandboxStatus"), status);
        auto sandbox = co_await service.PodSandboxStatus(
            runtimeapi::PodSandboxStatusRequest());
        EXPECT_THAT(sandbox, StatusIs(StatusCode::kInternal,
                                      "status.Metadata is not set"));
        runtime.Answer<runtimeapi::StatusResponse>(
            absl::StrCat(kV1, "Status"), runtimeapi::StatusResponse());
        auto conditions = co_await service.Status(runtimeapi::StatusRequest());
        EXPECT_THAT(conditions,
                    StatusIs(StatusCode::kInternal,
                             "RuntimeReady or NetworkReady condition are not "
                             "set"));
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(RemoteRuntimeTest, RuntimesErrorKeepsItsCode) {
  absl::Status result = WithRuntime(
      absl::Seconds(5),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        runtime.Answer<runtimeapi::VersionResponse>(
            absl::StrCat(kV1, "Version"), SomeVersion());
        runtime.Answer<runtimeapi::PodSandboxStatusResponse>(
            absl::StrCat(kV1, "PodSandboxStatus"),
            absl::NotFoundError("sandbox not found"));
        auto status = co_await service.PodSandboxStatus(
            runtimeapi::PodSandboxStatusRequest());
        co_return status.status();
      });
  EXPECT_THAT(result, StatusIs(StatusCode::kNotFound, "sandbox not found"));
}

TEST(RemoteRuntimeTest, CallsEndAfterTheTimeout) {
  absl::Status result = WithRuntime(
      absl::Milliseconds(50),
      [](FakeRuntime& runtime, RuntimeService& service) -> Task<absl::Status> {
        runtime.Answer<runtimeapi::VersionResponse>(
            absl::StrCat(kV1, "Version"), SomeVersion());
        runtime.Hang(absl::StrCat(kV1, "Status"));
        auto status = co_await service.Status(runtimeapi::StatusRequest());
        co_return status.status();
      });
  EXPECT_THAT(result, StatusIs(StatusCode::kDeadlineExceeded,
                               "context deadline exceeded"));
}

TEST(RemoteRuntimeTest, AbsentRuntimeIsUnavailable) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::unique_ptr<RuntimeService> service =
        NewRemoteRuntimeService(executor, "unix:///tmp/fw-no-such/s");
    auto version = co_await service->Version(runtimeapi::VersionRequest());
    co_return version.status();
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kUnavailable));
}

TEST(RemoteImageTest, ChecksWhatTheRuntimeSays) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    FakeRuntime runtime(executor);
    {
      std::unique_ptr<ImageManagerService> service =
          NewRemoteImageService(executor, runtime.endpoint(), absl::Seconds(5));
      const std::string prefix = "/runtime.v1alpha2.ImageService/";
      runtimeapi::ImageStatusResponse status;
      runtime.Answer<runtimeapi::ImageStatusResponse>(prefix + "ImageStatus",
                                                      status);
      runtimeapi::ImageStatusRequest request;
      request.mutable_image()->set_image("busybox");
      auto absent = co_await service->ImageStatus(request);
      EXPECT_THAT(absent, IsOk());
      EXPECT_FALSE(absent.ok() && absent->has_image());
      status.mutable_image()->set_id("sha256:1");
      runtime.Answer<runtimeapi::ImageStatusResponse>(prefix + "ImageStatus",
                                                      status);
      auto sizeless = co_await service->ImageStatus(request);
      EXPECT_THAT(sizeless,
                  StatusIs(StatusCode::kInternal,
                           "Id or size of image \"busybox\" is not set"));
      runtime.Answer<runtimeapi::PullImageResponse>(
          prefix + "PullImage", runtimeapi::PullImageResponse());
      runtimeapi::PullImageRequest pull;
      pull.mutable_image()->set_image("busybox");
      auto pulled = co_await service->PullImage(pull);
      EXPECT_THAT(pulled, StatusIs(StatusCode::kInternal,
                                   "imageRef of image \"busybox\" is not set"));
    }
    absl::Status stopped = co_await runtime.Stop();
    co_return stopped;
  });
  EXPECT_THAT(result, IsOk());
}

}  // namespace
}  // namespace fairway::kubelet::cri
