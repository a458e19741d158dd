// SPDX-License-Identifier: Apache-2.0
// Forwarded connections as a server serves them: two sessions over a pipe, and
// a pod that the test plays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/session.h"
#include "kubelet/cri/streaming/portforward/httpstream.h"
#include "net/http/connection.h"
#include "net/io/pipe.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using absl::StatusCode;
using httpstream::Connection;
using httpstream::Stream;
using ::testing::EndsWith;
using StreamPtr = std::unique_ptr<Stream>;

enum Port { kEcho = 7, kLate = 8, kFlood = 9, kWait = 10 };

// Echoes; answers late, long after the client's FIN; writes without end; or
// waits for the stream to break.
class FakePod final : public PortForwarder {
 public:
  explicit FakePod(Executor executor) : changed_(executor) {}

  Task<absl::Status> PortForward(std::string, std::string, int32_t port,
                                 net::ByteStream& stream) override {
    ++connections_;
    changed_.NotifyAll();
    absl::Status ended;
    if (port == kFlood) {
      const std::string bytes(64 * 1024, 'f');
      while (ended.ok()) ended = co_await net::WriteAll(stream, bytes);
    } else if (port == kWait) {
      ended = co_await stream.WaitBroken();
    } else {
      ended = co_await Answer(port, stream);
    }
    ends_.push_back(ended);
    changed_.NotifyAll();
    co_return ended.ok() ? ended : absl::AbortedError(ended.message());
  }

  Task<absl::Status> WaitFor(std::function<bool()> condition) {
    while (!condition()) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  void Change(std::function<void()> change) {
    change();
    changed_.NotifyAll();
  }

  int connections_ = 0;
  int fins_ = 0;
  bool may_answer_ = false;
  std::string answer_;
  std::vector<absl::Status> ends_;

 private:
  Task<absl::Status> Answer(int32_t port, net::ByteStream& stream) {
    std::string heard;
    while (true) {
      char buf[4096];
      absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
      if (!n.ok()) co_return n.status();
      if (*n == 0) break;
      heard.append(buf, *n);
    }
    ++fins_;
    changed_.NotifyAll();
    if (port == kLate) {
      absl::Status told = co_await WaitFor([this] { return may_answer_; });
      if (!told.ok()) co_return told;
      heard = answer_;
    }
    absl::Status written = co_await net::WriteAll(stream, heard);
    if (!written.ok()) co_return written;
    absl::Status closed = co_await stream.CloseWrite();
    co_return closed;
  }

  Condition changed_;
};

// What the test's body has.
struct Bench {
  explicit Bench(Executor executor) : pod(executor), drain(executor) {}

  FakePod pod;
  net::http::DrainState drain;
  std::unique_ptr<Connection> client;
};

// Runs `body` beside a served session, for at most eight seconds.
void WithSession(const std::function<Task<absl::Status>(Bench&)>& body,
                 ServeOptions options = {}) {
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Bench bench(executor);
    options.drain = &bench.drain;
    auto [near, far] = net::MakePipe(executor);
    HttpStreamHandler handler(executor, bench.pod, options);
    std::unique_ptr<Connection> server = httpstream::spdy::NewServerConnection(
        executor, std::move(far), options.session,
        [&handler](StreamPtr stream) {
          return handler.StreamReceived(std::move(stream));
        });
    server->SetIdleTimeout(options.idle_timeout);
    bench.client = httpstream::spdy::NewClientConnection(
        executor, std::move(near), options.session);
    TaskGroup serving(executor);
    serving.Spawn([&]() { return handler.Run(*server); });
    absl::Status status = co_await WithDeadline(
        absl::Seconds(8), "test",
        [&]() -> Task<absl::Status> { return body(bench); });
    bench.client->Abort();
    absl::Status served = co_await serving.Join();
    EXPECT_THAT(served, IsOk());
    co_return status;
  });
  EXPECT_THAT(result, IsOk());
}

Task<absl::StatusOr<StreamPtr>> Open(Connection& connection, std::string type,
                                     Port port, std::string request_id) {
  net::http::Headers headers;
  headers.Add(httpstream::kStreamType, type);
  headers.Add(httpstream::kPortHeader, absl::StrCat(port));
  if (!request_id.empty()) {
    headers.Add(httpstream::kPortForwardRequestIDHeader, request_id);
  }
  absl::StatusOr<StreamPtr> stream =
      co_await connection.CreateStream(std::move(headers));
  co_return stream;
}

// What came, and how it ended.
struct Heard {
  std::string bytes;
  absl::Status end;
};
Task<Heard> ReadToEnd(Stream& stream) {
  Heard heard;
  while (true) {
    char buf[4096];
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    heard.end = n.status();
    if (!n.ok() || *n == 0) co_return heard;
    heard.bytes.append(buf, *n);
  }
}

Task<absl::Status> ExpectEcho(Stream& data, Stream& error, std::string words) {
  absl::Status status = co_await net::WriteAll(data, words);
  if (status.ok()) status = co_await data.CloseWrite();
  EXPECT_THAT(status, IsOk());
  Heard heard = co_await ReadToEnd(data);
  EXPECT_EQ(heard.bytes, words);
  EXPECT_THAT(heard.end, IsOk());
  heard = co_await ReadToEnd(error);
  EXPECT_EQ(heard.bytes, "");
  EXPECT_THAT(heard.end, IsOk());
  co_return status;
}

TEST(PairingTest, StreamsComeInEitherOrder) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    for (const char* first : {"error", "data"}) {
      const char* second = *first == 'e' ? "data" : "error";
      absl::StatusOr<StreamPtr> one =
          co_await Open(*b.client, first, kEcho, first);
      if (!one.ok()) co_return one.status();
      absl::StatusOr<StreamPtr> two =
          co_await Open(*b.client, second, kEcho, first);
      if (!two.ok()) co_return two.status();
      Stream& error = *first == 'e' ? **one : **two;
      Stream& data = *first == 'e' ? **two : **one;
      absl::Status echoed = co_await ExpectEcho(data, error, "words");
      if (!echoed.ok()) co_return echoed;
    }
    co_return absl::OkStatus();
  });
}

TEST(PairingTest, WithoutRequestIdTheNumbersPair) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    for (const char* words : {"first", "second"}) {
      absl::StatusOr<StreamPtr> error =
          co_await Open(*b.client, "error", kEcho, "");
      if (!error.ok()) co_return error.status();
      absl::StatusOr<StreamPtr> data =
          co_await Open(*b.client, "data", kEcho, "");
      if (!data.ok()) co_return data.status();
      absl::Status echoed = co_await ExpectEcho(**data, **error, words);
      if (!echoed.ok()) co_return echoed;
    }
    EXPECT_EQ(b.pod.connections_, 2);
    co_return absl::OkStatus();
  });
}

TEST(PairingTest, SecondStreamOfAKindIsRefusedAndTold) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    absl::StatusOr<StreamPtr> error =
        co_await Open(*b.client, "error", kEcho, "r");
    if (!error.ok()) co_return error.status();
    absl::StatusOr<StreamPtr> again =
        co_await Open(*b.client, "error", kEcho, "r");
    EXPECT_THAT(again, StatusIs(StatusCode::kAborted));
    // The pair itself is whole.
    absl::StatusOr<StreamPtr> data =
        co_await Open(*b.client, "data", kEcho, "r");
    if (!data.ok()) co_return data.status();
    absl::Status closed = co_await (*data)->CloseWrite();
    EXPECT_THAT(closed, IsOk());
    Heard heard = co_await ReadToEnd(**error);
    EXPECT_EQ(heard.bytes,
              "error processing stream for request r: error stream already "
              "assigned");
    EXPECT_THAT(heard.end, IsOk());
    heard = co_await ReadToEnd(**data);
    EXPECT_THAT(heard.end, IsOk());
    // Its name may be used again.
    absl::StatusOr<StreamPtr> next =
        co_await Open(*b.client, "data", kEcho, "r");
    EXPECT_THAT(next, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(PairingTest, BadHeadersAreRefusedAndNobodyElse) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    absl::StatusOr<StreamPtr> error =
        co_await Open(*b.client, "error", kEcho, "r");
    if (!error.ok()) co_return error.status();
    absl::StatusOr<StreamPtr> bad = co_await Open(*b.client, "x", kEcho, "b");
    EXPECT_THAT(bad, StatusIs(StatusCode::kAborted));
    absl::StatusOr<StreamPtr> data =
        co_await Open(*b.client, "data", kEcho, "r");
    if (!data.ok()) co_return data.status();
    absl::Status echoed = co_await ExpectEcho(**data, **error, "words");
    co_return echoed;
  });
}

TEST(PairingTest, LonelyStreamsAreGivenUpEachInItsTime) {
  ServeOptions options;
  options.stream_creation_timeout = absl::Milliseconds(100);
  WithSession(
      [](Bench& b) -> Task<absl::Status> {
        for (int round = 0; round < 2; ++round) {
          absl::StatusOr<StreamPtr> error =
              co_await Open(*b.client, "error", kEcho, "e");
          if (!error.ok()) co_return error.status();
          absl::StatusOr<StreamPtr> data =
              co_await Open(*b.client, "data", kEcho, "d");
          if (!data.ok()) co_return data.status();
          Heard heard = co_await ReadToEnd(**error);
          EXPECT_THAT(heard.bytes,
                      EndsWith(", request=e) timed out waiting for streams"));
          EXPECT_THAT(heard.end, IsOk());
          heard = co_await ReadToEnd(**data);
          EXPECT_THAT(heard.end, StatusIs(StatusCode::kAborted));
        }
        EXPECT_EQ(b.pod.connections_, 0);
        co_return absl::OkStatus();
      },
      options);
}

TEST(PairingTest, IncompletePairsAreBounded) {
  ServeOptions options;
  options.session.max_streams = 40;
  WithSession(
      [](Bench& b) -> Task<absl::Status> {
        std::vector<StreamPtr> errors;
        for (int i = 0; i < 20; ++i) {
          absl::StatusOr<StreamPtr> error =
              co_await Open(*b.client, "error", kEcho, absl::StrCat(i));
          if (!error.ok()) co_return error.status();
          errors.push_back(*std::move(error));
        }
        absl::StatusOr<StreamPtr> beyond =
            co_await Open(*b.client, "error", kEcho, "beyond");
        EXPECT_THAT(beyond, StatusIs(StatusCode::kAborted));
        absl::StatusOr<StreamPtr> data =
            co_await Open(*b.client, "data", kEcho, "0");
        if (!data.ok()) co_return data.status();
        absl::Status echoed = co_await ExpectEcho(**data, *errors[0], "words");
        co_return echoed;
      },
      options);
}

TEST(PairingTest, ThousandsOfConnectionsOpenAtOnce) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    constexpr int kConnections = 3000;
    Executor executor = co_await kThisExecutor;
    std::vector<StreamPtr> streams(2 * kConnections);
    for (const std::string type : {"error", "data"}) {
      TaskGroup opening(executor);
      for (int i = 0; i < kConnections; ++i) {
        StreamPtr* place = &streams[type == "data" ? kConnections + i : i];
        opening.Spawn([&b, &type, i, place]() -> Task<absl::Status> {
          absl::StatusOr<StreamPtr> stream =
              co_await Open(*b.client, type, kWait, absl::StrCat(i));
          if (stream.ok()) *place = *std::move(stream);
          co_return stream.status();
        });
      }
      absl::Status opened = co_await opening.Join();
      if (!opened.ok()) co_return opened;
    }
    absl::Status all = co_await b.pod.WaitFor(
        [&b] { return b.pod.connections_ == kConnections; });
    co_return all;
  });
}

TEST(PairingTest, LateAnswerToAHalfClosedClientIsWhole) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    absl::StatusOr<StreamPtr> error =
        co_await Open(*b.client, "error", kLate, "r");
    if (!error.ok()) co_return error.status();
    absl::StatusOr<StreamPtr> data =
        co_await Open(*b.client, "data", kLate, "r");
    if (!data.ok()) co_return data.status();
    absl::Status status = co_await (*data)->CloseWrite();
    if (status.ok()) {
      status = co_await b.pod.WaitFor([&b] { return b.pod.fins_ == 1; });
    }
    if (!status.ok()) co_return status;
    // Only now, with nothing else going on, does the pod begin.
    b.pod.Change([&b] {
      b.pod.answer_ = std::string(3 << 20, 'a') + "end";
      b.pod.may_answer_ = true;
    });
    Heard heard = co_await ReadToEnd(**data);
    EXPECT_THAT(heard.end, IsOk());
    EXPECT_EQ(heard.bytes, b.pod.answer_);
    heard = co_await ReadToEnd(**error);
    EXPECT_EQ(heard.bytes, "");
    EXPECT_THAT(heard.end, IsOk());
    co_return absl::OkStatus();
  });
}

// Whatever the pod's side does at that moment: reading, or writing against a
// closed window.
TEST(PairingTest, ResetOfTheClientEndsThePodsSide) {
  for (const Port port : {kEcho, kFlood, kWait}) {
    WithSession([port](Bench& b) -> Task<absl::Status> {
      absl::StatusOr<StreamPtr> error =
          co_await Open(*b.client, "error", port, "r");
      if (!error.ok()) co_return error.status();
      absl::StatusOr<StreamPtr> data =
          co_await Open(*b.client, "data", port, "r");
      if (!data.ok()) co_return data.status();
      (*data)->Reset();
      absl::Status ended =
          co_await b.pod.WaitFor([&b] { return b.pod.ends_.size() == 1; });
      if (!ended.ok()) co_return ended;
      EXPECT_THAT(b.pod.ends_[0], StatusIs(StatusCode::kAborted));
      // No text, which newer kubectls take for the end of everything.
      Heard heard = co_await ReadToEnd(**error);
      EXPECT_EQ(heard.bytes, "");
      EXPECT_THAT(heard.end, IsOk());
      co_return absl::OkStatus();
    });
  }
}

TEST(PairingTest, IdleSessionEnds) {
  ServeOptions options;
  options.idle_timeout = absl::Milliseconds(100);
  WithSession(
      [](Bench& b) -> Task<absl::Status> {
        absl::StatusOr<StreamPtr> error =
            co_await Open(*b.client, "error", kEcho, "r");
        if (!error.ok()) co_return error.status();
        absl::Status closed = co_await b.client->WaitClosed();
        if (absl::IsCancelled(closed)) co_return closed;
        co_return absl::OkStatus();
      },
      options);
}

TEST(PairingTest, DrainEndsAnIdleSessionAtOnce) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    absl::StatusOr<StreamPtr> half =
        co_await Open(*b.client, "error", kEcho, "half");
    if (!half.ok()) co_return half.status();
    b.drain.Begin();
    absl::Status closed = co_await b.client->WaitClosed();
    EXPECT_THAT(closed, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(PairingTest, DrainLetsAStreamFinish) {
  WithSession([](Bench& b) -> Task<absl::Status> {
    absl::StatusOr<StreamPtr> error =
        co_await Open(*b.client, "error", kLate, "r");
    if (!error.ok()) co_return error.status();
    absl::StatusOr<StreamPtr> data =
        co_await Open(*b.client, "data", kLate, "r");
    if (!data.ok()) co_return data.status();
    b.drain.Begin();
    absl::StatusOr<StreamPtr> refused =
        co_await Open(*b.client, "error", kEcho, "new");
    EXPECT_THAT(refused, StatusIs(StatusCode::kAborted));
    absl::Status status = co_await (*data)->CloseWrite();
    EXPECT_THAT(status, IsOk());
    b.pod.Change([&b] {
      b.pod.answer_ = std::string(1 << 20, 'a');
      b.pod.may_answer_ = true;
    });
    Heard heard = co_await ReadToEnd(**data);
    EXPECT_EQ(heard.bytes, b.pod.answer_);
    EXPECT_THAT(heard.end, IsOk());
    heard = co_await ReadToEnd(**error);
    EXPECT_THAT(heard.end, IsOk());
    absl::Status closed = co_await (*error)->CloseWrite();
    EXPECT_THAT(closed, IsOk());
    closed = co_await b.client->WaitClosed();
    EXPECT_THAT(closed, IsOk());
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming::portforward
