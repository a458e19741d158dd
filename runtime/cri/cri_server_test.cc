// SPDX-License-Identifier: Apache-2.0
#include "runtime/cri/cri_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::runtime::cri {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

// A grpc::Server without a wire.
class MethodTable final : public net::grpc::Server {
 public:
  void AddRawMethod(std::string path, net::grpc::RawMethod method) override {
    methods[std::move(path)] = std::move(method);
  }
  Task<absl::Status> Serve(std::unique_ptr<net::Listener>) override {
    co_return absl::OkStatus();
  }
  Task<absl::Status> Shutdown(absl::Duration) override {
    co_return absl::OkStatus();
  }

  absl::StatusOr<std::string> Call(const std::string& path,
                                   const std::string& request) {
    absl::StatusOr<std::string> answer = absl::UnknownError("not run");
    absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
      answer = co_await methods.at(path)(request);
      co_return answer.status();
    });
    if (!ran.ok()) return ran;
    return answer;
  }

  std::map<std::string, net::grpc::RawMethod> methods;
};

// Answers the calls that a runtime must have with their names.
template <typename Response>
Task<absl::StatusOr<Response>> Refuse(std::string name) {
  co_return absl::FailedPreconditionError(name);
}

class FakeService final : public kubelet::cri::RuntimeService,
                          public kubelet::cri::ImageManagerService {
 public:
#define FAKE(Method)                                         \
  Task<absl::StatusOr<runtimeapi::Method##Response>> Method( \
      runtimeapi::Method##Request) override {                \
    return Refuse<runtimeapi::Method##Response>(#Method);    \
  }
  FAKE(RunPodSandbox)
  FAKE(StopPodSandbox)
  FAKE(RemovePodSandbox)
  FAKE(PodSandboxStatus)
  FAKE(ListPodSandbox)
  FAKE(CreateContainer)
  FAKE(StartContainer)
  FAKE(StopContainer)
  FAKE(RemoveContainer)
  FAKE(ListContainers)
  FAKE(ContainerStatus)
  FAKE(Status)
  FAKE(Version)
  FAKE(ListImages)
  FAKE(ImageStatus)
  FAKE(PullImage)
  FAKE(RemoveImage)
#undef FAKE

  Task<absl::StatusOr<runtimeapi::PortForwardResponse>> PortForward(
      runtimeapi::PortForwardRequest request) override {
    runtimeapi::PortForwardResponse response;
    response.set_url(
        absl::StrCat(request.pod_sandbox_id(), ":", request.port(0)));
    co_return response;
  }
};

class CriServerTest : public ::testing::Test {
 protected:
  CriServerTest() {
    RegisterRuntimeService(server_, service_);
    RegisterImageService(server_, service_);
  }
  FakeService service_;
  MethodTable server_;
};

TEST_F(CriServerTest, EveryMethodOfTheApiIsThereInBothVersions) {
  // What protoc found in the API's definition is the measure.
  std::set<std::string> want;
  const google::protobuf::FileDescriptor* file =
      runtimeapi::VersionRequest::descriptor()->file();
  ASSERT_EQ(file->service_count(), 2);
  for (int i = 0; i < file->service_count(); ++i) {
    const google::protobuf::ServiceDescriptor* service = file->service(i);
    for (int j = 0; j < service->method_count(); ++j) {
      for (const char* version : {"v1", "v1alpha2"}) {
        want.insert(absl::StrCat("/runtime.", version, ".", service->name(),
                                 "/", service->method(j)->name()));
      }
    }
  }
  std::set<std::string> got;
  for (const auto& [path, method] : server_.methods) got.insert(path);
  EXPECT_EQ(got, want);
}

TEST_F(CriServerTest, EveryMethodCallsItsNamesake) {
  for (const auto& [path, method] : server_.methods) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name == "PortForward") continue;
    const absl::Status status = server_.Call(path, "").status();
    if (absl::IsUnimplemented(status)) {
      EXPECT_THAT(
          status,
          StatusIs(StatusCode::kUnimplemented,
                   HasSubstr(absl::StrCat("unknown method ", name, " for"))));
    } else {
      EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, name));
    }
  }
}

TEST_F(CriServerTest, RequestAndResponsePassInBothVersions) {
  runtimeapi::PortForwardRequest request;
  request.set_pod_sandbox_id("s1");
  request.add_port(8080);
  for (const char* version : {"v1", "v1alpha2"}) {
    absl::StatusOr<std::string> answer = server_.Call(
        absl::StrCat("/runtime.", version, ".RuntimeService/PortForward"),
        request.SerializeAsString());
    ASSERT_THAT(answer, IsOk());
    runtimeapi::PortForwardResponse response;
    ASSERT_TRUE(response.ParseFromString(*answer));
    EXPECT_EQ(response.url(), "s1:8080");
  }
}

TEST_F(CriServerTest, BytesThatAreNoMessageAreRefused) {
  EXPECT_THAT(server_.Call("/runtime.v1.RuntimeService/PortForward", "\xff"),
              StatusIs(StatusCode::kInternal));
}

}  // namespace
}  // namespace fairway::runtime::cri
