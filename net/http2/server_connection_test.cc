// SPDX-License-Identifier: Apache-2.0
#include "net/http2/server_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http2/session.h"
#include "net/io/pipe.h"

namespace fairway::net::http2 {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

struct Answer {
  std::string status;
  std::string body;
  absl::Status end;  // of the body
  Fields fields;
};

// A server connection and a client session at the two ends of a pipe.
class Connection {
 public:
  Connection(Executor executor, http::Handler handler,
             http::ServerOptions options = {})
      : drain_(executor), handler_(std::move(handler)), options_(options) {
    auto [near, far] = MakePipe(executor);
    client_ = std::make_unique<Session>(executor, std::move(near),
                                        Role::kClient, SessionOptions());
    client_task_ = std::make_unique<TaskGroup>(executor);
    server_task_ = std::make_unique<TaskGroup>(executor);
    server_stream_ = std::move(far);
    server_task_->Spawn([this]() -> Task<absl::Status> {
      http::ConnectionInfo info;
      absl::Status served =
          co_await ServeConnection(std::move(server_stream_), std::move(info),
                                   handler_, options_, drain_);
      co_return served;
    });
    client_task_->Spawn([this]() -> Task<absl::Status> {
      absl::Status ran = co_await client_->Run();
      co_return ran;
    });
  }

  Session& client() { return *client_; }
  http::DrainState& drain() { return drain_; }
  TaskGroup& server_task() { return *server_task_; }
  TaskGroup& client_task() { return *client_task_; }

  static Fields Request(absl::string_view method, absl::string_view path) {
    return {{":method", std::string(method)},
            {":scheme", "https"},
            {":path", std::string(path)},
            {":authority", "example:6443"}};
  }

  absl::StatusOr<std::shared_ptr<Stream>> Get(absl::string_view path) {
    return client_->Open(Request("GET", path), EndStream::kYes);
  }

  // The client's FIN; then both tasks end.
  Task<absl::Status> Stop() {
    client_->Drain();
    absl::Status client = co_await client_task_->Join();
    client.IgnoreError();
    absl::Status server = co_await server_task_->Join();
    co_return server;
  }

 private:
  http::DrainState drain_;
  const http::Handler handler_;
  const http::ServerOptions options_;
  std::unique_ptr<ByteStream> server_stream_;
  std::unique_ptr<Session> client_;
  std::unique_ptr<TaskGroup> client_task_;
  std::unique_ptr<TaskGroup> server_task_;
};

Task<Answer> ReadAnswer(std::shared_ptr<Stream> stream) {
  Answer answer;
  answer.end = co_await stream->WaitFields();
  answer.fields = stream->fields();
  answer.status = std::string(FieldValue(stream->fields(), ":status"));
  std::string buf(10000, '\0');
  while (answer.end.ok()) {
    absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(buf));
    if (!n.ok()) answer.end = n.status();
    if (!n.ok() || *n == 0) break;
    answer.body.append(buf, 0, *n);
  }
  co_return answer;
}

// Runs `body` on a connection that `handler` answers, within ten seconds.
absl::Status WithConnection(
    http::Handler handler, http::ServerOptions options,
    std::function<Task<absl::Status>(Connection&)> body) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Connection connection(executor, handler, options);
    absl::Status status = co_await WithDeadline(
        absl::Seconds(9), "test", [&]() -> Task<absl::Status> {
          absl::Status done = co_await body(connection);
          absl::Status stopped = co_await connection.Stop();
          stopped.IgnoreError();
          co_return done;
        });
    co_return status;
  });
}

absl::Status WithConnection(
    http::Handler handler,
    std::function<Task<absl::Status>(Connection&)> body) {
  return WithConnection(std::move(handler), http::ServerOptions(),
                        std::move(body));
}

Task<absl::Status> EchoBody(http::ServerRequest& request,
                            http::ResponseWriter& writer) {
  std::string buf(7000, '\0');
  while (true) {
    absl::StatusOr<size_t> n = co_await request.body->Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::OkStatus();
    absl::Status written =
        co_await writer.Write(absl::string_view(buf.data(), *n));
    if (!written.ok()) co_return written;
  }
}

TEST(Http2ServerTest, GivesTheHandlerTheWholeRequest) {
  http::Handler handler =
      [](http::ServerRequest& request,
         http::ResponseWriter& writer) -> Task<absl::Status> {
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.url.path, "/a/b%20c");
    EXPECT_EQ(request.url.raw_query, "q=1");
    EXPECT_EQ(request.url.host, "example");
    EXPECT_EQ(request.url.port, "6443");
    EXPECT_EQ(request.http_major, 2);
    EXPECT_THAT(request.path_segments, ::testing::ElementsAre("a", "b c"));
    EXPECT_EQ(request.headers.Get("X-Thing"), "v");
    EXPECT_EQ(request.headers.Get("Cookie"), "a=1; b=2");
    EXPECT_EQ(writer.Hijack().status().code(), StatusCode::kUnimplemented);
    writer.headers().Set("Content-Type", "text/plain");
    writer.headers().Set("Connection", "close");
    absl::Status begun = co_await writer.WriteHeader(404);
    EXPECT_THAT(begun, IsOk());
    absl::Status written = co_await writer.Write("no such page");
    co_return written;
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        Fields fields = Connection::Request("PUT", "/a/b%20c?q=1");
        fields.emplace_back("x-thing", "v");
        fields.emplace_back("cookie", "a=1");
        fields.emplace_back("cookie", "b=2");
        auto stream = c.client().Open(fields, EndStream::kYes);
        if (!stream.ok()) co_return stream.status();
        Answer answer = co_await ReadAnswer(*stream);
        EXPECT_EQ(answer.status, "404");
        EXPECT_EQ(FieldValue(answer.fields, "content-type"), "text/plain");
        EXPECT_EQ(FieldValue(answer.fields, "connection"), "");
        EXPECT_EQ(answer.body, "no such page");
        co_return answer.end;
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, CompletesWhatTheHandlerLeft) {
  http::Handler handler =
      [](http::ServerRequest& request,
         http::ResponseWriter& writer) -> Task<absl::Status> {
    if (request.url.path == "/error") co_return absl::InternalError("broken");
    if (request.url.path == "/late") {
      absl::Status written = co_await writer.Write("half");
      EXPECT_THAT(written, IsOk());
      co_return absl::InternalError("broken");
    }
    if (request.method == "HEAD") {
      absl::Status written = co_await writer.Write("not sent");
      co_return written;
    }
    co_return absl::OkStatus();
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        auto stream = c.Get("/nothing");
        Answer nothing = co_await ReadAnswer(*stream);
        EXPECT_EQ(nothing.status, "200");
        stream = c.Get("/error");
        Answer error = co_await ReadAnswer(*stream);
        EXPECT_EQ(error.status, "500");
        stream = c.Get("/late");
        Answer late = co_await ReadAnswer(*stream);
        EXPECT_THAT(late.end, StatusIs(StatusCode::kAborted,
                                       HasSubstr("INTERNAL_ERROR")));
        stream =
            c.client().Open(Connection::Request("HEAD", "/"), EndStream::kYes);
        Answer head = co_await ReadAnswer(*stream);
        EXPECT_EQ(head.status, "200");
        EXPECT_EQ(head.body, "");
        co_return head.end;
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, RequestsRunAtTheSameTime) {
  constexpr int kRequests = 100;
  int arrived = 0;
  std::unique_ptr<Condition> all;
  http::Handler handler =
      [&](http::ServerRequest& request,
          http::ResponseWriter& writer) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    if (all == nullptr) all = std::make_unique<Condition>(executor);
    if (++arrived == kRequests) all->NotifyAll();
    while (arrived < kRequests) {
      absl::Status waited = co_await all->Wait();
      if (!waited.ok()) co_return waited;
    }
    absl::Status written = co_await writer.Write(request.url.path);
    co_return written;
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        std::vector<std::shared_ptr<Stream>> streams;
        for (int i = 0; i < kRequests; ++i) {
          auto stream = c.Get(absl::StrCat("/", i));
          if (!stream.ok()) co_return stream.status();
          streams.push_back(*stream);
        }
        for (int i = 0; i < kRequests; ++i) {
          Answer answer = co_await ReadAnswer(streams[i]);
          EXPECT_EQ(answer.body, absl::StrCat("/", i));
        }
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, BigBodiesPassInBothDirectionsAtOnce) {
  std::string big;
  for (int i = 0; big.size() < (3 << 20); ++i) absl::StrAppend(&big, i, ",");
  absl::Status result =
      WithConnection(EchoBody, [&big](Connection& c) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup group(executor);
        for (int i = 0; i < 3; ++i) {
          group.Spawn([&]() -> Task<absl::Status> {
            auto stream = c.client().Open(Connection::Request("POST", "/"),
                                          EndStream::kNo);
            if (!stream.ok()) co_return stream.status();
            TaskGroup sender(executor);
            sender.Spawn([&big, s = *stream]() -> Task<absl::Status> {
              absl::Status written = co_await s->Write(big);
              if (!written.ok()) co_return written;
              co_return s->Finish();
            });
            Answer answer = co_await ReadAnswer(*stream);
            EXPECT_TRUE(answer.body == big) << answer.body.size();
            absl::Status sent = co_await sender.Join();
            co_return sent;
          });
        }
        absl::Status joined = co_await group.Join();
        co_return joined;
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, StreamThatNobodyReadsStopsOnlyItself) {
  http::Handler handler =
      [](http::ServerRequest& request,
         http::ResponseWriter& writer) -> Task<absl::Status> {
    if (request.url.path == "/quick") {
      absl::Status written = co_await writer.Write("quick");
      co_return written;
    }
    const std::string piece(50000, 'x');
    while (true) {
      absl::Status written = co_await writer.Write(piece);
      if (!written.ok()) co_return written;
    }
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        // Twenty responses without end, and as many uploads: all unread.
        std::vector<std::shared_ptr<Stream>> stuck;
        Executor executor = co_await kThisExecutor;
        TaskGroup uploads(executor);
        const std::string piece(1 << 20, 'y');
        for (int i = 0; i < 20; ++i) {
          auto stream = c.client().Open(Connection::Request("POST", "/stuck"),
                                        EndStream::kNo);
          if (!stream.ok()) co_return stream.status();
          stuck.push_back(*stream);
          uploads.Spawn([&piece, s = *stream]() -> Task<absl::Status> {
            absl::Status written = co_await s->Write(piece);
            co_return written;
          });
        }
        for (const auto& stream : stuck) {
          absl::Status begun = co_await stream->WaitFields();
          EXPECT_THAT(begun, IsOk());
        }
        auto stream = c.Get("/quick");
        Answer quick = co_await ReadAnswer(*stream);
        EXPECT_EQ(quick.body, "quick");
        EXPECT_EQ(uploads.running(), 20u);
        for (const auto& s : stuck) s->Reset(kCancel);
        absl::Status joined = co_await uploads.Join();
        EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
        co_return quick.end;
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, ResetEndsTheHandlersWaitAndItsWrites) {
  absl::Status wait_ended = absl::UnknownError("not run");
  absl::Status write_ended;
  http::Handler handler =
      [&](http::ServerRequest&,
          http::ResponseWriter& writer) -> Task<absl::Status> {
    absl::Status begun = co_await writer.Write("begun");
    EXPECT_THAT(begun, IsOk());
    wait_ended = co_await writer.WaitPeerGone();
    write_ended = co_await writer.Write("too late");
    co_return write_ended;
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        auto stream = c.Get("/");
        absl::Status begun = co_await (*stream)->WaitFields();
        EXPECT_THAT(begun, IsOk());
        (*stream)->Reset(kCancel);
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
  EXPECT_THAT(wait_ended, IsOk());
  EXPECT_THAT(write_ended, StatusIs(StatusCode::kAborted, HasSubstr("CANCEL")));
}

TEST(Http2ServerTest, EndOfTheConnectionEndsTheHandlersWait) {
  absl::Status wait_ended = absl::UnknownError("not run");
  absl::Status read_ended;
  http::Handler handler =
      [&](http::ServerRequest& request,
          http::ResponseWriter& writer) -> Task<absl::Status> {
    absl::Status begun = co_await writer.Write("begun");
    EXPECT_THAT(begun, IsOk());
    wait_ended = co_await writer.WaitPeerGone();
    char c;
    absl::StatusOr<size_t> n =
        co_await request.body->Read(absl::MakeSpan(&c, 1));
    read_ended = n.status();
    co_return read_ended;
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        auto stream =
            c.client().Open(Connection::Request("POST", "/"), EndStream::kNo);
        absl::Status begun = co_await (*stream)->WaitFields();
        EXPECT_THAT(begun, IsOk());
        c.client_task().Cancel();
        absl::Status served = co_await c.server_task().Join();
        EXPECT_THAT(served, StatusIs(StatusCode::kAborted));
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
  EXPECT_THAT(wait_ended, IsOk());
  EXPECT_THAT(read_ended, StatusIs(StatusCode::kUnavailable));
}

TEST(Http2ServerTest, DrainFinishesWhatIsUnderWay) {
  std::unique_ptr<Condition> go_on;
  bool may_go_on = false;
  absl::Status wait_ended = absl::UnknownError("not run");
  http::Handler handler =
      [&](http::ServerRequest&,
          http::ResponseWriter& writer) -> Task<absl::Status> {
    absl::Status begun = co_await writer.Write("first,");
    EXPECT_THAT(begun, IsOk());
    wait_ended = co_await writer.WaitPeerGone();
    Executor executor = co_await kThisExecutor;
    go_on = std::make_unique<Condition>(executor);
    while (!may_go_on) {
      absl::Status waited = co_await go_on->Wait();
      if (!waited.ok()) co_return waited;
    }
    absl::Status written = co_await writer.Write("second");
    co_return written;
  };
  absl::Status result =
      WithConnection(handler, [&](Connection& c) -> Task<absl::Status> {
        auto stream = c.Get("/");
        absl::Status begun = co_await (*stream)->WaitFields();
        EXPECT_THAT(begun, IsOk());
        c.drain().Begin();
        while (c.client().accepts_requests()) {
          absl::Status slept = co_await Sleep(absl::Milliseconds(1));
          if (!slept.ok()) co_return slept;
        }
        EXPECT_THAT(c.Get("/new").status(), StatusIs(StatusCode::kUnavailable));
        may_go_on = true;
        go_on->NotifyAll();
        Answer answer = co_await ReadAnswer(*stream);
        EXPECT_EQ(answer.body, "first,second");
        absl::Status served = co_await c.server_task().Join();
        EXPECT_THAT(served, IsOk());
        co_return answer.end;
      });
  EXPECT_THAT(result, IsOk());
  EXPECT_THAT(wait_ended, IsOk());
}

TEST(Http2ServerTest, TooManyFieldsAre431) {
  http::ServerOptions options;
  options.max_header_bytes = 2000;
  absl::Status result = WithConnection(
      EchoBody, options, [](Connection& c) -> Task<absl::Status> {
        Fields fields = Connection::Request("GET", "/");
        fields.emplace_back("x-big", std::string(2000, 'b'));
        auto stream = c.client().Open(fields, EndStream::kYes);
        Answer large = co_await ReadAnswer(*stream);
        EXPECT_EQ(large.status, "431");
        fields.emplace_back("x-bigger", std::string(2000, 'b'));
        stream = c.client().Open(fields, EndStream::kYes);
        Answer larger = co_await ReadAnswer(*stream);
        EXPECT_THAT(larger.end, StatusIs(StatusCode::kAborted));
        // The connection lives on.
        stream = c.Get("/");
        Answer answer = co_await ReadAnswer(*stream);
        EXPECT_EQ(answer.status, "200");
        co_return answer.end;
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, UnreadBodyDoesNotStopTheAnswer) {
  http::Handler handler =
      [](http::ServerRequest&,
         http::ResponseWriter& writer) -> Task<absl::Status> {
    absl::Status done =
        co_await http::Respond(writer, 403, "text/plain", "forbidden");
    co_return done;
  };
  absl::Status result =
      WithConnection(handler, [](Connection& c) -> Task<absl::Status> {
        auto stream =
            c.client().Open(Connection::Request("POST", "/"), EndStream::kNo);
        const std::string piece(1 << 20, 'y');
        absl::Status written = co_await (*stream)->Write(piece);
        EXPECT_THAT(written, StatusIs(StatusCode::kUnavailable));
        Answer answer = co_await ReadAnswer(*stream);
        EXPECT_EQ(answer.status, "403");
        EXPECT_EQ(answer.body, "forbidden");
        co_return answer.end;
      });
  EXPECT_THAT(result, IsOk());
}

TEST(Http2ServerTest, IdleConnectionEnds) {
  http::ServerOptions options;
  options.idle_timeout = absl::Milliseconds(30);
  absl::Status result = WithConnection(
      EchoBody, options, [](Connection& c) -> Task<absl::Status> {
        auto stream = c.Get("/");
        Answer answer = co_await ReadAnswer(*stream);
        EXPECT_EQ(answer.status, "200");
        absl::Status served = co_await c.server_task().Join();
        co_return served;
      });
  EXPECT_THAT(result, IsOk());
}

}  // namespace
}  // namespace fairway::net::http2
