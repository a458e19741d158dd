// SPDX-License-Identifier: Apache-2.0
// The cases of TestTunnelingResponseWriter_* and HeaderInterceptingConn of
// upstream's streamtunnel_test.go.
#include "apiserver/proxy/tunneling_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "net/io/pipe.h"

namespace fairway::apiserver::proxy {
namespace {

using absl::StatusCode;

constexpr char kSwitching[] =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Connection: Upgrade\r\n"
    "Upgrade: SPDY/3.1\r\n"
    "X-Stream-Protocol-Version: portforward.k8s.io\r\n"
    "\r\n";

// Whose connection is one end of a pipe.
class FakeWriter final : public net::http::ResponseWriter {
 public:
  explicit FakeWriter(std::unique_ptr<net::ByteStream> connection)
      : connection_(std::move(connection)) {}

  net::http::Headers& headers() override { return headers_; }
  Task<absl::Status> WriteHeader(int status) override {
    status_ = status;
    co_return absl::OkStatus();
  }
  Task<absl::Status> Write(absl::string_view bytes) override {
    if (status_ == 0) status_ = 200;
    body_.append(bytes.data(), bytes.size());
    co_return absl::OkStatus();
  }
  bool wrote_header() const override { return status_ != 0; }
  absl::StatusOr<std::unique_ptr<net::ByteStream>> Hijack() override {
    if (connection_ == nullptr) return absl::UnimplementedError("hijack");
    return std::move(connection_);
  }
  Task<absl::Status> WaitPeerGone() override { co_return absl::OkStatus(); }

  int status() const { return status_; }
  const std::string& body() const { return body_; }

 private:
  std::unique_ptr<net::ByteStream> connection_;
  net::http::Headers headers_;
  int status_ = 0;
  std::string body_;
};

// A WebSocket request, its writers, and the client's end.
struct Bench {
  explicit Bench(Executor executor)
      : ends(net::MakePipe(executor)),
        inner(std::move(ends.first)),
        writer(request, inner) {
    request.method = "GET";
    request.headers = {
        {"Connection", "Upgrade"},
        {"Upgrade", "websocket"},
        {"Sec-WebSocket-Version", "13"},
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
        {"Sec-WebSocket-Protocol", "SPDY/3.1+portforward.k8s.io"}};
  }
  net::ByteStream& client() { return *ends.second; }

  // What the client has got, when that is all.
  Task<std::string> Heard(size_t bytes) {
    std::string heard(bytes, '\0');
    absl::Status read = co_await net::ReadFull(
        client(), absl::MakeSpan(&heard[0], heard.size()));
    EXPECT_THAT(read, IsOk());
    co_return heard;
  }

  std::pair<std::unique_ptr<net::ByteStream>, std::unique_ptr<net::ByteStream>>
      ends;
  net::http::ServerRequest request;
  FakeWriter inner;
  TunnelingResponseWriter writer;
};

// With "Sec-WebSocket-Accept" of RFC 6455, section 1.3.
constexpr char kWebSocketAnswer[] =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n"
    "\r\n";

// The head and "data" behind it in pieces of `step` bytes.
Task<absl::Status> WriteInSteps(net::ByteStream& stream, std::string bytes,
                                size_t step) {
  for (size_t at = 0; at < bytes.size(); at += step) {
    const absl::string_view piece = absl::string_view(bytes).substr(at, step);
    absl::Status written = co_await net::WriteAll(stream, piece);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

TEST(TunnelingWriterTest, HeadIsTurnedIntoAWebSocketsInAnySteps) {
  const std::string answer = std::string(kSwitching) + "spdy";
  for (size_t step = 1; step <= answer.size(); ++step) {
    RunTest([&](Executor executor) -> Task<absl::Status> {
      Bench b(executor);
      auto stream = b.writer.Hijack();
      if (!stream.ok()) co_return stream.status();
      absl::Status written = co_await WriteInSteps(**stream, answer, step);
      if (!written.ok()) co_return written;
      std::string heard = co_await b.Heard(sizeof kWebSocketAnswer - 1);
      EXPECT_EQ(heard, kWebSocketAnswer);
      // Then binary frames, unmasked, of four bytes together.
      std::string payload;
      while (payload.size() < 4) {
        heard = co_await b.Heard(2);
        EXPECT_EQ(heard[0], '\x82');
        const size_t size = static_cast<size_t>(heard[1]);
        if (size == 0 || size > 4) co_return absl::InternalError("no frame");
        heard = co_await b.Heard(size);
        payload += heard;
      }
      EXPECT_EQ(payload, "spdy");
      EXPECT_FALSE(b.writer.refused());
      (*stream)->Abort();
      co_return absl::OkStatus();
    });
  }
}

TEST(TunnelingWriterTest, RefusalGoesThroughByteForByte) {
  const std::string answer =
      "HTTP/1.1 400 Error\r\n"
      "Content-Length: 25\r\n"
      "Date: Sun, 25 Feb 2024 08:09:25 GMT\r\n"
      "\r\n"
      "0123456789split0123456789";
  for (size_t step : {size_t{1}, size_t{7}, answer.size()}) {
    RunTest([&](Executor executor) -> Task<absl::Status> {
      Bench b(executor);
      auto stream = b.writer.Hijack();
      if (!stream.ok()) co_return stream.status();
      absl::Status written = co_await WriteInSteps(**stream, answer, step);
      if (!written.ok()) co_return written;
      std::string heard = co_await b.Heard(answer.size());
      EXPECT_EQ(heard, answer);
      co_return absl::OkStatus();
    });
  }
}

TEST(TunnelingWriterTest, BadHeadsGoNoFurther) {
  struct Case {
    std::string answer;
    StatusCode code;
    int status;  // what the client was told; 0: nothing by the writer
    std::string body;
  };
  const std::string kMissing =
      "unable to upgrade: missing upgrade headers in response";
  const std::vector<Case> cases = {
      {"INVALID/1.1 101 Switching Protocols\r\n\r\n", StatusCode::kOutOfRange,
       0, ""},
      {"HTTP/1.1 101 Switching Protocols\n\n", StatusCode::kInternal, 0, ""},
      {"HTTP/1.1 101 X\r\nA: " + std::string(kMaxHeaderBytes, 'a'),
       StatusCode::kInternal, 0, ""},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n",
       StatusCode::kInternal, 500, kMissing + "\n"},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
       "Upgrade: websocket\r\n\r\n",
       StatusCode::kInternal, 500, kMissing + "\n"},
  };
  for (const Case& c : cases) {
    RunTest([&c](Executor executor) -> Task<absl::Status> {
      Bench b(executor);
      auto stream = b.writer.Hijack();
      if (!stream.ok()) co_return stream.status();
      absl::Status written = co_await net::WriteAll(**stream, c.answer);
      EXPECT_THAT(written, StatusIs(c.code)) << c.answer.substr(0, 60);
      EXPECT_EQ(b.inner.status(), c.status);
      EXPECT_EQ(b.inner.body(), c.body);
      EXPECT_EQ(b.writer.refused(), c.status != 0);
      // And it stays that way.
      written = co_await net::WriteAll(**stream, kSwitching);
      EXPECT_THAT(written, StatusIs(c.code));
      co_return absl::OkStatus();
    });
  }
}

TEST(TunnelingWriterTest, StreamThatIsClosedEarlyIsAnError) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Bench b(executor);
    auto stream = b.writer.Hijack();
    if (!stream.ok()) co_return stream.status();
    char buf[1];
    absl::StatusOr<size_t> n = co_await (*stream)->Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, StatusIs(StatusCode::kFailedPrecondition));
    absl::Status closed = co_await (*stream)->Close();
    EXPECT_THAT(closed, IsOk());
    EXPECT_EQ(b.inner.status(), 500);
    EXPECT_EQ(b.inner.body(), "connection closed\n");
    co_return absl::OkStatus();
  });
}

TEST(TunnelingWriterTest, HijacksOnceAndOnlyBeforeAWrite) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Bench b(executor);
    auto stream = b.writer.Hijack();
    EXPECT_THAT(stream, IsOk());
    EXPECT_THAT(b.writer.Hijack(),
                StatusIs(StatusCode::kFailedPrecondition,
                         "connection has already been hijacked"));
    absl::Status status = co_await b.writer.WriteHeader(201);
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
    status = co_await b.writer.Write("x");
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
    EXPECT_EQ(b.inner.status(), 0);

    Bench written(executor);
    written.writer.headers().Set("Foo", "bar");
    EXPECT_EQ(written.inner.headers().Get("Foo"), "bar");
    status = co_await written.writer.WriteHeader(201);
    EXPECT_THAT(status, IsOk());
    EXPECT_EQ(written.inner.status(), 201);
    EXPECT_THAT(written.writer.Hijack(),
                StatusIs(StatusCode::kFailedPrecondition,
                         "connection has already been written to"));
    co_return absl::OkStatus();
  });
}

TEST(TunnelingWriterTest, NoHandlerSwitchesWithoutHijacking) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Bench b(executor);
    absl::Status status = co_await b.writer.WriteHeader(101);
    EXPECT_THAT(status, StatusIs(StatusCode::kInternal, "unexpected upgrade"));
    EXPECT_EQ(b.inner.status(), 500);
    EXPECT_EQ(b.inner.body(), "unexpected upgrade\n");
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::apiserver::proxy
