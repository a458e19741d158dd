// SPDX-License-Identifier: Apache-2.0
// A session of ours whose other end a test plays frame by frame.
#ifndef HTTPSTREAM_SPDY_TESTING_PEER_BENCH_H_
#define HTTPSTREAM_SPDY_TESTING_PEER_BENCH_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/session.h"
#include "httpstream/spdy/testing/raw_peer.h"
#include "net/io/pipe.h"

namespace fairway::httpstream::spdy {

// A server session of ours and a client that is not, or the other way round.
struct Bench {
  Bench(Executor executor, SessionOptions options, bool ours_is_client) {
    auto [a, b] = net::MakePipe(executor);
    peer = std::make_unique<RawPeer>(std::move(a));
    if (ours_is_client) {
      session = NewClientConnection(executor, std::move(b), options);
    } else {
      session = NewServerConnection(
          executor, std::move(b), options,
          [this](std::unique_ptr<Stream> stream) -> absl::Status {
            accepted.push_back(std::move(stream));
            return absl::OkStatus();
          });
    }
  }

  std::unique_ptr<RawPeer> peer;
  std::vector<std::unique_ptr<Stream>> accepted;
  std::unique_ptr<Connection> session;
};

using Body = std::function<Task<absl::Status>(Bench&)>;

inline void RunBench(SessionOptions options, bool ours_is_client, Body body) {
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Bench bench(executor, options, ours_is_client);
    absl::Status status = co_await WithDeadline(
        absl::Seconds(8), "test",
        [&]() -> Task<absl::Status> { return body(bench); });
    bench.session->Abort();
    bench.accepted.clear();
    co_return status;
  });
  EXPECT_THAT(result, IsOk());
}

inline void WithServer(Body body, SessionOptions options = {}) {
  RunBench(options, false, std::move(body));
}
inline void WithClient(Body body, SessionOptions options = {}) {
  RunBench(options, true, std::move(body));
}

// The RST that the peer gets next; its status, or 0.
inline Task<uint32_t> NextRst(RawPeer& peer, uint32_t stream_id) {
  absl::StatusOr<RstStreamFrame> rst = co_await peer.Expect<RstStreamFrame>();
  EXPECT_THAT(rst, IsOk());
  if (!rst.ok()) co_return 0;
  EXPECT_EQ(rst->stream_id, stream_id);
  co_return static_cast<uint32_t>(rst->status);
}

// Creates a stream in the background, for clients.
struct Creating {
  Creating(Executor executor, Connection& connection) : tasks(executor) {
    tasks.Spawn([this, &connection]() -> Task<absl::Status> {
      stream = co_await connection.CreateStream(net::http::Headers());
      co_return stream.status();
    });
  }
  absl::StatusOr<std::unique_ptr<Stream>> stream = absl::UnknownError("");
  TaskGroup tasks;
};

// Takes the client's SETTINGS, PING and SYN_STREAM; the stream's number.
inline Task<absl::StatusOr<uint32_t>> TakeOpening(RawPeer& peer) {
  absl::StatusOr<SettingsFrame> settings =
      co_await peer.Expect<SettingsFrame>();
  if (!settings.ok()) co_return settings.status();
  absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
  if (!ping.ok()) co_return ping.status();
  absl::StatusOr<SynStreamFrame> syn = co_await peer.Expect<SynStreamFrame>();
  if (!syn.ok()) co_return syn.status();
  EXPECT_EQ(syn->priority, 0);
  co_return syn->stream_id;
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_PEER_BENCH_H_
