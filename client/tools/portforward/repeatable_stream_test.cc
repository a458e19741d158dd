// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/repeatable_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

// A stream, the socket below it, and the application at the other end.
struct Fixture {
  absl::Status Open(Executor executor) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
      return absl::UnknownError("socketpair");
    }
    auto a = net::AdoptSocket(executor, ends[0]);
    if (!a.ok()) return a.status();
    auto b = net::AdoptSocket(executor, ends[1]);
    if (!b.ok()) return b.status();
    socket = *std::move(a);
    application = *std::move(b);
    stream = std::make_unique<RepeatableStream>(socket.get());
    return absl::OkStatus();
  }

  // What comes to the stream, `bytes` of it.
  Task<std::string> Hear(size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
      absl::Status ready = co_await stream->WaitReadable();
      if (!ready.ok()) co_return ready.ToString();
      char buf[3];
      absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(buf));
      if (!n.ok()) co_return n.status().ToString();
      if (*n == 0) co_return all + "<FIN>";
      all.append(buf, *n);
    }
    co_return all;
  }

  std::unique_ptr<net::Socket> socket;
  std::unique_ptr<net::Socket> application;
  std::unique_ptr<RepeatableStream> stream;
};

void RunTest(std::function<Task<absl::Status>(Fixture&)> body) {
  absl::Status status = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f;
    FAIRWAY_CO_RETURN_IF_ERROR(f.Open(executor));
    absl::Status done = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status ran = co_await body(f);
          co_return ran;
        });
    co_return done;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(RepeatableStreamTest, SaysItAllAgainWithTheFinBehindIt) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await net::WriteAll(*f.application, "question");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string heard = co_await f.Hear(8);
    EXPECT_EQ(heard, "question");
    EXPECT_FALSE(f.stream->CanRepeat());
    f.stream->HoldEnd();
    status = co_await f.stream->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.stream->Abort();
    EXPECT_TRUE(f.stream->CanRepeat());
    f.stream->Repeat();
    status = co_await net::WriteAll(*f.application, ", and more");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.application->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    heard = co_await f.Hear(100);
    EXPECT_EQ(heard, "question, and more<FIN>");
    status = co_await net::WriteAll(*f.stream, "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(6, '\0');
    status = co_await net::ReadFull(*f.application, absl::MakeSpan(got));
    EXPECT_EQ(got, "answer");
    co_return status;
  });
}

TEST(RepeatableStreamTest, AnswerMayComeBeforeAllWasSaidAgain) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await net::WriteAll(*f.application, "question");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string heard = co_await f.Hear(8);
    f.stream->HoldEnd();
    f.stream->Repeat();
    heard = co_await f.Hear(3);
    EXPECT_EQ(heard, "que");
    status = co_await net::WriteAll(*f.stream, "yes?");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    heard = co_await f.Hear(5);
    EXPECT_EQ(heard, "stion");
    // Only once.
    f.stream->HoldEnd();
    EXPECT_FALSE(f.stream->CanRepeat());
    co_return absl::OkStatus();
  });
}

TEST(RepeatableStreamTest, CancelledWaitLosesNothing) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    absl::Status status =
        co_await WithDeadline(absl::Milliseconds(20), "wait",
                              [&f]() { return f.stream->WaitReadable(); });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
    f.stream->HoldEnd();
    f.stream->Repeat();
    status = co_await net::WriteAll(*f.application, "late");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string heard = co_await f.Hear(4);
    EXPECT_EQ(heard, "late");
    co_return absl::OkStatus();
  });
}

TEST(RepeatableStreamTest, WhatTheApplicationSawCannotBeUndone) {
  const std::function<Task<absl::Status>(RepeatableStream&)> answers[] = {
      [](RepeatableStream& s) { return net::WriteAll(s, "answer"); },
      [](RepeatableStream& s) { return s.CloseWrite(); },
      [](RepeatableStream& s) { return s.Close(); },
  };
  for (const auto& answer : answers) {
    RunTest([&answer](Fixture& f) -> Task<absl::Status> {
      absl::Status status = co_await answer(*f.stream);
      f.stream->HoldEnd();
      EXPECT_FALSE(f.stream->CanRepeat());
      co_return status;
    });
  }
}

TEST(RepeatableStreamTest, EndThatWasHeldIsReleased) {
  struct Case {
    std::function<Task<absl::Status>(RepeatableStream&)> end;
    bool open;  // the other direction, behind it
  };
  const Case cases[] = {
      {[](RepeatableStream& s) { return s.CloseWrite(); }, true},
      {[](RepeatableStream& s) { return s.Close(); }, false},
      {[](RepeatableStream& s) -> Task<absl::Status> {
         s.Abort();
         co_return absl::OkStatus();
       },
       false},
  };
  for (const Case& c : cases) {
    RunTest([&c](Fixture& f) -> Task<absl::Status> {
      f.stream->HoldEnd();
      absl::Status status = co_await c.end(*f.stream);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      EXPECT_FALSE(f.application->PeerHasEnded());
      status = co_await f.stream->ReleaseEnd();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      EXPECT_TRUE(f.application->PeerHasEnded());
      status = co_await net::WriteAll(*f.application, "late");
      if (!c.open) co_return absl::OkStatus();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      std::string heard = co_await f.Hear(4);
      EXPECT_EQ(heard, "late");
      co_return absl::OkStatus();
    });
  }
}

}  // namespace
}  // namespace fairway::portforward
