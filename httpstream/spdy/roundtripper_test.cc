// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/roundtripper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/upgrade.h"
#include "net/http/server.h"
#include "net/http/url.h"
#include "net/socket/socket.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using net::http::ResponseWriter;
using net::http::ServerRequest;
using ::testing::HasSubstr;

// Serves `handler`, asks for an upgrade of `path`, and gives what came of it.
absl::Status UpgradeAt(absl::string_view path, net::http::Handler handler) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<net::Listener>> listener =
        net::ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const std::string url =
        absl::StrCat("http://", (*listener)->address().ToString(), path);
    std::unique_ptr<net::http::Server> server =
        net::http::NewServer(executor, handler, net::http::ServerOptions());
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> {
      return server->Serve(*std::move(listener));
    });
    absl::Status result = co_await WithDeadline(
        absl::Seconds(5), "upgrade", [&url]() -> Task<absl::Status> {
          SpdyRoundTripper round_tripper{RoundTripperOptions()};
          net::http::Request request;
          request.method = "POST";
          absl::StatusOr<net::http::Url> parsed = net::http::ParseUrl(url);
          if (!parsed.ok()) co_return parsed.status();
          request.url = *std::move(parsed);
          absl::StatusOr<net::http::Response> response =
              co_await round_tripper.RoundTrip(std::move(request));
          if (!response.ok()) co_return response.status();
          absl::StatusOr<std::unique_ptr<Connection>> connection =
              co_await round_tripper.NewConnection(*std::move(response));
          if (!connection.ok()) co_return connection.status();
          absl::Status closed = co_await (*connection)->Close();
          co_return closed;
        });
    absl::Status stopped = co_await server->Shutdown(absl::Seconds(1));
    EXPECT_THAT(stopped, IsOk());
    absl::Status joined = co_await tasks.Join();
    EXPECT_THAT(joined, IsOk());
    co_return result;
  });
}

Task<absl::Status> ServeSpdy(ServerRequest& request, ResponseWriter& writer) {
  const ResponseUpgrader upgrader = NewResponseUpgrader();
  NewStreamHandler refuse = [](std::unique_ptr<Stream>) {
    return absl::UnavailableError("no streams here");
  };
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      co_await upgrader.UpgradeResponse(request, writer, refuse);
  if (!connection.ok()) co_return connection.status();
  absl::Status closed = co_await (*connection)->WaitClosed();
  co_return closed;
}

Task<absl::Status> Redirect(ResponseWriter& writer, std::string location) {
  writer.headers().Set("Location", location);
  absl::Status answered = co_await net::http::Respond(writer, 302, "", "");
  co_return answered;
}

TEST(RoundTripperTest, Upgrades) {
  EXPECT_THAT(UpgradeAt("/x", ServeSpdy), IsOk());
}

TEST(RoundTripperTest, FollowsARelativeRedirectWithGet) {
  std::string seen;
  EXPECT_THAT(UpgradeAt("/first",
                        [&](ServerRequest& request, ResponseWriter& writer) {
                          absl::StrAppend(&seen, request.method, " ",
                                          request.url.path, ";");
                          if (request.url.path == "/first") {
                            return Redirect(writer, "/second");
                          }
                          return ServeSpdy(request, writer);
                        }),
              IsOk());
  EXPECT_EQ(seen, "POST /first;GET /second;");
}

TEST(RoundTripperTest, TenthRedirectFails) {
  int requests = 0;
  EXPECT_THAT(
      UpgradeAt("/x",
                [&](ServerRequest&, ResponseWriter& writer) {
                  ++requests;
                  return Redirect(writer, "/x");
                }),
      StatusIs(StatusCode::kFailedPrecondition, "too many redirects (10)"));
  EXPECT_EQ(requests, 10);
}

TEST(RoundTripperTest, RedirectsStayOnTheHost) {
  const auto to = [](std::string location) {
    return UpgradeAt("/x", [location](ServerRequest&, ResponseWriter& writer) {
      return Redirect(writer, location);
    });
  };
  EXPECT_THAT(to("http://other/y"),
              StatusIs(StatusCode::kFailedPrecondition,
                       "hostname mismatch: expected 127.0.0.1, found other"));
  EXPECT_THAT(to("http://127.0.0.1:1/y"),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("port")));
  EXPECT_THAT(to("https://127.0.0.1/y"),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("scheme")));
}

absl::Status Answered(int status, std::string body) {
  return UpgradeAt("/x", [&](ServerRequest&, ResponseWriter& writer) {
    return net::http::Respond(writer, status, "text/plain", body);
  });
}

TEST(RoundTripperTest, RefusalHasTheServersWords) {
  EXPECT_THAT(Answered(404, "pod does not exist\n"),
              StatusIs(StatusCode::kNotFound,
                       "unable to upgrade connection: pod does not exist"));
  EXPECT_THAT(Answered(200, ""), StatusIs(StatusCode::kUnavailable,
                                          "unable to upgrade connection: "));
}

TEST(RoundTripperTest, RefusalWithAStatusObjectIsItsMessage) {
  EXPECT_THAT(
      Answered(403, R"({"kind":"Status","apiVersion":"v1","code":403,)"
                    R"("message":"pods \"x\" is forbidden"})"),
      StatusIs(StatusCode::kPermissionDenied, "pods \"x\" is forbidden"));
}

}  // namespace
}  // namespace fairway::httpstream::spdy
