// SPDX-License-Identifier: Apache-2.0
#include "net/http1/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/pipe.h"

namespace fairway::net::http1 {
namespace {

using absl::StatusCode;

// What ReadResponseHead gives for `wire`, written `step` bytes at a time.
absl::StatusOr<ResponseHead> Read(std::string wire, size_t step,
                                  size_t max_bytes = kMaxHeadBytes) {
  absl::StatusOr<ResponseHead> head = absl::UnknownError("not read");
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [client, server] = MakePipe(executor, step);
    TaskGroup group(executor);
    ByteStream* writer = server.get();
    group.Spawn([&wire, step, writer]() -> Task<absl::Status> {
      for (size_t at = 0; at < wire.size(); at += step) {
        const std::string piece = wire.substr(at, step);
        absl::Status written = co_await WriteAll(*writer, piece);
        if (!written.ok()) co_return written;
      }
      absl::Status closed = co_await writer->CloseWrite();
      co_return closed;
    });
    ByteStream* reader = client.get();
    head = co_await ReadResponseHead(*reader, max_bytes);
    // What lies behind the head may still wait for room in the pipe.
    client->Abort();
    absl::Status joined = co_await group.Join();
    co_return absl::IsAborted(joined) ? absl::OkStatus() : joined;
  });
  EXPECT_THAT(status, IsOk());
  return head;
}

TEST(ReadResponseHeadTest, KeepsTheBytesBehindTheHead) {
  const std::string raw =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n";
  for (size_t step : {1, 1000}) {
    absl::StatusOr<ResponseHead> head = Read(raw + "\x80\x03", step);
    ASSERT_THAT(head, IsOk());
    EXPECT_EQ(head->status, 101);
    EXPECT_EQ(head->reason, "Switching Protocols");
    EXPECT_EQ(head->headers.Get("upgrade"), "SPDY/3.1");
    EXPECT_EQ(head->raw, raw);
    // One byte at a time nothing behind the head has come yet.
    EXPECT_EQ(head->rest, step == 1000 ? "\x80\x03" : "");
  }
}

TEST(ReadResponseHeadTest, SkipsInterimResponses) {
  absl::StatusOr<ResponseHead> head = Read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\n\r\nx",
      1000);
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->status, 403);
  EXPECT_EQ(head->rest, "x");
}

TEST(ReadResponseHeadTest, RefusesWhatIsNoHead) {
  std::string interim;
  for (int i = 0; i < 7; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_THAT(Read(interim, 1000), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Read("SSH-2.0-x\r\n\r\n", 1000),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Read("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", 1),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Read("HTTP/1.1 200 OK\r\nA: bbbbbbbbbbbbbbbbbbbb\r\n\r\n", 1, 30),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Read("HTTP/1.1 200 OK\r\n", 1),
              StatusIs(StatusCode::kUnavailable, "unexpected EOF"));
  EXPECT_THAT(Read("", 1),
              StatusIs(StatusCode::kUnavailable, "unexpected EOF"));
}

TEST(SerializeTest, WritesHeads) {
  EXPECT_EQ(SerializeRequestHead("POST", "/a?b", {{"Host", "h"}, {"X", "1"}}),
            "POST /a?b HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n");
  EXPECT_EQ(SerializeResponseHead(404, {{"Connection", "close"}}),
            "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(SerializeResponseHead(299, {}),
            "HTTP/1.1 299 status code 299\r\n\r\n");
}

TEST(SerializeTest, NeverLetsAFieldBreakTheHead) {
  EXPECT_EQ(SerializeRequestHead(
                "GET", "/", {{"A", "b\r\nEvil: 1"}, {"C d", "e"}, {"F", "g"}}),
            "GET / HTTP/1.1\r\nF: g\r\n\r\n");
}

}  // namespace
}  // namespace fairway::net::http1
