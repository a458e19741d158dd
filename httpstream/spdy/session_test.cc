// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/pipe.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;

// A client's and a server's session, joined by a pipe.
struct Pair {
  explicit Pair(Executor executor, SessionOptions options = {})
      : arrived(executor) {
    auto [a, b] = net::MakePipe(executor);
    client = NewClientConnection(executor, std::move(a), options);
    server = NewServerConnection(
        executor, std::move(b), options,
        [this](std::unique_ptr<Stream> stream) -> absl::Status {
          accepted.push_back(std::move(stream));
          arrived.NotifyAll();
          return absl::OkStatus();
        });
  }

  Condition arrived;
  std::vector<std::unique_ptr<Stream>> accepted;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

net::http::Headers DataHeaders() { return {{"streamType", "data"}}; }

Task<absl::StatusOr<std::string>> ReadToEnd(Stream& stream) {
  std::string all;
  while (true) {
    char buf[4096];
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return all;
    all.append(buf, *n);
  }
}

TEST(SessionTest, CarriesBytesAndFinsBothWays) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Pair pair(executor);
    absl::StatusOr<std::unique_ptr<Stream>> created =
        co_await pair.client->CreateStream(DataHeaders());
    if (!created.ok()) co_return created.status();
    Stream& near = **created;
    EXPECT_EQ(pair.accepted.size(), 1u);
    Stream& far = *pair.accepted[0];
    EXPECT_EQ(far.headers().Get("STREAMTYPE"), "data");

    absl::Status written = co_await net::WriteAll(near, "hello");
    EXPECT_THAT(written, IsOk());
    written = co_await near.CloseWrite();
    EXPECT_THAT(written, IsOk());
    absl::StatusOr<std::string> heard = co_await ReadToEnd(far);
    EXPECT_THAT(heard, IsOk());
    EXPECT_EQ(*heard, "hello");

    written = co_await net::WriteAll(far, "late answer");
    EXPECT_THAT(written, IsOk());
    written = co_await far.CloseWrite();
    EXPECT_THAT(written, IsOk());
    heard = co_await ReadToEnd(near);
    EXPECT_THAT(heard, IsOk());
    EXPECT_EQ(*heard, "late answer");

    absl::Status closed = co_await pair.client->Close();
    EXPECT_THAT(closed, IsOk());
    absl::Status reason = co_await pair.server->WaitClosed();
    EXPECT_THAT(reason, IsOk());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

}  // namespace
}  // namespace fairway::httpstream::spdy
