// SPDX-License-Identifier: Apache-2.0
#include "net/proxy/local_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "net/io/pipe.h"

namespace fairway::net::proxy {
namespace {

// Keeps the answer; a pipe is its connection.
class FakeWriter final : public http::ResponseWriter {
 public:
  explicit FakeWriter(Executor executor) {
    std::tie(client, connection_) = MakePipe(executor);
  }
  http::Headers& headers() override { return headers_; }
  Task<absl::Status> WriteHeader(int s) override {
    status = s;
    co_return absl::OkStatus();
  }
  Task<absl::Status> Write(absl::string_view bytes) override {
    body.append(bytes.data(), bytes.size());
    co_return absl::OkStatus();
  }
  bool wrote_header() const override { return status != 0; }
  absl::StatusOr<std::unique_ptr<ByteStream>> Hijack() override {
    if (connection_ == nullptr) return absl::FailedPreconditionError("again");
    return std::move(connection_);
  }
  Task<absl::Status> WaitPeerGone() override { co_return absl::OkStatus(); }

  std::string Fields() const {
    std::string fields;
    for (const auto& [name, value] : headers_) {
      fields += name + ": " + (name == "Date" ? "now" : value) + "\n";
    }
    return fields;
  }

  int status = 0;
  std::string body;
  std::unique_ptr<ByteStream> client;

 private:
  http::Headers headers_;
  std::unique_ptr<ByteStream> connection_;
};

BackendRequest Sent(std::string body = "") {
  BackendRequest sent;
  sent.method = "POST";
  sent.location = *http::ParseUrl("http://127.0.0.1:4000/portforward/t%2F?a=1");
  sent.headers = {{"Host", "127.0.0.1:4000"}, {"Upgrade", "SPDY/3.1"}};
  sent.body = std::move(body);
  return sent;
}

struct Result {
  absl::Status served;
  bool answered = false;
  int status = 0;
  std::string fields, body;
};

Result Call(const http::Handler& handler) {
  Result result;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    FakeWriter writer(executor);
    http::ServerRequest request;
    request.remote_address = "192.0.2.1:7";
    LocalBackend backend(handler, request, writer, 0);
    result.served = co_await backend.Serve(Sent());
    result.answered = backend.answered();
    result.status = writer.status;
    result.fields = writer.Fields();
    result.body = writer.body;
    co_return absl::OkStatus();
  });
  return result;
}

TEST(LocalBackendTest, GetsWhatTheNetworkWouldBring) {
  Call([](http::ServerRequest& request,
          http::ResponseWriter& writer) -> Task<absl::Status> {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url.path, "/portforward/t%2F");
    EXPECT_EQ(request.url.raw_query, "a=1");
    EXPECT_EQ(request.url.HostPort(), "127.0.0.1:4000");
    EXPECT_EQ(request.path_segments.back(), "t/");
    EXPECT_EQ(request.headers.Get("Upgrade"), "SPDY/3.1");
    EXPECT_EQ(request.remote_address, "192.0.2.1:7");
    EXPECT_EQ(request.peer_certificate, nullptr);
    absl::Status status = co_await http::Respond(writer, 404, "", "gone");
    co_return status;
  });
}

TEST(LocalBackendTest, RefusalLosesTheFieldsOfOneHop) {
  const Result got =
      Call([](http::ServerRequest&,
              http::ResponseWriter& writer) -> Task<absl::Status> {
        for (const char* name :
             {"Upgrade", "connection", "Keep-Alive", "Transfer-Encoding"}) {
          writer.headers().Set(name, "x");
        }
        writer.headers().Set("Retry-After", "60");
        absl::Status status =
            co_await http::Respond(writer, 429, "a/b", "later");
        co_return status;
      });
  EXPECT_TRUE(got.answered);
  EXPECT_THAT(got.served, IsOk());
  EXPECT_EQ(got.status, 429);
  EXPECT_EQ(got.fields,
            "Retry-After: 60\nContent-Type: a/b\nContent-Length: 5\n"
            "Date: now\nConnection: close\n");
  EXPECT_EQ(got.body, "later");
}

TEST(LocalBackendTest, WhatIsNoRefusalIsNotShown) {
  for (const int status : {200, 302}) {
    const Result got =
        Call([status](http::ServerRequest&,
                      http::ResponseWriter& writer) -> Task<absl::Status> {
          writer.headers().Set("Location", "http://elsewhere/");
          absl::Status written = co_await http::Respond(writer, status, "", "");
          EXPECT_FALSE(written.ok());
          co_return absl::OkStatus();
        });
    EXPECT_FALSE(got.answered);
    EXPECT_THAT(got.served,
                StatusIs(absl::StatusCode::kInternal,
                         absl::StrCat("invalid upgrade response: status code ",
                                      status)));
    EXPECT_EQ(got.fields, "");
  }
}

TEST(LocalBackendTest, WhoAnswersNothingIsCompleted) {
  Result got = Call(
      [](http::ServerRequest&, http::ResponseWriter&) -> Task<absl::Status> {
        co_return absl::OkStatus();
      });
  EXPECT_FALSE(got.answered);
  EXPECT_THAT(got.served,
              StatusIs(absl::StatusCode::kInternal,
                       "invalid upgrade response: status code 200"));
  got = Call(
      [](http::ServerRequest&, http::ResponseWriter&) -> Task<absl::Status> {
        co_return absl::InternalError("lost");
      });
  EXPECT_TRUE(got.answered);
  EXPECT_THAT(got.served, StatusIs(absl::StatusCode::kInternal, "lost"));
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body, "Internal Server Error\n");
}

TEST(LocalBackendTest, HijackedStreamIsTheClientsBehindTheBody) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    FakeWriter writer(executor);
    http::ServerRequest request;
    std::string seen;
    const http::Handler handler =
        [&seen](http::ServerRequest& r,
                http::ResponseWriter& w) -> Task<absl::Status> {
      char buf[64];
      absl::StatusOr<size_t> n = co_await r.body->Read(absl::MakeSpan(buf, 2));
      if (!n.ok()) co_return n.status();
      EXPECT_EQ(std::string(buf, *n), "bo");
      absl::StatusOr<std::unique_ptr<ByteStream>> stream = w.Hijack();
      if (!stream.ok()) co_return stream.status();
      EXPECT_THAT(w.Hijack(), StatusIs(absl::StatusCode::kFailedPrecondition));
      absl::Status refused = co_await w.WriteHeader(500);
      EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
      absl::Status written = co_await WriteAll(**stream, "101");
      if (!written.ok()) co_return written;
      size_t got = 1;
      while (got > 0) {
        n = co_await (*stream)->Read(absl::MakeSpan(buf));
        if (!n.ok()) co_return n.status();
        got = *n;
        seen.append(buf, got);
      }
      absl::Status closed = co_await (*stream)->Close();
      co_return closed;
    };
    absl::Status sent = co_await WriteAll(*writer.client, " then frames");
    if (!sent.ok()) co_return sent;
    sent = co_await writer.client->CloseWrite();
    if (!sent.ok()) co_return sent;
    LocalBackend backend(handler, request, writer, 0);
    BackendRequest asked = Sent("body");
    absl::Status served = co_await backend.Serve(std::move(asked));
    EXPECT_THAT(served, IsOk());
    EXPECT_TRUE(backend.answered());
    EXPECT_EQ(seen, "dy then frames");
    char answer[3];
    absl::Status read =
        co_await ReadFull(*writer.client, absl::MakeSpan(answer));
    EXPECT_EQ(absl::string_view(answer, 3), "101");
    EXPECT_EQ(writer.Fields(), "");
    co_return read;
  });
}

TEST(LocalBackendTest, LimitHoldsForTheHijackedStream) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    FakeWriter writer(executor);
    http::ServerRequest request;
    const http::Handler handler =
        [](http::ServerRequest&,
           http::ResponseWriter& w) -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<ByteStream>> stream = w.Hijack();
      if (!stream.ok()) co_return stream.status();
      const std::string bytes(3000, 'x');
      absl::Status written = co_await WriteAll(**stream, bytes);
      co_return written;
    };
    LocalBackend backend(handler, request, writer, 20000);
    const absl::Time began = absl::Now();
    BackendRequest asked = Sent();
    absl::Status served = co_await backend.Serve(std::move(asked));
    EXPECT_GE(absl::Now() - began, absl::Milliseconds(90));
    co_return served;
  });
}

}  // namespace
}  // namespace fairway::net::proxy
