// SPDX-License-Identifier: Apache-2.0
// What a client of the kubelet gets does not depend on whether the streaming
// server is in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "kubelet/server/testing/streaming_node.h"
#include "net/http1/upgrade.h"
#include "net/socket/socket.h"

namespace fairway::kubelet::server {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kSpdy[] = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n";
constexpr char kProtocol[] =
    "X-Stream-Protocol-Version: portforward.k8s.io\r\n";
constexpr char kWebSocket[] =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// The answer to `request` in full where it refuses, else its head; without its
// date.
Task<absl::StatusOr<std::string>> Ask(const net::http::Url& url,
                                      const std::string& request) {
  absl::StatusOr<std::unique_ptr<net::Socket>> socket =
      co_await net::DialTcp(url.host, url.EffectivePort());
  if (!socket.ok()) co_return socket.status();
  absl::Status sent = co_await net::WriteAll(**socket, request);
  if (!sent.ok()) co_return sent;
  absl::StatusOr<net::http1::ResponseHead> head =
      co_await net::http1::ReadResponseHead(**socket);
  if (!head.ok()) co_return head.status();
  std::string answer;
  for (absl::string_view line :
       absl::StrSplit(absl::StripSuffix(head->raw, "\n"), '\n')) {
    if (absl::StartsWith(line, "Date: ")) line = "Date:\r";
    absl::StrAppend(&answer, line, "\n");
  }
  if (head->status == 101) co_return answer;
  answer += head->rest;
  while (true) {
    char buf[1024];
    absl::StatusOr<size_t> n = co_await (*socket)->Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return answer;
    answer.append(buf, *n);
  }
}

std::string AnswerOf(Way way, const std::string& request, bool spent) {
  std::string answer;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    StreamingNode node(executor, way);
    node.spends_tokens = spent;
    absl::Status started = node.Start();
    if (!started.ok()) co_return started;
    absl::StatusOr<std::string> got = co_await Ask(node.kubelet_url(), request);
    answer = got.ok() ? *got : got.status().ToString();
    absl::Status stopped = co_await node.Stop();
    co_return stopped;
  });
  return answer;
}

struct Case {
  const char* name;
  std::string request;  // without its Host
  std::string start;    // of the answer
  std::string part;     // of it
  bool spent = false;   // the token
};

std::string Post(const std::string& fields, const std::string& body = "") {
  return absl::StrCat("POST /portForward/default/web HTTP/1.1\r\n", fields,
                      "Content-Length: ", body.size(), "\r\nHost: k\r\n\r\n",
                      body);
}

std::string Get(const std::string& query, const std::string& fields) {
  return absl::StrCat("GET /portForward/default/web", query, " HTTP/1.1\r\n",
                      fields, "Host: k\r\n\r\n");
}

class HandoverTest : public ::testing::TestWithParam<Case> {};

TEST_P(HandoverTest, ClientGetsTheSameBytes) {
  const Case& c = GetParam();
  const std::string relayed = AnswerOf(Way::kRelayed, c.request, c.spent);
  EXPECT_THAT(relayed, StartsWith(c.start));
  EXPECT_THAT(relayed, HasSubstr(c.part));
  EXPECT_EQ(AnswerOf(Way::kHandedOver, c.request, c.spent), relayed);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, HandoverTest,
    ::testing::Values(
        Case{"Spdy", Post(absl::StrCat(kSpdy, kProtocol)),
             "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
             "Upgrade: SPDY/3.1\r\n"
             "X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n",
             ""},
        Case{"SpdyByGet", Get("", absl::StrCat(kSpdy, kProtocol)),
             "HTTP/1.1 101 ", "Upgrade: SPDY/3.1\r\n"},
        Case{"ServersProtocolAmongOthers",
             Post(absl::StrCat(kSpdy,
                               "X-Stream-Protocol-Version: v9, "
                               "portforward.k8s.io\r\n")),
             "HTTP/1.1 101 ",
             "X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n"},
        Case{"Body", Post(absl::StrCat(kSpdy, kProtocol), "12345678"),
             "HTTP/1.1 101 ", "Upgrade: SPDY/3.1\r\n"},
        Case{"SpentToken", Post(absl::StrCat(kSpdy, kProtocol)),
             "HTTP/1.1 404 Not Found\r\n", "\r\n\r\n404 page not found\n",
             true},
        Case{"NoProtocol", Post(kSpdy), "HTTP/1.1 400 Bad Request\r\n",
             "\r\n\r\nunable to upgrade: X-Stream-Protocol-Version is "
             "required\n"},
        Case{"OtherProtocol",
             Post(absl::StrCat(kSpdy, "X-Stream-Protocol-Version: v9\r\n")),
             "HTTP/1.1 403 Forbidden\r\n",
             "X-Accepted-Stream-Protocol-Versions: portforward.k8s.io\r\n"},
        Case{"NoUpgrade",
             Post(absl::StrCat("Connection: close\r\n", kProtocol)),
             "HTTP/1.1 500 ", "Upgrade request required\n"},
        Case{"OtherUpgrade",
             Post(absl::StrCat("Connection: Upgrade, close\r\nUpgrade: h2c\r\n",
                               kProtocol)),
             "HTTP/1.1 500 ", "unsupported upgrade protocol \"h2c\"\n"},
        Case{"WebSocket",
             Get("?port=80", absl::StrCat(kWebSocket,
                                          "Sec-WebSocket-Protocol: "
                                          "v4.channel.k8s.io\r\n")),
             "HTTP/1.1 101 ", "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n"},
        Case{"WebSocketOfOtherProtocol",
             Get("?port=80",
                 absl::StrCat(kWebSocket, "Sec-WebSocket-Protocol: v9\r\n")),
             "HTTP/1.1 403 ", "requested protocol(s) are not supported"},
        Case{"WebSocketOfOtherVersion",
             Get("?port=80",
                 "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Version: 12\r\n"),
             "HTTP/1.1 400 ", ""}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fairway::kubelet::server
