// SPDX-License-Identifier: Apache-2.0
// Two sessions of ours, joined by a pipe.
#ifndef HTTPSTREAM_SPDY_TESTING_SESSION_PAIR_H_
#define HTTPSTREAM_SPDY_TESTING_SESSION_PAIR_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "httpstream/spdy/session.h"
#include "net/io/pipe.h"

namespace fairway::httpstream::spdy {

inline net::http::Headers DataHeaders() { return {{"streamType", "data"}}; }

// A client's and a server's session, joined by a pipe.
struct Pair {
  explicit Pair(Executor executor, SessionOptions options = {}) {
    auto [a, b] = net::MakePipe(executor);
    Join(executor, std::move(a), std::move(b), options);
  }
  // Over another transport.
  Pair(Executor executor, std::unique_ptr<net::ByteStream> a,
       std::unique_ptr<net::ByteStream> b, SessionOptions options) {
    Join(executor, std::move(a), std::move(b), options);
  }

  void Join(Executor executor, std::unique_ptr<net::ByteStream> a,
            std::unique_ptr<net::ByteStream> b, SessionOptions options) {
    client = NewClientConnection(executor, std::move(a), options);
    server =
        NewServerConnection(executor, std::move(b), options,
                            [this](std::unique_ptr<Stream> s) -> absl::Status {
                              if (!answer.ok()) return answer;
                              accepted.push_back(std::move(s));
                              return absl::OkStatus();
                            });
  }

  absl::Status answer;  // to new streams
  std::vector<std::unique_ptr<Stream>> accepted;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

// Runs `body` with a Pair, for at most eight seconds.
inline void WithPair(SessionOptions options,
                     std::function<Task<absl::Status>(Pair&)> body) {
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Pair pair(executor, options);
    absl::Status status = co_await WithDeadline(
        absl::Seconds(8), "test",
        [&]() -> Task<absl::Status> { return body(pair); });
    pair.client->Abort();
    pair.server->Abort();
    pair.accepted.clear();
    co_return status;
  });
  EXPECT_THAT(result, IsOk());
}

// The client's end of a new stream; the server's is the last of `accepted`.
inline Task<absl::StatusOr<std::unique_ptr<Stream>>> Open(Pair& pair) {
  absl::StatusOr<std::unique_ptr<Stream>> stream =
      co_await pair.client->CreateStream(DataHeaders());
  co_return stream;
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_SESSION_PAIR_H_
