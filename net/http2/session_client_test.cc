// SPDX-License-Identifier: Apache-2.0
// A client's session against servers that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http2/server_session.h"
#include "net/http2/session.h"
#include "net/io/pipe.h"

namespace fairway::net::http2 {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

Fields GetFields() {
  return {{":method", "GET"},
          {":scheme", "http"},
          {":path", "/"},
          {":authority", "a"}};
}

// The status that a client gets for one request, when the server's end of the
// pipe is worked by `server`; or what its wait for it ended with.
absl::StatusOr<std::string> AskServer(
    SessionOptions options,
    std::function<Task<absl::Status>(std::unique_ptr<ByteStream>&)> server) {
  std::string http_status;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [near, far] = MakePipe(executor);
    Session client(executor, std::move(near), Role::kClient, options);
    std::unique_ptr<ByteStream>& server_end = far;
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status served = co_await server(server_end);
      co_return served;
    });
    group.Spawn([&client]() -> Task<absl::Status> {
      absl::Status ran = co_await client.Run();
      co_return ran;
    });
    auto stream = client.Open(GetFields(), EndStream::kYes);
    if (!stream.ok()) co_return stream.status();
    absl::Status answered = co_await WithDeadline(
        absl::Seconds(9), "answer", [&stream]() -> Task<absl::Status> {
          absl::Status waited = co_await (*stream)->WaitFields();
          co_return waited;
        });
    http_status = std::string(FieldValue((*stream)->fields(), ":status"));
    group.Cancel();
    absl::Status joined = co_await group.Join();
    joined.IgnoreError();
    co_return answered;
  });
  if (!result.ok()) return result;
  return http_status;
}

TEST(Http2ClientTest, AnswerOfAnotherProtocolIsAnError) {
  const std::string answer =
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(
      AskServer({},
                [&](std::unique_ptr<ByteStream>& end) -> Task<absl::Status> {
                  absl::Status written = co_await WriteAll(*end, answer);
                  co_return written;
                }),
      StatusIs(StatusCode::kUnavailable));
}

TEST(Http2ClientTest, ServerThatLeavesIsUnavailable) {
  EXPECT_THAT(
      AskServer({},
                [&](std::unique_ptr<ByteStream>& end) -> Task<absl::Status> {
                  absl::Status closed = co_await end->CloseWrite();
                  co_return closed;
                }),
      StatusIs(StatusCode::kUnavailable));
}

// Answers by `handler` until it is cancelled.
std::function<Task<absl::Status>(std::unique_ptr<ByteStream>&)> By(
    StreamHandler handler) {
  return [handler](std::unique_ptr<ByteStream>& end) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    ServerSession session(executor, std::move(end), SessionOptions(), handler);
    absl::Status served = co_await session.Serve();
    co_return served;
  };
}

TEST(Http2ClientTest, ResponseWithTooManyFieldsIsRefused) {
  SessionOptions options;
  options.max_header_bytes = 1000;
  EXPECT_THAT(
      AskServer(options,
                By([](std::shared_ptr<Stream> stream) -> Task<absl::Status> {
                  co_return stream->SendFields(
                      {{":status", "200"}, {"x-big", std::string(1500, 'b')}},
                      EndStream::kYes);
                })),
      StatusIs(StatusCode::kResourceExhausted, HasSubstr("too many fields")));
}

TEST(Http2ClientTest, InformationalAnswerIsNotTheAnswer) {
  absl::StatusOr<std::string> answered = AskServer(
      {}, By([](std::shared_ptr<Stream> stream) -> Task<absl::Status> {
        absl::Status early = stream->SendInformational({{":status", "103"}});
        EXPECT_THAT(early, IsOk());
        co_return stream->SendFields({{":status", "204"}}, EndStream::kYes);
      }));
  ASSERT_THAT(answered, IsOk());
  EXPECT_EQ(*answered, "204");
}

TEST(Http2ClientTest, FieldsThatCannotBeSentAreRefused) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [near, far] = MakePipe(executor);
    Session client(executor, std::move(near), Role::kClient, {});
    for (const Field& bad : {Field("x", "a\r\nb"), Field("Upper", "v"),
                             Field("sp ace", "v"), Field("", "v")}) {
      Fields fields = GetFields();
      fields.push_back(bad);
      EXPECT_THAT(client.Open(fields, EndStream::kYes).status(),
                  StatusIs(StatusCode::kInvalidArgument))
          << bad.first;
    }
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

}  // namespace
}  // namespace fairway::net::http2
