// SPDX-License-Identifier: Apache-2.0
// Both ends ours, so both keep windows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/session_pair.h"
#include "net/io/testing/transport.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

Task<absl::Status> Echo(Stream& stream) {
  while (true) {
    char buf[4096];
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
    absl::string_view bytes(buf, *n);
    absl::Status written = co_await net::WriteAll(stream, bytes);
    if (!written.ok()) co_return written;
  }
  absl::Status closed = co_await stream.CloseWrite();
  co_return closed;
}

TEST(SessionTest, CarriesBytesAndFinsBothWays) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> created = co_await Open(pair);
    if (!created.ok()) co_return created.status();
    Stream& near = **created;
    Stream& far = *pair.accepted.at(0);
    EXPECT_EQ(near.identifier(), 1u);
    EXPECT_EQ(far.identifier(), 1u);
    EXPECT_EQ(far.headers().Get("STREAMTYPE"), "data");

    absl::Status status = co_await net::WriteAll(near, "hello");
    EXPECT_THAT(status, IsOk());
    status = co_await near.CloseWrite();
    EXPECT_THAT(status, IsOk());
    status = co_await net::WriteAll(near, "more");
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
    absl::StatusOr<std::string> heard = co_await net::ReadAll(far);
    EXPECT_THAT(heard, IsOk());
    EXPECT_EQ(*heard, "hello");

    // The other direction lives on.
    status = co_await net::WriteAll(far, "late answer");
    EXPECT_THAT(status, IsOk());
    status = co_await far.CloseWrite();
    EXPECT_THAT(status, IsOk());
    heard = co_await net::ReadAll(near);
    EXPECT_THAT(heard, IsOk());
    EXPECT_EQ(*heard, "late answer");

    status = co_await pair.client->Close();
    EXPECT_THAT(status, IsOk());
    status = co_await pair.server->WaitClosed();
    EXPECT_THAT(status, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, StreamThatNobodyReadsStopsOnlyItself) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Stream>> stalled = co_await Open(pair);
    if (!stalled.ok()) co_return stalled.status();
    const std::string large(16 << 20, 'x');
    TaskGroup writers(executor);
    writers.Spawn([&]() -> Task<absl::Status> {
      absl::Status written = co_await net::WriteAll(*pair.accepted[0], large);
      co_return written;
    });
    // Ten others, together with more than the session's window.
    for (int i = 0; i < 10; ++i) {
      absl::StatusOr<std::unique_ptr<Stream>> other = co_await Open(pair);
      if (!other.ok()) co_return other.status();
      Stream& far = *pair.accepted.back();
      TaskGroup tasks(executor);
      tasks.Spawn([&far, &large]() -> Task<absl::Status> {
        absl::string_view part = absl::string_view(large).substr(0, 1 << 20);
        absl::Status written = co_await net::WriteAll(far, part);
        if (!written.ok()) co_return written;
        absl::Status closed = co_await far.CloseWrite();
        co_return closed;
      });
      absl::StatusOr<std::string> heard = co_await net::ReadAll(**other);
      EXPECT_THAT(heard, IsOk());
      EXPECT_EQ(heard->size(), 1u << 20);
      absl::Status joined = co_await tasks.Join();
      EXPECT_THAT(joined, IsOk());
    }
    EXPECT_EQ(writers.running(), 1u);
    (*stalled)->Reset();
    absl::Status joined = co_await writers.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, ManyStreamsAtOnce) {
  constexpr int kStreams = 500;
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::vector<std::unique_ptr<Stream>> streams;
    TaskGroup echoes(executor);
    for (int i = 0; i < kStreams; ++i) {
      absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
      if (!stream.ok()) co_return stream.status();
      streams.push_back(*std::move(stream));
      Stream* far = pair.accepted.back().get();
      echoes.Spawn([far]() -> Task<absl::Status> { return Echo(*far); });
    }
    TaskGroup clients(executor);
    for (int i = 0; i < kStreams; ++i) {
      Stream* near = streams[i].get();
      clients.Spawn([near, i]() -> Task<absl::Status> {
        const std::string text = absl::StrCat("stream ", i);
        absl::Status status = co_await net::WriteAll(*near, text);
        if (status.ok()) status = co_await near->CloseWrite();
        if (!status.ok()) co_return status;
        absl::StatusOr<std::string> heard = co_await net::ReadAll(*near);
        if (!heard.ok()) co_return heard.status();
        EXPECT_EQ(*heard, text);
        co_return absl::OkStatus();
      });
    }
    absl::Status joined = co_await clients.Join();
    EXPECT_THAT(joined, IsOk());
    joined = co_await echoes.Join();
    EXPECT_THAT(joined, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, ResetIsNoCleanEnd) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    Stream& far = *pair.accepted[0];
    absl::Status status = co_await net::WriteAll(far, "last words");
    EXPECT_THAT(status, IsOk());
    far.Reset();
    absl::StatusOr<std::string> heard = co_await net::ReadAll(**near);
    EXPECT_THAT(heard, StatusIs(StatusCode::kAborted));
    status = co_await net::WriteAll(**near, "x");
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    // Whoever resets is told something else.
    heard = co_await net::ReadAll(far);
    EXPECT_THAT(heard, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, BytesBeforeAResetAreDelivered) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    absl::Status status = co_await net::WriteAll(*pair.accepted[0], "last");
    EXPECT_THAT(status, IsOk());
    pair.accepted[0]->Reset();
    char buf[16];
    absl::StatusOr<size_t> n = co_await (*near)->Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(absl::string_view(buf, *n), "last");
    n = co_await (*near)->Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

// An upload into a pod that reads nothing: its end was not noticed there.
TEST(SessionTest, EndOfAStreamIsToldToThoseWhoDoNotReadIt) {
  for (bool of_session : {false, true}) {
    WithPair({}, [of_session](Pair& pair) -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
      if (!near.ok()) co_return near.status();
      absl::Status status = co_await net::WriteAll(**near, "unread");
      EXPECT_THAT(status, IsOk());
      Executor executor = co_await kThisExecutor;
      TaskGroup group(executor);
      group.Spawn([&pair]() { return pair.accepted[0]->WaitBroken(); });
      EXPECT_EQ(group.running(), 1u);
      if (of_session) {
        pair.client->Abort();
      } else {
        (*near)->Reset();
      }
      absl::Status broken = co_await group.Join();
      EXPECT_THAT(broken, StatusIs(of_session ? StatusCode::kUnavailable
                                              : StatusCode::kAborted));
      co_return absl::OkStatus();
    });
  }
}

TEST(SessionTest, DroppedHandleResetsItsStream) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    pair.accepted.clear();
    absl::StatusOr<std::string> heard = co_await net::ReadAll(**near);
    EXPECT_THAT(heard, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, ClosedStreamStillDeliversAndDiscards) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    absl::Status status = co_await net::WriteAll(**near, "bye");
    EXPECT_THAT(status, IsOk());
    status = co_await (*near)->Close();
    EXPECT_THAT(status, IsOk());
    *near = nullptr;
    Stream& far = *pair.accepted[0];
    absl::StatusOr<std::string> heard = co_await net::ReadAll(far);
    EXPECT_THAT(heard, IsOk());
    EXPECT_EQ(*heard, "bye");
    // More than all windows: what nobody wants does not wait for a reader.
    const std::string large(9 << 20, 'x');
    status = co_await net::WriteAll(far, large);
    EXPECT_THAT(status, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, RefusedStreamSaysSo) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    pair.answer = absl::ResourceExhaustedError("busy");
    absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
    EXPECT_THAT(stream, StatusIs(StatusCode::kAborted, "Stream refused"));
    pair.answer = absl::InvalidArgumentError("no port");
    stream = co_await Open(pair);
    EXPECT_THAT(stream, StatusIs(StatusCode::kAborted, "Stream reset"));
    // The session lives on.
    pair.answer = absl::OkStatus();
    stream = co_await Open(pair);
    EXPECT_THAT(stream, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, StreamsAreLimited) {
  SessionOptions options;
  options.max_streams = 2;
  WithPair(options, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> first = co_await Open(pair);
    EXPECT_THAT(first, IsOk());
    absl::StatusOr<std::unique_ptr<Stream>> second = co_await Open(pair);
    EXPECT_THAT(second, IsOk());
    absl::StatusOr<std::unique_ptr<Stream>> third = co_await Open(pair);
    EXPECT_THAT(third, StatusIs(StatusCode::kResourceExhausted));
    first = absl::UnknownError("dropped");
    third = co_await Open(pair);
    EXPECT_THAT(third, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, CloseLosesNothing) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    // All that may be under way.
    const std::string large(SessionOptions().stream_window_bytes, 'x');
    absl::Status status = co_await net::WriteAll(**near, large);
    EXPECT_THAT(status, IsOk());
    status = co_await (*near)->Close();
    EXPECT_THAT(status, IsOk());
    // Nobody reads yet: the bytes wait at the server.
    status = co_await pair.client->Close();
    EXPECT_THAT(status, IsOk());
    std::string heard(large.size(), '\0');
    status = co_await net::ReadFull(*pair.accepted[0], absl::MakeSpan(heard));
    EXPECT_THAT(status, IsOk());
    EXPECT_EQ(heard, large);
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, ServerMayCloseFirst) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    absl::Status status = co_await net::WriteAll(*pair.accepted[0], "bye");
    EXPECT_THAT(status, IsOk());
    status = co_await pair.accepted[0]->Close();
    EXPECT_THAT(status, IsOk());
    status = co_await pair.server->Close();
    EXPECT_THAT(status, IsOk());
    status = co_await pair.client->WaitClosed();
    EXPECT_THAT(status, IsOk());
    absl::StatusOr<std::string> heard = co_await net::ReadAll(**near);
    EXPECT_THAT(heard, StatusIs(StatusCode::kAborted));
    absl::StatusOr<std::unique_ptr<Stream>> late = co_await Open(pair);
    EXPECT_THAT(late, StatusIs(StatusCode::kUnavailable));
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, AbortIsALossForTheOtherEnd) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    pair.client->Abort();
    absl::Status reason = co_await pair.server->WaitClosed();
    EXPECT_THAT(reason, StatusIs(StatusCode::kAborted));
    absl::StatusOr<std::string> heard =
        co_await net::ReadAll(*pair.accepted[0]);
    EXPECT_THAT(heard, StatusIs(StatusCode::kUnavailable));
    heard = co_await net::ReadAll(**near);
    EXPECT_THAT(heard, StatusIs(StatusCode::kUnavailable));
    co_return absl::OkStatus();
  });
}

TEST(SessionTest, CancelledWriteReturns) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    const std::string large(4 << 20, 'x');
    absl::Status status = co_await WithDeadline(
        absl::Milliseconds(20), "write", [&]() -> Task<absl::Status> {
          absl::Status written = co_await net::WriteAll(**near, large);
          co_return written;
        });
    EXPECT_THAT(status, StatusIs(StatusCode::kDeadlineExceeded));
    (*near)->Abort();
    absl::StatusOr<std::string> heard =
        co_await net::ReadAll(*pair.accepted[0]);
    EXPECT_THAT(heard, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
