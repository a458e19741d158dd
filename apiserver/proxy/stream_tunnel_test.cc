// SPDX-License-Identifier: Apache-2.0
// The cases of upstream's streamtunnel_test.go: a client, the handler before a
// real proxy, and a backend that speaks SPDY or refuses, over TCP.
#include "apiserver/proxy/stream_tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session.h"
#include "httpstream/spdy/upgrade.h"
#include "httpstream/wsstream/tunnel.h"
#include "net/http/server.h"
#include "net/http1/upgrade.h"
#include "net/proxy/upgrade_aware.h"
#include "net/socket/socket.h"
#include "net/websocket/handshake.h"

namespace fairway::apiserver::proxy {
namespace {

using httpstream::Connection;
using httpstream::Stream;
using ::testing::HasSubstr;

// How many requests were answered with `code`.
int Counted(int code) {
  const std::string name = absl::StrCat(
      "apiserver_stream_tunnel_requests_total{code=\"", code, "\"} ");
  const std::string text = MetricsText();
  const size_t at = text.find(name);
  int count = 0;
  if (at == std::string::npos) return 0;
  const std::string rest = text.substr(at + name.size(), 20);
  EXPECT_TRUE(absl::SimpleAtoi(rest.substr(0, rest.find('\n')), &count));
  return count;
}

// The backend, and before it the handler.
class Rig {
 public:
  explicit Rig(Executor executor)
      : executor_(executor), changed_(executor), tasks_(executor) {}

  // `status`: what the backend answers after the handshake; 101 upgrades.
  absl::Status Start(int status) {
    status_ = status;
    net::http::Handler backend = [this](net::http::ServerRequest& request,
                                        net::http::ResponseWriter& writer) {
      return ServeSpdy(request, writer);
    };
    net::http::Url location;
    absl::Status started = Serve(std::move(backend), &backend_, &location);
    if (!started.ok()) return started;
    net::proxy::UpgradeAwareOptions options;
    options.location = location;
    options.responder = [](net::http::ServerRequest&,
                           net::http::ResponseWriter& writer,
                           absl::Status error) {
      return net::http::Respond(writer, 503, "text/plain", error.message());
    };
    proxy_ = std::make_unique<net::proxy::UpgradeAwareHandler>(options);
    tunnel_ = std::make_unique<TunnelingHandler>(
        [this](net::http::ServerRequest& request,
               net::http::ResponseWriter& writer) {
          return proxy_->ServeHTTP(request, writer);
        });
    return Serve(
        [this](net::http::ServerRequest& request,
               net::http::ResponseWriter& writer) {
          return tunnel_->ServeHTTP(request, writer);
        },
        &front_, &url_);
  }

  Task<absl::Status> Stop() {
    absl::Status stopped = co_await front_->Shutdown(absl::Seconds(2));
    absl::Status ended = co_await backend_->Shutdown(absl::Seconds(2));
    stopped.Update(ended);
    absl::Status joined = co_await tasks_.Join();
    stopped.Update(joined);
    co_return stopped;
  }

  struct Answer {
    net::http1::ResponseHead head;
    std::unique_ptr<net::ByteStream> stream;
    std::string protocol;
    absl::Status handshake;
  };
  // A WebSocket request that names `protocols`.
  Task<absl::StatusOr<Answer>> Ask(std::vector<std::string> protocols,
                                   std::string method = "GET") {
    const net::websocket::ClientHandshake handshake =
        net::websocket::NewClientHandshake(std::move(protocols));
    absl::StatusOr<std::unique_ptr<net::Socket>> socket =
        co_await net::DialTcp(url_.host, url_.EffectivePort());
    if (!socket.ok()) co_return socket.status();
    net::http::Headers headers = {{"Host", url_.HostPort()}};
    for (const auto& [name, value] :
         net::websocket::RequestHeaders(handshake)) {
      headers.Add(name, value);
    }
    const std::string request =
        net::http1::SerializeRequestHead(method, "/x", headers);
    Answer answer;
    answer.stream = *std::move(socket);
    absl::Status sent = co_await net::WriteAll(*answer.stream, request);
    if (!sent.ok()) co_return sent;
    absl::StatusOr<net::http1::ResponseHead> head =
        co_await net::http1::ReadResponseHead(*answer.stream);
    if (!head.ok()) co_return head.status();
    answer.head = *std::move(head);
    absl::StatusOr<std::string> chosen = net::websocket::CheckAnswer(
        handshake, answer.head.status, answer.head.headers);
    answer.handshake = chosen.status();
    answer.protocol = chosen.value_or("");
    co_return answer;
  }

  // The next stream that the client made, at the backend.
  Task<std::unique_ptr<Stream>> NextStream() {
    while (stream_ == nullptr) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return nullptr;
    }
    co_return std::move(stream_);
  }

  net::http::ServerRequest last_request;  // as the backend saw it

 private:
  absl::Status Serve(net::http::Handler handler,
                     std::unique_ptr<net::http::Server>* server,
                     net::http::Url* where) {
    auto listener = net::ListenTcp(executor_, "127.0.0.1", 0);
    if (!listener.ok()) return listener.status();
    where->scheme = "http";
    where->host = "127.0.0.1";
    where->port = std::to_string((*listener)->address().port);
    where->path = "/portForward/ns/pod";
    *server = net::http::NewServer(executor_, std::move(handler),
                                   net::http::ServerOptions());
    auto held =
        std::make_shared<std::unique_ptr<net::Listener>>(*std::move(listener));
    tasks_.Spawn(
        [s = server->get(), held] { return s->Serve(std::move(*held)); });
    return absl::OkStatus();
  }

  Task<absl::Status> ServeSpdy(net::http::ServerRequest& request,
                               net::http::ResponseWriter& writer) {
    last_request = request;
    std::vector<std::string> supported = {"portforward.k8s.io"};
    absl::StatusOr<std::string> protocol =
        co_await httpstream::Handshake(request, writer, std::move(supported));
    if (!protocol.ok()) co_return absl::OkStatus();
    if (status_ != 101) {
      absl::Status refused = co_await net::http::Respond(
          writer, status_, "text/plain", "not today");
      co_return refused;
    }
    const auto upgrader = httpstream::spdy::NewResponseUpgrader();
    absl::StatusOr<std::unique_ptr<Connection>> connection =
        co_await upgrader.UpgradeResponse(
            request, writer, [this](std::unique_ptr<Stream> stream) {
              stream_ = std::move(stream);
              changed_.NotifyAll();
              return absl::OkStatus();
            });
    if (!connection.ok()) co_return connection.status();
    absl::Status closed = co_await (*connection)->WaitClosed();
    co_return closed;
  }

  const Executor executor_;
  int status_ = 101;
  net::http::Url url_;
  std::unique_ptr<Stream> stream_;
  Condition changed_;
  std::unique_ptr<net::http::Server> backend_;
  std::unique_ptr<net::proxy::UpgradeAwareHandler> proxy_;
  std::unique_ptr<TunnelingHandler> tunnel_;
  std::unique_ptr<net::http::Server> front_;
  TaskGroup tasks_;
};

void WithRig(int status, std::function<Task<absl::Status>(Rig&)> body) {
  RunTest([&](Executor executor) -> Task<absl::Status> {
    Rig rig(executor);
    absl::Status started = rig.Start(status);
    if (!started.ok()) co_return started;
    absl::Status done = co_await body(rig);
    absl::Status stopped = co_await rig.Stop();
    co_return done.ok() ? stopped : done;
  });
}

Task<absl::StatusOr<std::string>> ReadToEnd(net::ByteStream& stream) {
  std::string bytes;
  while (true) {
    char buf[16 * 1024];
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return bytes;
    bytes.append(buf, *n);
  }
}

Task<absl::StatusOr<std::string>> ReadBody(Rig::Answer& answer) {
  size_t length = 0;
  EXPECT_TRUE(
      absl::SimpleAtoi(answer.head.headers.Get("Content-Length"), &length));
  std::string body = answer.head.rest;
  const size_t before = std::min(body.size(), length);
  body.resize(length);
  if (before == length) co_return body;
  absl::Status read = co_await net::ReadFull(
      *answer.stream, absl::MakeSpan(&body[before], length - before));
  if (!read.ok()) co_return read;
  co_return body;
}

TEST(StreamTunnelTest, SpdyGoesThroughTheWebSocket) {
  const int before = Counted(101);
  WithRig(101, [](Rig& rig) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::vector<std::string> protocols = {"v4.channel.k8s.io",
                                          "SPDY/3.1+portforward.k8s.io"};
    absl::StatusOr<Rig::Answer> answer = co_await rig.Ask(std::move(protocols));
    if (!answer.ok()) co_return answer.status();
    EXPECT_THAT(answer->handshake, IsOk());
    EXPECT_EQ(answer->protocol, "SPDY/3.1+portforward.k8s.io");
    EXPECT_FALSE(answer->head.headers.Has("X-Stream-Protocol-Version"));
    std::unique_ptr<Connection> client = httpstream::spdy::NewClientConnection(
        executor,
        httpstream::wsstream::NewTunnel(
            executor, std::move(answer->stream),
            httpstream::wsstream::TunnelOptions(net::websocket::Role::kClient)),
        httpstream::spdy::SessionOptions());
    net::http::Headers no_headers;
    absl::StatusOr<std::unique_ptr<Stream>> near =
        co_await client->CreateStream(no_headers);
    if (!near.ok()) co_return near.status();
    std::unique_ptr<Stream> far = co_await rig.NextStream();
    if (far == nullptr) co_return absl::InternalError("no stream");

    std::string sent;
    for (int i = 0; sent.size() < 1 << 20; ++i) absl::StrAppend(&sent, i, ",");
    TaskGroup writing(executor);
    writing.Spawn([&]() -> Task<absl::Status> {
      absl::Status written = co_await net::WriteAll(**near, sent);
      if (written.ok()) written = co_await (*near)->CloseWrite();
      co_return written;
    });
    absl::StatusOr<std::string> heard = co_await ReadToEnd(*far);
    if (!heard.ok()) co_return heard.status();
    EXPECT_TRUE(*heard == sent);
    absl::Status written = co_await writing.Join();
    EXPECT_THAT(written, IsOk());
    // And back, long after the client's FIN.
    written = co_await net::WriteAll(*far, "answer");
    if (written.ok()) written = co_await far->CloseWrite();
    EXPECT_THAT(written, IsOk());
    heard = co_await ReadToEnd(**near);
    if (!heard.ok()) co_return heard.status();
    EXPECT_EQ(*heard, "answer");
    far.reset();
    absl::Status closed = co_await client->Close();
    co_return closed;
  });
  EXPECT_EQ(Counted(101), before + 1);
}

TEST(StreamTunnelTest, BackendIsAskedForSpdy) {
  WithRig(503, [](Rig& rig) -> Task<absl::Status> {
    std::vector<std::string> protocols = {"SPDY/3.1+v9.other.k8s.io",
                                          "SPDY/3.1+portforward.k8s.io"};
    absl::StatusOr<Rig::Answer> answer = co_await rig.Ask(std::move(protocols));
    if (!answer.ok()) co_return answer.status();
    const net::http::ServerRequest& seen = rig.last_request;
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.headers.Get("Connection"), "Upgrade");
    EXPECT_EQ(seen.headers.Get("Upgrade"), "SPDY/3.1");
    EXPECT_THAT(
        seen.headers.Values("X-Stream-Protocol-Version"),
        ::testing::ElementsAre("v9.other.k8s.io", "portforward.k8s.io"));
    EXPECT_EQ(seen.headers.Get("Content-Length"), "0");
    for (const auto& [name, value] : seen.headers) {
      EXPECT_FALSE(absl::StartsWithIgnoreCase(name, "Sec-WebSocket")) << name;
    }
    co_return absl::OkStatus();
  });
}

struct Refusal {
  const char* name;
  int backend;  // what it answers
  const char* protocol;
  int status;  // what the client gets
  const char* body;
};

class RefusedTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedTest, IsPassedOnAndCounted) {
  const Refusal& c = GetParam();
  const int before = Counted(c.status);
  WithRig(c.backend, [&c](Rig& rig) -> Task<absl::Status> {
    std::vector<std::string> protocols;
    if (*c.protocol != '\0') protocols.emplace_back(c.protocol);
    absl::StatusOr<Rig::Answer> answer = co_await rig.Ask(std::move(protocols));
    if (!answer.ok()) co_return answer.status();
    EXPECT_EQ(answer->head.status, c.status);
    absl::StatusOr<std::string> body = co_await ReadBody(*answer);
    if (!body.ok()) co_return body.status();
    EXPECT_EQ(*body, c.body);
    if (c.backend == 101 && c.status == 403) {
      EXPECT_EQ(answer->head.headers.Get("X-Accepted-Stream-Protocol-Versions"),
                "portforward.k8s.io");
    }
    co_return absl::OkStatus();
  });
  EXPECT_EQ(Counted(c.status), before + 1);
}

INSTANTIATE_TEST_SUITE_P(
    Upstream, RefusedTest,
    ::testing::Values(
        Refusal{"NoProtocol", 101, "", 400,
                "unable to upgrade: no tunneling spdy protocols provided\n"},
        Refusal{"OtherProtocol", 101, "v4.channel.k8s.io", 400,
                "unable to upgrade: no tunneling spdy protocols provided\n"},
        Refusal{"NotKubernetes", 101, "SPDY/3.1+UNKNOWN_SUBPROTOCOL", 400,
                "unable to upgrade: no tunneling spdy protocols provided\n"},
        Refusal{"UnknownProtocol", 101, "SPDY/3.1+v9.k8s.io", 403,
                "unable to upgrade: unable to negotiate protocol: client "
                "supports [v9.k8s.io], server accepts [portforward.k8s.io]\n"},
        Refusal{"Error500", 500, "SPDY/3.1+portforward.k8s.io", 500,
                "not today"},
        Refusal{"Error502", 502, "SPDY/3.1+portforward.k8s.io", 502,
                "not today"},
        Refusal{"Error503", 503, "SPDY/3.1+portforward.k8s.io", 503,
                "not today"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(StreamTunnelTest, HandshakeThatIsNoneIsRefusedBehindTheBackend) {
  const int before = Counted(500);
  WithRig(101, [](Rig& rig) -> Task<absl::Status> {
    std::vector<std::string> protocols = {"SPDY/3.1+portforward.k8s.io"};
    absl::StatusOr<Rig::Answer> answer =
        co_await rig.Ask(std::move(protocols), "POST");
    if (!answer.ok()) co_return answer.status();
    EXPECT_EQ(answer->head.status, 405);
    absl::StatusOr<std::string> body = co_await ReadBody(*answer);
    if (!body.ok()) co_return body.status();
    EXPECT_THAT(*body, HasSubstr("request method is not GET"));
    co_return absl::OkStatus();
  });
  EXPECT_EQ(Counted(500), before + 1);
}

TEST(TranslatingHandlerTest, OnlyTunnelsAreTranslated) {
  const auto is_tunnel = [](const char* upgrade, const char* protocols) {
    return IsWebSocketRequestWithTunnelingProtocol(
        {{"Connection", "keep-alive, Upgrade"},
         {"Upgrade", upgrade},
         {"Sec-WebSocket-Protocol", protocols}});
  };
  EXPECT_TRUE(is_tunnel("websocket", "SPDY/3.1+portforward.k8s.io"));
  EXPECT_TRUE(is_tunnel("WebSocket", "v4.x, SPDY/3.1+portforward.k8s.io"));
  EXPECT_FALSE(is_tunnel("websocket", "v4.channel.k8s.io"));
  EXPECT_FALSE(is_tunnel("websocket", "portforward.k8s.io"));
  EXPECT_FALSE(is_tunnel("websocket", "SPDY/3.1+portforward"));
  EXPECT_FALSE(is_tunnel("websocket", ""));
  EXPECT_FALSE(is_tunnel("SPDY/3.1", "SPDY/3.1+portforward.k8s.io"));
}

}  // namespace
}  // namespace fairway::apiserver::proxy
