// SPDX-License-Identifier: Apache-2.0
#include "net/http/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/testing/run_test.h"
#include "net/http/testing/scripted_server.h"
#include "net/socket/socket.h"
#include "net/tls/tls.h"

namespace fairway::net::http {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Url Parse(absl::string_view text) { return *ParseUrl(text); }

// Does a request and reads the body: "STATUS body", or the error.
Task<std::string> Fetch(RoundTripper& transport, Request request) {
  absl::StatusOr<Response> response =
      co_await transport.RoundTrip(std::move(request));
  if (!response.ok()) co_return response.status().ToString();
  absl::StatusOr<std::string> body = co_await ReadAll(*response->body, 1 << 20);
  if (!body.ok()) co_return body.status().ToString();
  co_return absl::StrCat(response->status, " ", *body);
}

Request MakeRequest(std::string method, Url url) {
  Request request;
  request.method = std::move(method);
  request.url = std::move(url);
  return request;
}

const char kCounted[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(TransportTest, ReusesAConnectionWhoseBodyWasRead) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer server(
        executor,
        {{kCounted,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close"
          "\r\nContent-Length: 1\r\n\r\nx"},
         {"HTTP/1.1 200 OK\r\nX-Then: close\r\n\r\nuntil close"}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    std::vector<std::string> got;
    for (const char* method : {"GET", "GET", "GET", "HEAD", "POST", "GET"}) {
      Request request = MakeRequest(method, server.UrlOf("/p?q"));
      if (request.method == "POST") request.body = "body";
      request.headers = {{"User-Agent", "test"}, {"Content-Length", "99"}};
      std::string one = co_await Fetch(*transport, request);
      got.push_back(one);
    }
    EXPECT_THAT(got, ElementsAre("200 ok", "200 abc", "204 ", "200 ", "200 x",
                                 "200 until close"));
    EXPECT_EQ(server.accepted, 2);
    EXPECT_EQ(server.heads[0],
              absl::StrCat("GET /p?q HTTP/1.1\r\nHost: 127.0.0.1:", server.port,
                           "\r\nUser-Agent: test\r\n\r\n"));
    EXPECT_THAT(server.heads[4], HasSubstr("\r\nContent-Length: 4\r\n\r\n"));
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
}

TEST(TransportTest, RetriesOnceOnAConnectionThatHadDied) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    // The second request on the first connection gets no answer.
    ScriptedServer server(executor, {{kCounted, ""}, {kCounted, ""}, {""}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    std::string first =
        co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/1")));
    EXPECT_EQ(first, "200 ok");
    std::string second =
        co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/2")));
    EXPECT_EQ(second, "200 ok");
    EXPECT_EQ(server.accepted, 2);
    // But not what may have had an effect.
    std::string third =
        co_await Fetch(*transport, MakeRequest("POST", server.UrlOf("/3")));
    EXPECT_THAT(third, HasSubstr("EOF"));
    EXPECT_EQ(server.accepted, 2);
    // Nor on a fresh connection.
    std::string fourth =
        co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/4")));
    EXPECT_THAT(fourth, HasSubstr("EOF"));
    EXPECT_EQ(server.accepted, 3);
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
}

TEST(TransportTest, DropsIdleConnectionsThatTheServerClosed) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer server(
        executor,
        {{"HTTP/1.1 200 OK\r\nX-Then: close\r\nContent-Length: 2\r\n\r\nok"},
         {kCounted}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    std::string first =
        co_await Fetch(*transport, MakeRequest("POST", server.UrlOf("/")));
    EXPECT_EQ(first, "200 ok");
    co_await Sleep(absl::Milliseconds(20));
    std::string second =
        co_await Fetch(*transport, MakeRequest("POST", server.UrlOf("/")));
    EXPECT_EQ(second, "200 ok");
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
}

// A reset would tell the server of a failure, and may overtake an answer.
TEST(TransportTest, ClosesIdleConnectionsInGoodOrder) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer server(executor, {{kCounted, kCounted}, {kCounted}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    absl::Status closed = co_await transport->CloseIdleConnections();
    EXPECT_THAT(closed, IsOk());
    std::string got =
        co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/")));
    EXPECT_EQ(got, "200 ok");
    closed = co_await transport->CloseIdleConnections();
    EXPECT_THAT(closed, IsOk());
    // The server's end has read a FIN, where a reset is an error.
    absl::Status ended = co_await server.Ended();
    EXPECT_THAT(ended, IsOk());
    // The transport goes on.
    got = co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/")));
    EXPECT_EQ(got, "200 ok");
    EXPECT_EQ(server.accepted, 2);
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
}

TEST(TransportTest, StreamsABodyAsItComes) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    // The body never ends.
    ScriptedServer server(
        executor, {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "8\r\n{\"a\":1}\n\r\n",
                    ""}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    absl::StatusOr<Response> response = co_await transport->RoundTrip(
        MakeRequest("GET", server.UrlOf("/watch")));
    if (!response.ok()) co_return response.status();
    char buffer[64];
    absl::StatusOr<size_t> n =
        co_await response->body->Read(absl::MakeSpan(buffer, sizeof(buffer)));
    if (!n.ok()) co_return n.status();
    EXPECT_EQ(absl::string_view(buffer, *n), "{\"a\":1}\n");
    // A read that is given up may be repeated.
    BodyReader* body = response->body.get();
    absl::Status waited = co_await WithDeadline(
        absl::Milliseconds(5), "next event", [body]() -> Task<absl::Status> {
          char byte;
          absl::StatusOr<size_t> read =
              co_await body->Read(absl::MakeSpan(&byte, 1));
          co_return read.status();
        });
    EXPECT_THAT(waited, StatusIs(StatusCode::kDeadlineExceeded));
    absl::Status stopped = co_await server.Stop();
    if (!stopped.ok()) co_return stopped;
    n = co_await body->Read(absl::MakeSpan(buffer, sizeof(buffer)));
    EXPECT_FALSE(n.ok());
    co_return absl::OkStatus();
  });
}

TEST(TransportTest, ReportsBrokenAnswers) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer server(
        executor,
        {{"HTTP/1.1 200 OK\r\nX-Then: close\r\nContent-Length: 9\r\n\r\nshort"},
         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
         {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
          "Transfer-Encoding: chunked\r\n\r\n"},
         {"220 mail.example ESMTP\r\n\r\n"},
         {absl::StrCat("HTTP/1.1 200 OK\r\nX: ", std::string(1 << 20, 'x'),
                       "\r\n\r\n")}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    std::vector<std::string> got;
    for (int i = 0; i < 5; ++i) {
      std::string one =
          co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/")));
      got.push_back(one);
    }
    EXPECT_THAT(got, ElementsAre(StartsWith("UNAVAILABLE: unexpected EOF"),
                                 StartsWith("INVALID_ARGUMENT"),
                                 StartsWith("INVALID_ARGUMENT"),
                                 StartsWith("INVALID_ARGUMENT"),
                                 StartsWith("RESOURCE_EXHAUSTED")));
    absl::Status stopped = co_await server.Stop();
    EXPECT_FALSE(absl::IsInternal(stopped)) << stopped;
    co_return absl::OkStatus();
  });
}

TEST(TransportTest, HearsARefusalBeforeTheBodyIsWritten) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer server(executor,
                          {{"HTTP/1.1 413 Request Entity Too Large\r\n"
                            "X-Then: close\r\nContent-Length: 2\r\n\r\nno"},
                           {kCounted}});
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    Request request = MakeRequest("POST", server.UrlOf("/"));
    request.body = std::string(64 << 20, 'x');
    std::string got = co_await Fetch(*transport, std::move(request));
    EXPECT_EQ(got, "413 no");
    // The connection with half a request is not used again.
    got = co_await Fetch(*transport, MakeRequest("GET", server.UrlOf("/")));
    EXPECT_EQ(got, "200 ok");
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
}

TEST(TransportTest, RefusesRequestsThatCannotBeWritten) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, {});
    Request request = MakeRequest("GET", *ParseUrl("http://127.0.0.1:1/"));
    request.headers.Add("X", "a\r\nEvil: b");
    std::string got = co_await Fetch(*transport, request);
    EXPECT_THAT(got, HasSubstr("invalid header field value for \"X\""));
    got = co_await Fetch(*transport, MakeRequest("G T", Parse("http://h/")));
    EXPECT_THAT(got, HasSubstr("invalid method \"G T\""));
    got = co_await Fetch(*transport, MakeRequest("GET", Parse("ftp://h/")));
    EXPECT_THAT(got, HasSubstr("unsupported protocol scheme \"ftp\""));
    got = co_await Fetch(*transport, MakeRequest("GET", Parse("http:///")));
    EXPECT_THAT(got, HasSubstr("no Host in request URL"));
    co_return absl::OkStatus();
  });
}

TEST(TransportTest, AsksAProxyWithTheWholeUrl) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer proxy(executor, {{kCounted}});
    DialOptions options;
    options.proxier = [&proxy](const Url&) -> absl::StatusOr<Url> {
      Url url = proxy.UrlOf("");
      url.user = "Aladdin";
      url.password = "open sesame";
      return url;
    };
    std::unique_ptr<RoundTripper> transport = NewTransport(executor, options);
    std::string got = co_await Fetch(
        *transport, MakeRequest("GET", Parse("http://far.example/p?q")));
    EXPECT_EQ(got, "200 ok");
    EXPECT_EQ(proxy.heads[0],
              "GET http://far.example/p?q HTTP/1.1\r\nHost: far.example\r\n"
              "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
              "\r\n");
    absl::Status stopped = co_await proxy.Stop();
    co_return stopped;
  });
}

TEST(DialTest, TunnelsThroughAProxy) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    ScriptedServer proxy(executor,
                         {{"HTTP/1.1 200 Connection established\r\n\r\nhi"},
                          {"HTTP/1.1 407 Proxy Authentication Required\r\n"
                           "Content-Length: 0\r\n\r\n"}});
    DialOptions options;
    options.proxier = [&proxy](const Url&) -> absl::StatusOr<Url> {
      return proxy.UrlOf("");
    };
    absl::StatusOr<std::unique_ptr<ByteStream>> stream =
        co_await Dial(Parse("http://[fd00::1]:8080/"), options);
    if (!stream.ok()) co_return stream.status();
    EXPECT_EQ(proxy.heads[0],
              "CONNECT [fd00::1]:8080 HTTP/1.1\r\nHost: [fd00::1]:8080\r\n"
              "\r\n");
    // What the far end said at once is not lost.
    char buffer[2];
    absl::Status read =
        co_await ReadFull(**stream, absl::MakeSpan(buffer, sizeof(buffer)));
    EXPECT_THAT(read, IsOk());
    EXPECT_EQ(absl::string_view(buffer, 2), "hi");
    stream = co_await Dial(Parse("http://far.example/"), options);
    EXPECT_THAT(stream, StatusIs(StatusCode::kPermissionDenied,
                                 absl::StrCat("CONNECT request to ",
                                              proxy.UrlOf("").ToString(),
                                              " returned response: 407 Proxy "
                                              "Authentication Required")));
    absl::Status stopped = co_await proxy.Stop();
    co_return stopped;
  });
}

TEST(DialTest, SpeaksGosWords) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const std::string address = (*listener)->address().ToString();
    (*listener)->Close();
    DialOptions options;
    const Url url = Parse(absl::StrCat("http://", address));
    absl::StatusOr<std::unique_ptr<ByteStream>> stream =
        co_await Dial(url, options);
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnavailable,
                                 absl::StrCat("dial tcp ", address,
                                              ": connect: connection "
                                              "refused")));
    options.unix_path = "/nonexistent/s";
    stream = co_await Dial(url, options);
    EXPECT_THAT(stream, StatusIs(StatusCode::kNotFound,
                                 "dial unix /nonexistent/s: connect: no such "
                                 "file or directory"));
    co_return absl::OkStatus();
  });
}

TEST(DialTest, CVE_2020_8562_AFilterSeesTheAddressAndNotTheName) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    std::string asked;
    DialOptions options;
    options.address_filter = [&asked](const std::string& ip) {
      asked = ip;
      return ip == "127.0.0.1" ? absl::OkStatus()
                               : absl::PermissionDeniedError("no");
    };
    const std::string port = absl::StrCat((*listener)->address().port);
    absl::StatusOr<std::unique_ptr<ByteStream>> stream =
        co_await Dial(Parse(absl::StrCat("http://localhost:", port)), options);
    EXPECT_THAT(stream, IsOk());
    EXPECT_EQ(asked, "127.0.0.1");
    stream =
        co_await Dial(Parse(absl::StrCat("http://127.0.0.2:", port)), options);
    EXPECT_THAT(stream,
                StatusIs(StatusCode::kPermissionDenied,
                         absl::StrCat("dial tcp 127.0.0.2:", port, ": no")));
    co_return absl::OkStatus();
  });
}

TEST(DialTest, GivesUpOnAServerThatIsSilentUnderTls) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    TlsClientConfig config;
    config.insecure_skip_verify = true;
    absl::StatusOr<std::shared_ptr<const TlsClientContext>> tls =
        NewTlsClientContext(config);
    if (!tls.ok()) co_return tls.status();
    DialOptions options;
    options.tls = *std::move(tls);
    options.tls_handshake_timeout = absl::Milliseconds(30);
    const Url url =
        Parse(absl::StrCat("https://", (*listener)->address().ToString()));
    absl::StatusOr<std::unique_ptr<ByteStream>> stream =
        co_await Dial(url, options);
    EXPECT_THAT(stream, StatusIs(StatusCode::kDeadlineExceeded,
                                 "net/http: TLS handshake timeout"));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::net::http
