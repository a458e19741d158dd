// SPDX-License-Identifier: Apache-2.0
// The streaming server as its clients meet it, over TCP.
#include "kubelet/cri/streaming/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/roundtripper.h"
#include "net/http/url.h"

namespace fairway::kubelet::cri::streaming {
namespace {

using absl::StatusCode;
using httpstream::Connection;
using httpstream::Stream;
using httpstream::spdy::SpdyRoundTripper;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Port 7 echoes, 1 refuses, 2 breaks behind "partial".
class FakeRuntime final : public Runtime {
 public:
  Task<absl::Status> PortForward(std::string pod_sandbox_id, int32_t port,
                                 net::ByteStream& stream) override {
    last_sandbox_ = std::move(pod_sandbox_id);
    if (port == 1) co_return absl::UnavailableError("connection refused");
    if (port == 2) {
      absl::Status status = co_await net::WriteAll(stream, "partial");
      if (status.ok()) status = absl::UnavailableError("reset by the pod");
      co_return ConnectionLost(status);
    }
    while (true) {
      char buf[1024];
      absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
      if (!n.ok()) co_return ConnectionLost(n.status());
      if (*n == 0) break;
      absl::string_view bytes(buf, *n);
      absl::Status written = co_await net::WriteAll(stream, bytes);
      if (!written.ok()) co_return ConnectionLost(written);
    }
    absl::Status closed = co_await stream.CloseWrite();
    co_return closed;
  }

  std::string last_sandbox_;
};

runtimeapi::PortForwardRequest RequestFor(absl::string_view sandbox) {
  runtimeapi::PortForwardRequest request;
  request.set_pod_sandbox_id(std::string(sandbox));
  return request;
}

// Runs `body` beside a server that is started, for at most five seconds.
void WithServer(std::function<Task<absl::Status>(Server&)> body,
                FakeRuntime* runtime, Config config = {}) {
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Server>> server =
        NewServer(executor, config, *runtime);
    if (!server.ok()) co_return server.status();
    absl::Status listening = (*server)->Listen();
    if (!listening.ok()) co_return listening;
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> { return (*server)->Start(); });
    absl::Status status = co_await WithDeadline(
        absl::Seconds(5), "test",
        [&]() -> Task<absl::Status> { return body(**server); });
    absl::Status stopped = co_await (*server)->Stop(absl::ZeroDuration());
    EXPECT_THAT(stopped, IsOk());
    absl::Status joined = co_await tasks.Join();
    EXPECT_THAT(joined, IsOk());
    co_return status;
  });
  EXPECT_THAT(result, IsOk());
}

net::http::Request UpgradeRequest(absl::string_view url) {
  net::http::Request request;
  request.method = "POST";
  absl::StatusOr<net::http::Url> parsed = net::http::ParseUrl(url);
  EXPECT_THAT(parsed, IsOk());
  if (parsed.ok()) request.url = *parsed;
  request.headers.Add(httpstream::kHeaderProtocolVersion,
                      httpstream::kPortForwardV1Name);
  return request;
}

Task<absl::StatusOr<std::unique_ptr<Connection>>> Upgrade(
    net::http::Request request) {
  SpdyRoundTripper round_tripper{httpstream::spdy::RoundTripperOptions()};
  absl::StatusOr<net::http::Response> response =
      co_await round_tripper.RoundTrip(std::move(request));
  if (!response.ok()) co_return response.status();
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      co_await round_tripper.NewConnection(*std::move(response));
  co_return connection;
}

struct StreamPair {
  std::unique_ptr<Stream> error;
  std::unique_ptr<Stream> data;
};

net::http::Headers StreamHeaders(absl::string_view type, int port) {
  net::http::Headers headers;
  headers.Add(httpstream::kStreamType, type);
  headers.Add(httpstream::kPortHeader, absl::StrCat(port));
  headers.Add(httpstream::kPortForwardRequestIDHeader, absl::StrCat("r", port));
  return headers;
}

Task<absl::StatusOr<StreamPair>> OpenPair(Connection& connection, int port) {
  StreamPair pair;
  net::http::Headers headers = StreamHeaders("error", port);
  absl::StatusOr<std::unique_ptr<Stream>> stream =
      co_await connection.CreateStream(headers);
  if (!stream.ok()) co_return stream.status();
  pair.error = *std::move(stream);
  absl::Status closed = co_await pair.error->CloseWrite();
  if (!closed.ok()) co_return closed;
  headers = StreamHeaders("data", port);
  stream = co_await connection.CreateStream(headers);
  if (!stream.ok()) co_return stream.status();
  pair.data = *std::move(stream);
  co_return pair;
}

// What came, and how it ended.
struct Heard {
  std::string bytes;
  absl::Status end;
};
Task<Heard> ReadToEnd(Stream& stream) {
  Heard heard;
  while (true) {
    char buf[1024];
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    heard.end = n.status();
    if (!n.ok() || *n == 0) co_return heard;
    heard.bytes.append(buf, *n);
  }
}

TEST(GetPortForwardTest, GivesUrls) {
  FakeRuntime runtime;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Config config;
    config.base_url = "/cri/";
    absl::StatusOr<std::unique_ptr<Server>> server =
        NewServer(executor, config, runtime);
    if (!server.ok()) co_return server.status();
    auto response = (*server)->GetPortForward(RequestFor("abc"));
    EXPECT_THAT(response, IsOk());
    EXPECT_THAT(response->url(), StartsWith("/cri/portforward/"));
    response = (*server)->GetPortForward(RequestFor(""));
    EXPECT_THAT(response, StatusIs(StatusCode::kInvalidArgument,
                                   "missing required pod_sandbox_id"));

    config.base_url = "";
    config.address = "localhost:0";
    server = NewServer(executor, config, runtime);
    if (!server.ok()) co_return server.status();
    EXPECT_THAT((*server)->Listen(), IsOk());
    response = (*server)->GetPortForward(RequestFor("abc"));
    EXPECT_THAT(response, IsOk());
    EXPECT_THAT(response->url(), StartsWith("http://127.0.0.1:"));
    EXPECT_FALSE(absl::StrContains(response->url(), ":0/"));
    EXPECT_THAT(response->url(), HasSubstr("/portforward/"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

TEST(GetPortForwardTest, KnowsItsUrls) {
  FakeRuntime runtime;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    for (const char* base_url :
         {"", "/cri/", "https://node:10010/streams/v1/"}) {
      Config config;
      config.base_url = base_url;
      absl::StatusOr<std::unique_ptr<Server>> server =
          NewServer(executor, config, runtime);
      if (!server.ok()) co_return server.status();
      EXPECT_THAT((*server)->Listen(), IsOk());
      auto response = (*server)->GetPortForward(RequestFor("abc"));
      if (!response.ok()) co_return response.status();
      const net::http::Url url = *net::http::ParseUrl(response->url());
      EXPECT_TRUE((*server)->Serves(url)) << response->url();
      using Change = std::function<void(net::http::Url&)>;
      const Change changes[] = {
          [](net::http::Url& u) { u.scheme = "ftp"; },
          [](net::http::Url& u) { u.host = "127.0.0.2"; },
          [](net::http::Url& u) { u.port = "1"; },
          [](net::http::Url& u) { u.path = "/other" + u.path; },
          [](net::http::Url& u) { u.path += "/more"; },
      };
      for (const Change& change : changes) {
        net::http::Url other = url;
        change(other);
        EXPECT_FALSE((*server)->Serves(other)) << other.ToString();
      }
    }
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

TEST(ServePortForwardTest, ForwardsRefusesAndResets) {
  FakeRuntime runtime;
  WithServer(
      [&](Server& server) -> Task<absl::Status> {
        auto url = server.GetPortForward(RequestFor("sandbox"));
        EXPECT_THAT(url, IsOk());
        net::http::Request request = UpgradeRequest(url->url());
        absl::StatusOr<std::unique_ptr<Connection>> connection =
            co_await Upgrade(std::move(request));
        if (!connection.ok()) co_return connection.status();

        absl::StatusOr<StreamPair> refused = co_await OpenPair(**connection, 1);
        if (!refused.ok()) co_return refused.status();
        Heard heard = co_await ReadToEnd(*refused->error);
        EXPECT_EQ(heard.bytes,
                  "error forwarding port 1 to pod sandbox, uid : connection "
                  "refused");
        EXPECT_THAT(heard.end, IsOk());
        heard = co_await ReadToEnd(*refused->data);
        EXPECT_THAT(heard.end, IsOk());

        // Reached, then lost: a reset, and no text.
        absl::StatusOr<StreamPair> lost = co_await OpenPair(**connection, 2);
        if (!lost.ok()) co_return lost.status();
        heard = co_await ReadToEnd(*lost->data);
        EXPECT_EQ(heard.bytes, "partial");
        EXPECT_THAT(heard.end, StatusIs(StatusCode::kAborted));
        heard = co_await ReadToEnd(*lost->error);
        EXPECT_EQ(heard.bytes, "");
        EXPECT_THAT(heard.end, IsOk());

        // The session has lived on.
        absl::StatusOr<StreamPair> echo = co_await OpenPair(**connection, 7);
        if (!echo.ok()) co_return echo.status();
        EXPECT_EQ(runtime.last_sandbox_, "sandbox");
        absl::Status status = co_await net::WriteAll(*echo->data, "hello");
        EXPECT_THAT(status, IsOk());
        status = co_await echo->data->CloseWrite();
        EXPECT_THAT(status, IsOk());
        heard = co_await ReadToEnd(*echo->data);
        EXPECT_EQ(heard.bytes, "hello");
        EXPECT_THAT(heard.end, IsOk());
        heard = co_await ReadToEnd(*echo->error);
        EXPECT_EQ(heard.bytes, "");
        EXPECT_THAT(heard.end, IsOk());
        status = co_await (*connection)->Close();
        co_return status;
      },
      &runtime);
}

TEST(ServePortForwardTest, LonelyErrorStreamIsTold) {
  FakeRuntime runtime;
  Config config;
  config.stream_creation_timeout = absl::Milliseconds(20);
  WithServer(
      [&](Server& server) -> Task<absl::Status> {
        auto url = server.GetPortForward(RequestFor("sandbox"));
        EXPECT_THAT(url, IsOk());
        net::http::Request request = UpgradeRequest(url->url());
        absl::StatusOr<std::unique_ptr<Connection>> connection =
            co_await Upgrade(std::move(request));
        if (!connection.ok()) co_return connection.status();
        net::http::Headers headers = StreamHeaders("error", 80);
        absl::StatusOr<std::unique_ptr<Stream>> error =
            co_await (*connection)->CreateStream(headers);
        if (!error.ok()) co_return error.status();
        Heard heard = co_await ReadToEnd(**error);
        EXPECT_THAT(heard.bytes,
                    HasSubstr(", request=r80) timed out waiting for streams"));
        EXPECT_THAT(heard.end, IsOk());
        absl::Status closed = co_await (*connection)->Close();
        co_return closed;
      },
      &runtime, config);
}

TEST(ServePortForwardTest, TokenIsGoodOnce) {
  FakeRuntime runtime;
  WithServer(
      [&](Server& server) -> Task<absl::Status> {
        auto url = server.GetPortForward(RequestFor("sandbox"));
        EXPECT_THAT(url, IsOk());
        net::http::Request request = UpgradeRequest(url->url());
        absl::StatusOr<std::unique_ptr<Connection>> connection =
            co_await Upgrade(request);
        EXPECT_THAT(connection, IsOk());
        absl::StatusOr<std::unique_ptr<Connection>> again =
            co_await Upgrade(request);
        EXPECT_THAT(again, StatusIs(StatusCode::kNotFound,
                                    "unable to upgrade connection: 404 page "
                                    "not found"));
        (*connection)->Abort();
        co_return absl::OkStatus();
      },
      &runtime);
}

TEST(ServePortForwardTest, ProtocolMustBeKnown) {
  FakeRuntime runtime;
  WithServer(
      [&](Server& server) -> Task<absl::Status> {
        auto url = server.GetPortForward(RequestFor("sandbox"));
        EXPECT_THAT(url, IsOk());
        net::http::Request request = UpgradeRequest(url->url());
        request.headers.Set(httpstream::kHeaderProtocolVersion, "v9.other");
        absl::StatusOr<std::unique_ptr<Connection>> connection =
            co_await Upgrade(std::move(request));
        EXPECT_THAT(
            connection,
            StatusIs(StatusCode::kPermissionDenied,
                     "unable to upgrade connection: unable to upgrade: unable "
                     "to negotiate protocol: client supports [v9.other], "
                     "server accepts [portforward.k8s.io]"));
        co_return absl::OkStatus();
      },
      &runtime);
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming
