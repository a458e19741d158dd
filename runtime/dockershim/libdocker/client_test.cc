// SPDX-License-Identifier: Apache-2.0
// The client against a server that answers as an engine does.
#include "runtime/dockershim/libdocker/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http/handler.h"
#include "net/http/server.h"
#include "net/socket/socket.h"

namespace fairway::runtime::dockershim::libdocker {
namespace {

namespace http = net::http;
using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Answer {
  int status = 200;
  std::string body;
};

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fwld.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    answers_["GET /version"] = {200,
                                R"({"Version":"20.10.5","ApiVersion":"1.40"})"};
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Runs `body` with a client of the server.
  absl::Status WithClient(
      const std::function<Task<absl::Status>(Client&)>& body) {
    return RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      const std::string path = directory_ + "/s";
      auto listener = net::ListenUnix(executor, path);
      if (!listener.ok()) co_return listener.status();
      http::Handler handler = [this](http::ServerRequest& request,
                                     http::ResponseWriter& writer) {
        return Serve(request, writer);
      };
      auto server = http::NewServer(executor, handler, http::ServerOptions());
      TaskGroup serving(executor);
      serving.Spawn([&]() -> Task<absl::Status> {
        return server->Serve(*std::move(listener));
      });
      auto client = ConnectToDocker(executor, "unix://" + path);
      if (!client.ok()) co_return client.status();
      absl::Status status = co_await body(**client);
      client->reset();
      co_await server->Shutdown(absl::ZeroDuration());
      co_await serving.Join();
      co_return status;
    });
  }

  Task<absl::Status> Serve(http::ServerRequest& request,
                           http::ResponseWriter& writer) {
    std::string line = absl::StrCat(request.method, " ", request.url.path);
    auto answer = answers_.find(line);
    if (!request.url.raw_query.empty()) {
      absl::StrAppend(&line, "?", request.url.raw_query);
    }
    requests_.push_back(line);
    absl::StatusOr<std::string> body =
        co_await http::ReadAll(*request.body, 1 << 20);
    if (body.ok()) last_body_ = *body;
    const Answer found = answer == answers_.end()
                             ? Answer{404, R"({"message":"page not found"})"}
                             : answer->second;
    absl::Status sent = co_await http::Respond(writer, found.status,
                                               "application/json", found.body);
    co_return sent;
  }

  std::string directory_;
  std::map<std::string, Answer> answers_;  // by "METHOD PATH"
  std::vector<std::string> requests_;
  std::string last_body_;
};

TEST_F(ClientTest, SpeaksTheEnginesVersionIfItIsOlder) {
  answers_["GET /v1.40/containers/abc/json"] = {
      200, R"({"Id":"abc","Name":"/k8s_POD_p","State":{"Running":true,)"
           R"("Pid":42},"NetworkSettings":{"IPAddress":"172.17.0.2"}})"};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    absl::StatusOr<ContainerJson> container =
        co_await client.InspectContainer("abc");
    if (!container.ok()) co_return container.status();
    EXPECT_TRUE(container->state.running);
    EXPECT_EQ(container->state.pid, 42);
    EXPECT_EQ(container->ip_address, "172.17.0.2");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(requests_,
              ElementsAre("GET /version", "GET /v1.40/containers/abc/json"));
}

TEST_F(ClientTest, NewerEngineIsSpokenToInTheVersionThatWasTried) {
  answers_["GET /version"] = {200, R"({"ApiVersion":"1.47"})"};
  answers_["POST /v1.41/containers/abc/start"] = {204, ""};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    absl::Status started = co_await client.StartContainer("abc");
    co_return started;
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ClientTest, ErrorsHaveTheEnginesWords) {
  answers_["GET /v1.40/containers/abc/json"] = {
      404, R"({"message":"No such container: abc"})"};
  answers_["POST /v1.40/containers/create"] = {
      409, R"({"message":"Conflict. The name is in use"})"};
  answers_["POST /v1.40/containers/abc/start"] = {500, "not JSON\n"};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    absl::StatusOr<ContainerJson> missing =
        co_await client.InspectContainer("abc");
    EXPECT_THAT(missing,
                StatusIs(StatusCode::kNotFound,
                         "Error response from daemon: No such container: abc"));
    ContainerCreateConfig config;
    config.name = "n";
    absl::StatusOr<std::string> taken = co_await client.CreateContainer(config);
    EXPECT_THAT(taken, StatusIs(StatusCode::kAlreadyExists));
    absl::Status broken = co_await client.StartContainer("abc");
    EXPECT_THAT(broken, StatusIs(StatusCode::kInternal,
                                 "Error response from daemon: not JSON"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ClientTest, WhatIsAlreadySoIsNoError) {
  answers_["POST /v1.40/containers/abc/start"] = {304, ""};
  answers_["POST /v1.40/containers/abc/stop"] = {304, ""};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    absl::Status started = co_await client.StartContainer("abc");
    EXPECT_THAT(started, IsOk());
    absl::Status stopped =
        co_await client.StopContainer("abc", absl::Seconds(7));
    EXPECT_THAT(stopped, IsOk());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(requests_.back(), "POST /v1.40/containers/abc/stop?t=7");
}

TEST_F(ClientTest, CreationSendsNameAndHostConfig) {
  answers_["POST /v1.40/containers/create"] = {201, R"({"Id":"new"})"};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    ContainerCreateConfig config;
    config.name = "k8s_a b";
    config.image = "i:1";
    config.cmd.push_back("x");
    config.network_mode = "container:abc";
    config.oom_score_adj = -998;
    absl::StatusOr<std::string> id = co_await client.CreateContainer(config);
    EXPECT_EQ(id.value_or("none"), "new");
    co_return id.status();
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(requests_.back(), "POST /v1.40/containers/create?name=k8s_a+b");
  EXPECT_THAT(last_body_, HasSubstr(R"("Image":"i:1")"));
  EXPECT_THAT(last_body_, HasSubstr(R"("Cmd":["x"])"));
  EXPECT_THAT(last_body_, HasSubstr(R"("NetworkMode":"container:abc")"));
  EXPECT_THAT(last_body_, HasSubstr(R"("OomScoreAdj":-998)"));
}

TEST_F(ClientTest, ReferencesCannotLeaveTheirPath) {
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    absl::StatusOr<Image> image =
        co_await client.InspectImage("reg:5000/a/b:1?x=y");
    co_return image.status();
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(requests_.back(), "GET /v1.40/images/reg:5000/a/b:1%3Fx=y/json");
}

TEST_F(ClientTest, FailureInsideAPullIsAnError) {
  answers_["POST /v1.40/images/create"] = {
      200, "{\"status\":\"Pulling\"}\r\n{\"error\":\"no such manifest\"}\r\n"};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    absl::Status pulled = co_await client.PullImage("reg:5000/a");
    co_return pulled;
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kInternal, "no such manifest"));
  EXPECT_EQ(requests_.back(),
            "POST /v1.40/images/create?fromImage=reg%3A5000%2Fa&tag=latest");
}

TEST_F(ClientTest, AnswersThatAreNoJsonAreErrors) {
  answers_["GET /v1.40/containers/json"] = {200, "{}"};
  answers_["GET /v1.40/containers/abc/json"] = {200, "\xff["};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    ContainerFilter filter;
    absl::StatusOr<std::vector<Container>> list =
        co_await client.ListContainers(filter);
    EXPECT_THAT(list, StatusIs(StatusCode::kInternal));
    absl::StatusOr<ContainerJson> container =
        co_await client.InspectContainer("abc");
    EXPECT_THAT(container, StatusIs(StatusCode::kInternal));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ClientTest, EngineThatIsNotThereIsNamed) {
  absl::Status status = RunLoop([this]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto client = ConnectToDocker(executor, directory_ + "/nobody");
    if (!client.ok()) co_return client.status();
    absl::StatusOr<EngineVersion> version = co_await (*client)->Version();
    co_return version.status();
  });
  EXPECT_THAT(status, Not(IsOk()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("nobody"));
}

TEST_F(ClientTest, OnlyUnixSocketsAreEndpoints) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    co_return ConnectToDocker(executor, "tcp://127.0.0.1:2375").status();
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(ClientTest, FiltersAreJson) {
  answers_["GET /v1.40/containers/json"] = {
      200, R"([{"Id":"a","Names":["/n"],"State":"running","Created":5,)"
           R"("Labels":{"k":"v","odd":7}},17])"};
  absl::Status status = WithClient([](Client& client) -> Task<absl::Status> {
    ContainerFilter filter;
    filter.all = false;
    filter.labels["k"] = "v";
    absl::StatusOr<std::vector<Container>> list =
        co_await client.ListContainers(filter);
    if (!list.ok()) co_return list.status();
    EXPECT_EQ(list->size(), 2u);
    EXPECT_EQ((*list)[0].labels.size(), 1u);
    EXPECT_EQ((*list)[0].created_seconds, 5);
    EXPECT_EQ((*list)[1].id, "");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(requests_.back(),
            "GET /v1.40/containers/json?filters="
            "%7B%22label%22%3A%5B%22k%3Dv%22%5D%7D");
}

}  // namespace
}  // namespace fairway::runtime::dockershim::libdocker
