// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/repeatable_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

using Clock = std::chrono::steady_clock;

// A stream, the socket below it, and the application at the other end.
struct Fixture {
  absl::Status Open() {
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
    stream = std::make_unique<RepeatableStream>(executor, socket.get());
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

  explicit Fixture(Executor on) : executor(on) {}

  Executor executor;
  std::unique_ptr<net::Socket> socket;
  std::unique_ptr<net::Socket> application;
  std::unique_ptr<RepeatableStream> stream;
};

void RunTest(std::function<Task<absl::Status>(Fixture&)> body) {
  absl::Status status = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    FAIRWAY_CO_RETURN_IF_ERROR(f.Open());
    absl::Status done = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status taken = co_await f.stream->Accept();
          FAIRWAY_CO_RETURN_IF_ERROR(taken);
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
    status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
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
    status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
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
    status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.application, "late");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string heard = co_await f.Hear(4);
    EXPECT_EQ(heard, "late");
    co_return absl::OkStatus();
  });
}

TEST(RepeatableStreamTest, NothingIsReadBeforeThePodsEndHasTakenIt) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await net::WriteAll(*f.application, "question");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.stream->Repeat();
    TaskGroup hearing(f.executor);
    std::string heard;
    hearing.Spawn([&f, &heard]() -> Task<absl::Status> {
      std::string all = co_await f.Hear(8);
      heard = all;
      co_return absl::OkStatus();
    });
    status = co_await Sleep(absl::Milliseconds(20));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_FALSE(f.stream->HasSpoken());
    f.stream->Abort();
    EXPECT_FALSE(f.application->PeerHasEnded());
    f.stream->Repeat();
    status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await hearing.Join();
    EXPECT_EQ(heard, "question");
    EXPECT_TRUE(f.stream->HasSpoken());
    co_return status;
  });
}

TEST(RepeatableStreamTest, SpeaksEarlyWhatCanBeSaidAgain) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    const std::string words(kMaxRepeatedBytes + 10, 'w');
    TaskGroup tasks(f.executor);
    tasks.Spawn(
        [&f, &words]() { return net::WriteAll(*f.application, words); });
    f.stream->Repeat();
    f.stream->SpeakEarly(Clock::now() + std::chrono::minutes(1));
    std::string heard = co_await f.Hear(kMaxRepeatedBytes);
    EXPECT_EQ(heard, words.substr(0, kMaxRepeatedBytes));
    char buf[20];
    absl::Status more = co_await WithDeadline(
        absl::Milliseconds(20), "more", [&]() -> Task<absl::Status> {
          absl::StatusOr<size_t> n =
              co_await f.stream->Read(absl::MakeSpan(buf));
          co_return n.status();
        });
    EXPECT_THAT(more, StatusIs(absl::StatusCode::kDeadlineExceeded));
    // Refused: another may hear it all.
    EXPECT_TRUE(f.stream->CanRepeat());
    f.stream->Repeat();
    absl::Status status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    heard = co_await f.Hear(words.size());
    EXPECT_EQ(heard, words);
    EXPECT_FALSE(f.stream->CanRepeat());
    status = co_await tasks.Join();
    co_return status;
  });
}

TEST(RepeatableStreamTest, WhatComesTooLateToBeEarlyWaits) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    f.stream->Repeat();
    f.stream->SpeakEarly(Clock::now() + std::chrono::milliseconds(30));
    TaskGroup hearing(f.executor);
    std::string heard;
    hearing.Spawn([&f, &heard]() -> Task<absl::Status> {
      std::string all = co_await f.Hear(8);
      heard = all;
      co_return absl::OkStatus();
    });
    absl::Status status = co_await Sleep(absl::Milliseconds(40));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.application, "question");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Sleep(absl::Milliseconds(20));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_FALSE(f.stream->HasSpoken());
    status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await hearing.Join();
    EXPECT_EQ(heard, "question");
    co_return status;
  });
}

TEST(RepeatableStreamTest, WhoReadsAndHasGotNothingHasHeardNothing) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    char buf[3];
    absl::StatusOr<size_t> n = absl::UnknownError("not read");
    TaskGroup reading(f.executor);
    reading.Spawn([&]() -> Task<absl::Status> {
      absl::StatusOr<size_t> got = co_await f.stream->Read(absl::MakeSpan(buf));
      n = got;
      co_return absl::OkStatus();
    });
    EXPECT_FALSE(f.stream->HasSpoken());
    absl::Status status = co_await f.application->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await reading.Join();
    EXPECT_EQ(n.value_or(1), 0u);
    // A FIN says something.
    EXPECT_TRUE(f.stream->HasSpoken());
    co_return status;
  });
}

TEST(RepeatableStreamTest, WhoWasAnsweredIsNobodyElses) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    f.stream->Repeat();
    EXPECT_FALSE(f.stream->HasSpoken());
    absl::Status status = co_await net::WriteAll(*f.stream, "hello");
    EXPECT_TRUE(f.stream->HasSpoken());
    co_return status;
  });
}

TEST(RepeatableStreamTest, EndThatCameBeforeItWasTakenIsToldThen) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    f.stream->Repeat();
    absl::Status status = co_await f.stream->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_FALSE(f.application->PeerHasEnded());
    status = co_await f.stream->Accept();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_TRUE(f.application->PeerHasEnded());
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
