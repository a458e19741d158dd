// SPDX-License-Identifier: Apache-2.0
// Many streams on one session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/session_pair.h"

namespace fairway::httpstream::spdy {
namespace {

// More than fit into the transport: neither end may wait for the other to read.
TEST(SessionScaleTest, ThousandsOfStreamsOpenedAtOnce) {
  static constexpr size_t kStreams = 6000;
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::vector<std::unique_ptr<Stream>> streams;
    TaskGroup creating(executor);
    for (size_t i = 0; i < kStreams; ++i) {
      if (i == kStreams / 2) {
        // The first half is on its way, and its answers too.
        absl::Status slept = co_await Sleep(absl::Milliseconds(1));
        EXPECT_THAT(slept, IsOk());
      }
      creating.Spawn([&pair, &streams]() -> Task<absl::Status> {
        absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
        if (!stream.ok()) co_return stream.status();
        streams.push_back(*std::move(stream));
        co_return absl::OkStatus();
      });
    }
    absl::Status created = co_await creating.Join();
    EXPECT_THAT(created, IsOk());
    EXPECT_EQ(streams.size(), kStreams);
    EXPECT_EQ(pair.accepted.size(), kStreams);
    absl::Status status = co_await net::WriteAll(*streams.back(), "x");
    EXPECT_THAT(status, IsOk());
    char byte;
    absl::StatusOr<size_t> n =
        co_await pair.accepted.back()->Read(absl::MakeSpan(&byte, 1));
    co_return n.status();
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
