// SPDX-License-Identifier: Apache-2.0
#include "net/http1/server_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/io/pipe.h"
#include "net/io/testing/transport.h"

namespace fairway::net::http1 {
namespace {

using absl::StatusCode;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A connection whose server side runs, and the peer's end of it.
class Served {
 public:
  Served(Executor executor, http::Handler handler,
         http::ServerOptions options = {}, size_t pipe_bytes = 1 << 20)
      : handler_(std::move(handler)),
        options_(std::move(options)),
        drain_(executor),
        group_(executor) {
    auto ends = MakePipe(executor, pipe_bytes);
    client = std::move(ends.first);
    auto server =
        std::make_shared<std::unique_ptr<ByteStream>>(std::move(ends.second));
    group_.Spawn([this, server]() -> Task<absl::Status> {
      http::ConnectionInfo info;
      info.remote_address = "192.0.2.1:4711";
      result = co_await ServeConnection(std::move(*server), std::move(info),
                                        handler_, options_, drain_);
      ended = true;
      co_return absl::OkStatus();
    });
  }

  Task<absl::Status> Write(std::string bytes) {
    absl::Status status = co_await WriteAll(*client, bytes);
    co_return status;
  }

  // What came until it ends with `end` (or, if that is empty, until FIN).
  Task<std::string> ReadUntil(std::string end) {
    return net::ReadUntil(*client, std::move(end));
  }

  void Drain() { drain_.Begin(); }
  void Cancel() { group_.Cancel(); }
  Task<absl::Status> Join() {
    absl::Status status = co_await group_.Join();
    co_return status;
  }

  std::unique_ptr<ByteStream> client;
  absl::Status result;
  bool ended = false;

 private:
  const http::Handler handler_;
  const http::ServerOptions options_;
  http::DrainState drain_;
  TaskGroup group_;
};

// Answers with what it was asked, and the body.
Task<absl::Status> Echo(http::ServerRequest& request,
                        http::ResponseWriter& writer) {
  absl::StatusOr<std::string> body =
      co_await http::ReadAll(*request.body, 1 << 20);
  if (!body.ok()) co_return body.status();
  const std::string text =
      absl::StrCat(request.method, " ", request.url.HostPort(), " ",
                   request.url.RequestTarget(), " ", *body, "\n");
  absl::Status status = co_await http::Respond(writer, 200, "text/plain", text);
  co_return status;
}

// The whole answer to `wire`, behind which the client sends FIN.
std::string AnswerTo(std::string wire, http::Handler handler,
                     http::ServerOptions options = {}) {
  std::string answer;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    Served served(executor, handler, options);
    absl::Status written = co_await served.Write(wire);
    if (!written.ok()) co_return written;
    absl::Status closed = co_await served.client->CloseWrite();
    if (!closed.ok()) co_return closed;
    answer = co_await served.ReadUntil("");
    absl::Status joined = co_await served.Join();
    co_return joined;
  });
  return answer;
}

TEST(ServerConnectionTest, AnswersPipelinedRequestsInOrder) {
  const std::string answer = AnswerTo(
      "GET /1?q HTTP/1.1\r\nHost: a:80\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc"
      "POST /3 HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
      "GET http://d/4 HTTP/1.1\r\nHost: ignored\r\nConnection: close\r\n\r\n",
      Echo);
  const size_t first = answer.find("GET a:80 /1?q \n");
  const size_t second = answer.find("POST b /2 abc\n");
  const size_t third = answer.find("POST c /3 def\n");
  const size_t fourth = answer.find("GET d /4 \n");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_LT(third, fourth);
  EXPECT_NE(fourth, std::string::npos) << answer;
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST(ServerConnectionTest, TakesRequestsByteByByte) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Served served(executor, Echo, {}, 1);
    TaskGroup group(executor);
    group.Spawn([&served]() -> Task<absl::Status> {
      absl::Status written = co_await served.Write(
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n"
          "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      co_return written;
    });
    std::string answer = co_await served.ReadUntil("");
    EXPECT_THAT(answer, HasSubstr("POST a / abc\n"));
    EXPECT_THAT(answer, EndsWith("GET a /x \n"));
    absl::Status joined = co_await group.Join();
    if (!joined.ok()) co_return joined;
    absl::Status ended = co_await served.Join();
    co_return ended;
  });
}

struct BadCase {
  std::string name;
  std::string wire;
  std::string want_status;
  std::string want_body;
};
void PrintTo(const BadCase& c, std::ostream* out) { *out << c.name; }

class BadRequestTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadRequestTest, IsAnsweredAsGoDoesAndEndsTheConnection) {
  const std::string answer =
      AnswerTo(GetParam().wire + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", Echo);
  EXPECT_THAT(answer,
              StartsWith(absl::StrCat("HTTP/1.1 ", GetParam().want_status,
                                      "\r\nContent-Type: text/plain; "
                                      "charset=utf-8\r\nConnection: close\r\n"
                                      "\r\n")));
  EXPECT_THAT(answer, EndsWith(absl::StrCat("\r\n\r\n", GetParam().want_body)));
  EXPECT_THAT(answer, Not(HasSubstr("/next")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRequestTest,
    ::testing::Values(
        BadCase{"Garbage", "\x16\x03\x01 garbage\r\n\r\n", "400 Bad Request",
                "400 Bad Request"},
        BadCase{"NoHost", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request",
                "400 Bad Request: missing required Host header"},
        BadCase{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "400 Bad Request", "400 Bad Request: too many Host headers"},
        BadCase{"BadHost", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
                "400 Bad Request", "400 Bad Request: malformed Host header"},
        BadCase{"BadEscape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                "400 Bad Request", "400 Bad Request"},
        BadCase{"Smuggling",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "400 Bad Request", "400 Bad Request"},
        BadCase{"Gzip",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
                "501 Not Implemented",
                "501 Not Implemented: unsupported transfer encoding"},
        BadCase{"Version", "GET / HTTP/1.7\r\nHost: a\r\n\r\n",
                "505 HTTP Version Not Supported",
                "505 HTTP Version Not Supported: unsupported protocol "
                "version"},
        BadCase{"Expectation",
                "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n",
                "417 Expectation Failed", "417 Expectation Failed"},
        BadCase{"TooLong",
                absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nX: ",
                             std::string(1 << 20, 'x'), "\r\n\r\n"),
                "431 Request Header Fields Too Large",
                "431 Request Header Fields Too Large"}),
    [](const auto& info) { return info.param.name; });

TEST(ServerConnectionTest, BadChunkInABodyEndsTheConnection) {
  const std::string answer = AnswerTo(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "zz\r\n"
      "GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
      Echo);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("/next")));
}

TEST(ServerConnectionTest, FramesResponsesByWhatIsKnown) {
  // Short and written at once: counted.
  std::string answer =
      AnswerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
               [](http::ServerRequest&,
                  http::ResponseWriter& writer) -> Task<absl::Status> {
                 absl::Status first = co_await writer.Write("ab");
                 if (!first.ok()) co_return first;
                 absl::Status second = co_await writer.Write("cd");
                 co_return second;
               });
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nabcd"));
  // Nothing written: an empty 200.
  answer = AnswerTo(
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      [](http::ServerRequest&, http::ResponseWriter&) -> Task<absl::Status> {
        co_return absl::OkStatus();
      });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 0\r\n"));
  // Long: chunked.
  auto write_long = [](http::ServerRequest&,
                       http::ResponseWriter& writer) -> Task<absl::Status> {
    const std::string bytes(5000, 'x');
    absl::Status status = co_await writer.Write(bytes);
    co_return status;
  };
  answer = AnswerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n", write_long);
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n1388\r\nxxx"));
  EXPECT_THAT(answer, EndsWith("xxx\r\n0\r\n\r\n"));
  // An old client gets it until the end of the connection.
  answer = AnswerTo("GET / HTTP/1.0\r\n\r\n", write_long);
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n" + std::string(5000, 'x')));
}

TEST(ServerConnectionTest, HeadAndNoContentHaveNoBody) {
  std::string answer = AnswerTo(
      "HEAD /h HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      Echo);
  EXPECT_THAT(answer, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("HEAD a /h")));
  EXPECT_THAT(answer, EndsWith("GET a / \n"));
  answer = AnswerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                    [](http::ServerRequest&,
                       http::ResponseWriter& writer) -> Task<absl::Status> {
                      absl::Status status = co_await writer.WriteHeader(204);
                      co_return status;
                    });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(answer, Not(HasSubstr("Transfer-Encoding")));
}

TEST(ServerConnectionTest, Http10KeepsAliveOnRequest) {
  const std::string answer = AnswerTo(
      "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
      "GET /2 HTTP/1.0\r\n\r\nGET /3 HTTP/1.0\r\n\r\n",
      Echo);
  EXPECT_THAT(answer, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(answer, EndsWith("GET  /2 \n"));
}

TEST(ServerConnectionTest, SendsContinueWhenTheBodyIsAskedFor) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Served served(executor, Echo);
    absl::Status written = co_await served.Write(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    if (!written.ok()) co_return written;
    std::string interim = co_await served.ReadUntil("\r\n\r\n");
    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    written = co_await served.Write("hi");
    if (!written.ok()) co_return written;
    std::string answer = co_await served.ReadUntil("\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
    served.Drain();
    absl::Status joined = co_await served.Join();
    co_return joined;
  });
}

TEST(ServerConnectionTest, ClosesWhenTheBodyWasNotAskedFor) {
  const std::string answer = AnswerTo(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n",
      [](http::ServerRequest&,
         http::ResponseWriter& writer) -> Task<absl::Status> {
        absl::Status status = co_await http::Respond(writer, 403, "", "no");
        co_return status;
      });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

Task<absl::Status> IgnoreBody(http::ServerRequest& request,
                              http::ResponseWriter& writer) {
  absl::Status status =
      co_await http::Respond(writer, 200, "", request.url.path);
  co_return status;
}

TEST(ServerConnectionTest, SkipsAnUnreadBody) {
  const std::string answer = AnswerTo(
      absl::StrCat("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000"
                   "\r\n\r\n",
                   std::string(100000, 'x'),
                   "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
      IgnoreBody);
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n/1HTTP/1.1"));
  EXPECT_THAT(answer, EndsWith("/2"));
}

TEST(ServerConnectionTest, ClosesRatherThanSkipALongBody) {
  const std::string answer = AnswerTo(
      absl::StrCat("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 400000"
                   "\r\n\r\n",
                   std::string(400000, 'x'),
                   "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
      IgnoreBody);
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("/1"));
}

TEST(ServerConnectionTest, HandlersThatFailEndOnlyTheirRequest) {
  const std::string answer = AnswerTo(
      "GET /throw HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /error HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /fine HTTP/1.1\r\nHost: a\r\n\r\n",
      [](http::ServerRequest& request,
         http::ResponseWriter& writer) -> Task<absl::Status> {
        if (request.url.path == "/throw") throw std::runtime_error("oops");
        if (request.url.path == "/error") co_return absl::InternalError("bad");
        absl::Status status = co_await http::Respond(writer, 200, "", "fine");
        co_return status;
      });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_EQ(absl::StrReplaceAll(answer, {{"HTTP/1.1 500", ""}}).size(),
            answer.size() - 24);
  EXPECT_THAT(answer, EndsWith("\r\n\r\nfine"));
}

TEST(ServerConnectionTest, AFailureInsideABodyLooksLikeOne) {
  const std::string answer = AnswerTo(
      "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
      [](http::ServerRequest&,
         http::ResponseWriter& writer) -> Task<absl::Status> {
        const std::string bytes(5000, 'x');
        absl::Status status = co_await writer.Write(bytes);
        if (!status.ok()) co_return status;
        co_return absl::InternalError("lost the rest");
      });
  EXPECT_THAT(answer, Not(HasSubstr("\r\n0\r\n\r\n")));
  EXPECT_THAT(answer, HasSubstr("ABORTED"));
}

TEST(ServerConnectionTest, AWriteGoesOutWhileTheHandlerWaits) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Condition go_on(executor);
    Served served(executor,
                  [&go_on](http::ServerRequest&,
                           http::ResponseWriter& writer) -> Task<absl::Status> {
                    absl::Status status = co_await writer.Write("event 1\n");
                    if (!status.ok()) co_return status;
                    status = co_await go_on.Wait();
                    if (!status.ok()) co_return status;
                    status = co_await writer.Write("event 2\n");
                    co_return status;
                  });
    absl::Status written =
        co_await served.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (!written.ok()) co_return written;
    std::string first = co_await served.ReadUntil("event 1\n\r\n");
    EXPECT_THAT(first, HasSubstr("Transfer-Encoding: chunked"));
    go_on.NotifyAll();
    std::string second = co_await served.ReadUntil("0\r\n\r\n");
    EXPECT_EQ(second, "8\r\nevent 2\n\r\n0\r\n\r\n");
    served.Drain();
    absl::Status joined = co_await served.Join();
    co_return joined;
  });
}

TEST(ServerConnectionTest, HijackGivesWhatWasReadAhead) {
  for (bool watch_first : {false, true}) {
    RunTest([watch_first](Executor executor) -> Task<absl::Status> {
      Served served(
          executor,
          [watch_first](http::ServerRequest&,
                        http::ResponseWriter& writer) -> Task<absl::Status> {
            Executor here = co_await kThisExecutor;
            TaskGroup watch(here);
            if (watch_first) {
              watch.Spawn([&writer]() -> Task<absl::Status> {
                absl::Status gone = co_await writer.WaitPeerGone();
                co_return gone;
              });
              watch.Cancel();
              absl::Status joined = co_await watch.Join();
              EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
            }
            absl::StatusOr<std::unique_ptr<ByteStream>> raw = writer.Hijack();
            if (!raw.ok()) co_return raw.status();
            ByteStream& stream = **raw;
            EXPECT_TRUE(stream.readable());
            absl::Status status = co_await WriteAll(stream, "switched\n");
            if (!status.ok()) co_return status;
            // An echo until FIN.
            while (true) {
              char buffer[3];
              absl::StatusOr<size_t> n =
                  co_await stream.Read(absl::MakeSpan(buffer, sizeof(buffer)));
              if (!n.ok()) co_return n.status();
              if (*n == 0) break;
              status = co_await WriteAll(stream, absl::string_view(buffer, *n));
              if (!status.ok()) co_return status;
            }
            status = co_await stream.Close();
            co_return status;
          });
      absl::Status written =
          co_await served.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\nread ahead,");
      if (!written.ok()) co_return written;
      std::string first = co_await served.ReadUntil("ahead,");
      EXPECT_EQ(first, "switched\nread ahead,");
      written = co_await served.Write("later");
      if (!written.ok()) co_return written;
      absl::Status closed = co_await served.client->CloseWrite();
      if (!closed.ok()) co_return closed;
      std::string rest = co_await served.ReadUntil("");
      EXPECT_EQ(rest, "later");
      absl::Status joined = co_await served.Join();
      EXPECT_THAT(served.result, IsOk());
      co_return joined;
    });
  }
}

TEST(ServerConnectionTest, WaitPeerGoneKeepsPipelinedRequests) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    bool gone = false;
    Served served(executor,
                  [&gone](http::ServerRequest& request,
                          http::ResponseWriter& writer) -> Task<absl::Status> {
                    if (request.url.path == "/wait") {
                      absl::Status waited = co_await writer.WaitPeerGone();
                      gone = waited.ok();
                    }
                    absl::Status status =
                        co_await http::Respond(writer, 200, "", "done");
                    co_return status;
                  });
    absl::Status written = co_await served.Write(
        "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (!written.ok()) co_return written;
    co_await Sleep(absl::Milliseconds(5));
    EXPECT_FALSE(gone);
    absl::Status closed = co_await served.client->CloseWrite();
    if (!closed.ok()) co_return closed;
    std::string answers = co_await served.ReadUntil("");
    EXPECT_TRUE(gone);
    EXPECT_THAT(answers, HasSubstr("doneHTTP/1.1 200 OK"));
    absl::Status joined = co_await served.Join();
    co_return joined;
  });
}

TEST(ServerConnectionTest, WaitPeerGoneEndsAtAResetAndAtADrain) {
  for (bool reset : {false, true}) {
    RunTest([reset](Executor executor) -> Task<absl::Status> {
      Served served(executor,
                    [](http::ServerRequest&,
                       http::ResponseWriter& writer) -> Task<absl::Status> {
                      absl::Status waited = co_await writer.WaitPeerGone();
                      co_return waited;
                    });
      absl::Status written =
          co_await served.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      if (!written.ok()) co_return written;
      co_await Sleep(absl::Milliseconds(1));
      EXPECT_FALSE(served.ended);
      if (reset) {
        served.client->Abort();
      } else {
        served.Drain();
        std::string answer = co_await served.ReadUntil("");
        EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
      }
      absl::Status joined = co_await served.Join();
      co_return joined;
    });
  }
}

TEST(ServerConnectionTest, SilentPeersAreClosed) {
  http::ServerOptions options;
  options.header_timeout = absl::Milliseconds(10);
  options.idle_timeout = absl::Milliseconds(10);
  for (std::string wire :
       {"", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"}) {
    RunTest([wire, options](Executor executor) -> Task<absl::Status> {
      Served served(executor, Echo, options);
      absl::Status written = co_await served.Write(wire);
      if (!written.ok()) co_return written;
      std::string answer = co_await served.ReadUntil("");
      EXPECT_EQ(absl::StrContains(answer, "200 OK"),
                absl::StartsWith(wire, "GET / HTTP/1.1\r\n"));
      absl::Status joined = co_await served.Join();
      co_return joined;
    });
  }
}

TEST(ServerConnectionTest, IdleConnectionsEndAtADrain) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Served served(executor, Echo);
    absl::Status written =
        co_await served.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (!written.ok()) co_return written;
    std::string answer = co_await served.ReadUntil("\n");
    served.Drain();
    std::string rest = co_await served.ReadUntil("");
    absl::Status joined = co_await served.Join();
    EXPECT_THAT(served.result, IsOk());
    co_return joined;
  });
}

TEST(ServerConnectionTest, CancellationDropsTheConnection) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Served served(
        executor,
        [](http::ServerRequest&, http::ResponseWriter&) -> Task<absl::Status> {
          absl::Status slept = co_await Sleep(absl::InfiniteDuration());
          co_return slept;
        });
    absl::Status written =
        co_await served.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (!written.ok()) co_return written;
    served.Cancel();
    absl::Status joined = co_await served.Join();
    EXPECT_THAT(served.result, StatusIs(StatusCode::kCancelled));
    std::string answer = co_await served.ReadUntil("");
    EXPECT_THAT(answer, HasSubstr("ABORTED"));
    co_return joined;
  });
}

}  // namespace
}  // namespace fairway::net::http1
