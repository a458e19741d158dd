// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/http/connection.h"
#include "net/http1/server_connection.h"
#include "net/io/pipe.h"
#include "net/io/testing/transport.h"

namespace fairway::net::websocket {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kRequest[] =
    "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

// What a server that takes "chat" answers to `request` (up to `end`), and what
// its handler got.
Task<absl::Status> Exchange(Executor executor, std::string request,
                            std::string end, std::string* answer,
                            absl::Status* handled) {
  auto [near, far] = MakePipe(executor);
  TaskGroup group(executor);
  http::DrainState drain(executor);
  http::ServerOptions options;
  http::Handler handler =
      [handled](http::ServerRequest& incoming,
                http::ResponseWriter& writer) -> Task<absl::Status> {
    writer.headers().Add("X-More", "yes");
    std::vector<std::string> protocols = {"chat"};
    absl::StatusOr<Upgraded> upgraded =
        co_await UpgradeResponse(incoming, writer, protocols);
    *handled = upgraded.status();
    if (!upgraded.ok()) co_return absl::OkStatus();
    EXPECT_EQ(upgraded->protocol, "chat");
    // The bytes behind the request are there.
    std::string got(4, '\0');
    absl::Status read = co_await ReadFull(
        *upgraded->transport, absl::MakeSpan(got.data(), got.size()));
    EXPECT_EQ(got, "more");
    absl::Status written = co_await WriteAll(*upgraded->transport, "frames");
    EXPECT_THAT(written, IsOk());
    absl::Status closed = co_await upgraded->transport->Close();
    co_return closed;
  };
  group.Spawn([&, &far = far]() -> Task<absl::Status> {
    return http1::ServeConnection(std::move(far), http::ConnectionInfo(),
                                  handler, options, drain);
  });
  absl::Status written = co_await WriteAll(*near, request);
  if (!written.ok()) co_return written;
  *answer = co_await ReadUntil(*near, end);
  near->Abort();
  absl::Status joined = co_await group.Join();
  (void)joined;  // the connection was cut
  co_return absl::OkStatus();
}

TEST(UpgradeTest, AnswersAndGivesTheConnection) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::string answer;
    absl::Status handled;
    absl::Status done = co_await Exchange(
        executor, absl::StrCat(kRequest, "more"), "frames", &answer, &handled);
    EXPECT_THAT(handled, IsOk());
    EXPECT_EQ(answer,
              "HTTP/1.1 101 Switching Protocols\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "Sec-WebSocket-Protocol: chat\r\n"
              "X-More: yes\r\n\r\n"
              "frames");
    co_return done;
  });
}

TEST(UpgradeTest, RefusesWithTheReasonAndTheVersion) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::string request = kRequest;
    request.replace(request.find("13"), 2, "12");
    std::string answer;
    absl::Status handled;
    absl::Status done =
        co_await Exchange(executor, request, "header\n", &answer, &handled);
    EXPECT_THAT(handled, StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nwebsocket: unsupported version: 13 "
                                  "not found in 'Sec-Websocket-Version' "
                                  "header\n"));
    co_return done;
  });
}

}  // namespace
}  // namespace fairway::net::websocket
