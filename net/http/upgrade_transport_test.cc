// SPDX-License-Identifier: Apache-2.0
#include "net/http/upgrade_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "net/http/connection_pool.h"
#include "net/http/testing/fake_connect_proxy.h"
#include "net/http/testing/scripted_server.h"
#include "net/http/transport.h"

namespace fairway::net::http {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

struct Outcome {
  absl::Status status;
  std::string head;  // of the request
  int code = 0;
  std::string reason;
  std::string body;    // of what is no upgrade
  std::string behind;  // five bytes of what is one
};

// Asks a server that says `answer` to every head, and then closes or waits.
Outcome Ask(std::string answer, bool then_closes, Request request = {},
            UpgradeOptions options = {}) {
  Outcome outcome;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    FakeConnectProxy::Options behaviour;
    behaviour.answer = answer;
    behaviour.then_closes = then_closes;
    FakeConnectProxy server(executor, behaviour);
    request.url = server.url();
    request.url.path = "/p";
    request.url.raw_query = "q";
    absl::StatusOr<Response> response =
        co_await DoUpgradeRequest(request, options);
    outcome.status = response.status();
    if (!server.heads().empty()) outcome.head = server.heads()[0];
    if (response.ok()) {
      outcome.code = response->status;
      outcome.reason = response->reason;
      std::unique_ptr<ByteStream> upgraded = TakeUpgraded(*response);
      if (upgraded != nullptr) {
        EXPECT_EQ(TakeUpgraded(*response), nullptr);
        outcome.behind.resize(5);
        outcome.status =
            co_await ReadFull(*upgraded, absl::MakeSpan(&outcome.behind[0], 5));
      }
      absl::StatusOr<std::string> body =
          co_await ReadAll(*response->body, 1 << 20);
      outcome.body = body.ok() ? *body : std::string(body.status().message());
    }
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
  return outcome;
}

TEST(UpgradeTransportTest, WritesTheHeadAsGoDoes) {
  Request request;
  request.method = "POST";
  request.headers = {{"Upgrade", "x"},        {"B", "2"},
                     {"Content-Length", "7"}, {"a", "1"},
                     {"User-Agent", "test"},  {"Connection", "Upgrade"}};
  Outcome outcome = Ask("HTTP/1.1 204 No Content\r\n\r\n", true, request);
  EXPECT_THAT(outcome.head,
              ::testing::MatchesRegex(
                  "POST /p\\?q HTTP/1.1\r\nHost: 127.0.0.1:[0-9]+\r\n"
                  "User-Agent: test\r\nContent-Length: 0\r\na: 1\r\nB: 2\r\n"
                  "Connection: Upgrade\r\nUpgrade: x\r\n\r\n"));
  request.method = "GET";
  outcome = Ask("HTTP/1.1 204 No Content\r\n\r\n", true, request);
  EXPECT_THAT(outcome.head, ::testing::Not(HasSubstr("Content-Length")));
  request.headers.Add("C", "1\r\nEvil: 1");
  outcome = Ask("HTTP/1.1 204 No Content\r\n\r\n", true, request);
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kInvalidArgument,
                       "net/http: invalid header field value for \"C\""));
  EXPECT_EQ(outcome.head, "");
}

TEST(UpgradeTransportTest, KeepsWhatCameBehindThe101) {
  const Outcome outcome =
      Ask("HTTP/1.1 100 Continue\r\n\r\n"
          "HTTP/1.1 101 Switching Protocols\r\nContent-Length: 3\r\n\r\nhello",
          false);
  EXPECT_THAT(outcome.status, IsOk());
  EXPECT_EQ(outcome.code, 101);
  EXPECT_EQ(outcome.behind, "hello");
  EXPECT_EQ(outcome.body, "");
}

TEST(UpgradeTransportTest, ReadsTheBodyOfARefusal) {
  Outcome outcome =
      Ask("HTTP/1.1 403 No Way\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n",
          false);
  EXPECT_EQ(outcome.code, 403);
  EXPECT_EQ(outcome.reason, "No Way");
  EXPECT_EQ(outcome.body, "abc");
  outcome = Ask("HTTP/1.1 500 X\r\n\r\nuntil close", true);
  EXPECT_EQ(outcome.body, "until close");
  outcome = Ask("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nshort", true);
  EXPECT_EQ(outcome.body, "unexpected EOF");
}

TEST(UpgradeTransportTest, GivesUpOnASilentServer) {
  UpgradeOptions options;
  options.response_timeout = absl::Milliseconds(30);
  Outcome outcome = Ask("HTTP/1.1 101 Sw", false, {}, options);
  EXPECT_THAT(outcome.status,
              StatusIs(StatusCode::kDeadlineExceeded,
                       "net/http: timeout awaiting response headers"));
  outcome = Ask("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nshort", false, {},
                options);
  EXPECT_EQ(outcome.code, 500);
  EXPECT_NE(outcome.body, "short");
}

TEST(UpgradeTransportTest, TellsWhatIsNoAnswer) {
  EXPECT_THAT(Ask("", true).status,
              StatusIs(StatusCode::kUnavailable, "unexpected EOF"));
  EXPECT_THAT(Ask("SSH-2.0-x\r\n\r\n", true).status,
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(UpgradeTransportTest, LeavesARedirectToTheCallerUnlessToldToFollow) {
  const std::string redirect =
      "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(Ask(redirect, true).code, 302);
  UpgradeOptions options;
  options.follow_redirects = FollowRedirects::kYes;
  EXPECT_THAT(
      Ask(redirect, true, {}, options).status,
      StatusIs(StatusCode::kFailedPrecondition, "too many redirects (10)"));
}

const char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const char kSwitched[] = "HTTP/1.1 101 Switching Protocols\r\n\r\nhello";

struct PooledOutcome {
  absl::Status upgraded;
  std::string behind;  // five bytes of the upgraded connection
  int accepted = 0;    // by the server
  size_t heads = 0;
};

// A GET by a transport, then an upgrade by way of the same pool, which takes as
// long as the GET's body to come: nobody has noticed yet whether it died.
PooledOutcome GetThenUpgrade(std::vector<std::vector<std::string>> script) {
  PooledOutcome outcome;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    ScriptedServer server(executor, std::move(script));
    UpgradeOptions options;
    options.dial.pool = std::make_shared<ConnectionPool>(executor);
    std::unique_ptr<RoundTripper> transport =
        NewTransport(executor, options.dial);
    Request get;
    get.url = server.UrlOf("/get");
    absl::StatusOr<Response> got = co_await transport->RoundTrip(get);
    if (!got.ok()) co_return got.status();
    absl::StatusOr<std::string> body = co_await ReadAll(*got->body, 1 << 20);
    EXPECT_THAT(body, IsOk());
    Request upgrade;
    upgrade.method = "POST";
    upgrade.url = server.UrlOf("/upgrade");
    absl::StatusOr<Response> response =
        co_await DoUpgradeRequest(upgrade, options);
    outcome.upgraded = response.status();
    if (response.ok()) {
      std::unique_ptr<ByteStream> upgraded = TakeUpgraded(*response);
      outcome.behind.resize(5);
      outcome.upgraded =
          co_await ReadFull(*upgraded, absl::MakeSpan(&outcome.behind[0], 5));
    }
    outcome.accepted = server.accepted;
    outcome.heads = server.heads.size();
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
  return outcome;
}

TEST(UpgradeTransportTest, TakesAConnectionThatStandsIdle) {
  const PooledOutcome outcome = GetThenUpgrade({{kOk, kSwitched}});
  EXPECT_THAT(outcome.upgraded, IsOk());
  EXPECT_EQ(outcome.behind, "hello");
  EXPECT_EQ(outcome.accepted, 1);
}

TEST(UpgradeTransportTest, DialsWhereTheIdleConnectionHadDied) {
  const PooledOutcome outcome = GetThenUpgrade({{kOk, ""}, {kSwitched}});
  EXPECT_THAT(outcome.upgraded, IsOk());
  EXPECT_EQ(outcome.behind, "hello");
  EXPECT_EQ(outcome.accepted, 2);
  EXPECT_EQ(outcome.heads, 3u);
}

TEST(UpgradeTransportTest, AsksOnceWhereTheIdleConnectionAnswersNonsense) {
  const PooledOutcome outcome =
      GetThenUpgrade({{kOk, "SSH-2.0-x\r\n\r\n"}, {kSwitched}});
  EXPECT_THAT(outcome.upgraded, StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(outcome.heads, 2u);
}

}  // namespace
}  // namespace fairway::net::http
