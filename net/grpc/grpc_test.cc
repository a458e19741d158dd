// SPDX-License-Identifier: Apache-2.0
#include "net/grpc/grpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/grpc/wire.h"
#include "net/http2/session.h"

namespace fairway::net::grpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(8);

// A folder for a socket, gone with its content at the end.
class SocketFolder {
 public:
  SocketFolder() {
    char name[] = "/tmp/fw-grpc-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~SocketFolder() {
    unlink(socket().c_str());
    rmdir(path_.c_str());
  }
  std::string socket() const { return path_ + "/s"; }

 private:
  std::string path_;
};

using Methods = std::map<std::string, RawMethod>;

// A server on a socket, and its task.
class RunningServer {
 public:
  RunningServer(Executor executor, std::string path, Methods methods)
      : server_(NewServer(executor)), task_(executor) {
    for (auto& [name, method] : methods) server_->AddRawMethod(name, method);
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenUnix(executor, std::move(path));
    EXPECT_THAT(listener, IsOk());
    listener_ = *std::move(listener);
    task_.Spawn([this]() -> Task<absl::Status> {
      absl::Status served = co_await server_->Serve(std::move(listener_));
      co_return served;
    });
  }

  Task<absl::Status> Stop(absl::Duration grace) {
    absl::Status stopped = co_await server_->Shutdown(grace);
    absl::Status joined = co_await task_.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    co_return stopped;
  }

 private:
  std::unique_ptr<Server> server_;
  std::unique_ptr<Listener> listener_;
  TaskGroup task_;
};

// Runs `body` with a server of `methods` and a channel to it.
absl::Status WithServer(Methods methods,
                        std::function<Task<absl::Status>(Channel&)> body) {
  return RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    SocketFolder folder;
    RunningServer server(executor, folder.socket(), methods);
    absl::Status done;
    {
      std::unique_ptr<Channel> channel =
          NewUnixChannel(executor, "unix://" + folder.socket());
      done = co_await body(*channel);
    }
    absl::Status stopped = co_await server.Stop(kLong);
    EXPECT_THAT(stopped, IsOk());
    co_return done;
  });
}

Task<absl::StatusOr<std::string>> Echo(std::string request) {
  co_return "echo " + request;
}

TEST(GrpcTest, CallReturnsTheAnswer) {
  absl::Status result =
      WithServer({{"/s/Echo", Echo}}, [](Channel& c) -> Task<absl::Status> {
        for (const char* text : {"one", "", "three"}) {
          absl::StatusOr<std::string> answer =
              co_await c.CallRaw("/s/Echo", text, kLong);
          if (!answer.ok()) co_return answer.status();
          EXPECT_EQ(*answer, absl::StrCat("echo ", text));
        }
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(GrpcTest, ErrorsKeepCodeAndMessage) {
  Methods methods;
  methods["/s/Fail"] = [](std::string) -> Task<absl::StatusOr<std::string>> {
    co_return absl::NotFoundError("sandbox \"ä%\"\nnot found");
  };
  absl::Status result =
      WithServer(methods, [](Channel& c) -> Task<absl::Status> {
        absl::StatusOr<std::string> answer =
            co_await c.CallRaw("/s/Fail", "x", kLong);
        co_return answer.status();
      });
  EXPECT_THAT(result,
              StatusIs(StatusCode::kNotFound, "sandbox \"ä%\"\nnot found"));
}

TEST(GrpcTest, UnknownMethodIsUnimplemented) {
  absl::Status result =
      WithServer({{"/s/Echo", Echo}}, [](Channel& c) -> Task<absl::Status> {
        absl::StatusOr<std::string> answer =
            co_await c.CallRaw("/runtime.v1.RuntimeService/New", "x", kLong);
        co_return answer.status();
      });
  EXPECT_THAT(result, StatusIs(StatusCode::kUnimplemented,
                               "unknown method New for service "
                               "runtime.v1.RuntimeService"));
}

TEST(GrpcTest, LargeMessagesPassUpToTheLimit) {
  Methods methods;
  methods["/s/Same"] =
      [](std::string request) -> Task<absl::StatusOr<std::string>> {
    co_return request;
  };
  methods["/s/TooLarge"] =
      [](std::string) -> Task<absl::StatusOr<std::string>> {
    co_return std::string(kMaxMessageBytes + 1, 'x');
  };
  absl::Status result =
      WithServer(methods, [](Channel& c) -> Task<absl::Status> {
        const std::string large(kMaxMessageBytes, 'l');
        absl::StatusOr<std::string> same =
            co_await c.CallRaw("/s/Same", large, kLong);
        EXPECT_THAT(same, IsOk());
        EXPECT_TRUE(same.ok() && *same == large);
        absl::StatusOr<std::string> sent =
            co_await c.CallRaw("/s/Same", large + "l", kLong);
        EXPECT_THAT(sent, StatusIs(StatusCode::kResourceExhausted,
                                   "trying to send message larger than max "
                                   "(16777217 vs. 16777216)"));
        absl::StatusOr<std::string> received =
            co_await c.CallRaw("/s/TooLarge", "", kLong);
        EXPECT_THAT(received, StatusIs(StatusCode::kResourceExhausted));
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(GrpcTest, ManyCallsRunAtOnce) {
  constexpr int kCalls = 400;  // more than the server's limit of streams
  std::unique_ptr<Condition> some;
  int arrived = 0;
  Methods methods;
  methods["/s/Meet"] =
      [&](std::string request) -> Task<absl::StatusOr<std::string>> {
    Executor executor = co_await kThisExecutor;
    if (some == nullptr) some = std::make_unique<Condition>(executor);
    ++arrived;
    some->NotifyAll();
    while (arrived < 200) {
      absl::Status waited = co_await some->Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return request;
  };
  absl::Status result =
      WithServer(methods, [&](Channel& c) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup calls(executor);
        for (int i = 0; i < kCalls; ++i) {
          calls.Spawn([&c, i]() -> Task<absl::Status> {
            absl::StatusOr<std::string> answer =
                co_await c.CallRaw("/s/Meet", absl::StrCat(i), kLong);
            if (!answer.ok()) co_return answer.status();
            EXPECT_EQ(*answer, absl::StrCat(i));
            co_return absl::OkStatus();
          });
        }
        absl::Status joined = co_await calls.Join();
        co_return joined;
      });
  EXPECT_THAT(result, IsOk());
  EXPECT_EQ(arrived, kCalls);
}

TEST(GrpcTest, DeadlineEndsTheCallHereAndThere) {
  bool cancelled_there = false;
  std::unique_ptr<Condition> ended;
  Methods methods;
  methods["/s/Sleep"] = [&](std::string) -> Task<absl::StatusOr<std::string>> {
    absl::Status slept = co_await Sleep(absl::InfiniteDuration());
    cancelled_there = absl::IsCancelled(slept);
    if (ended != nullptr) ended->NotifyAll();
    co_return slept;
  };
  absl::Status result =
      WithServer(methods, [&](Channel& c) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        ended = std::make_unique<Condition>(executor);
        absl::StatusOr<std::string> answer =
            co_await c.CallRaw("/s/Sleep", "", absl::Milliseconds(20));
        while (!cancelled_there) {
          absl::Status waited = co_await ended->Wait();
          if (!waited.ok()) co_return waited;
        }
        co_return answer.status();
      });
  EXPECT_THAT(result, StatusIs(StatusCode::kDeadlineExceeded,
                               "context deadline exceeded"));
}

TEST(GrpcTest, CancelledCallEndsThereToo) {
  bool started = false;
  bool cancelled_there = false;
  std::unique_ptr<Condition> changed;
  Methods methods;
  methods["/s/Sleep"] = [&](std::string) -> Task<absl::StatusOr<std::string>> {
    started = true;
    changed->NotifyAll();
    absl::Status slept = co_await Sleep(absl::InfiniteDuration());
    cancelled_there = absl::IsCancelled(slept);
    changed->NotifyAll();
    co_return slept;
  };
  absl::Status result =
      WithServer(methods, [&](Channel& c) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        changed = std::make_unique<Condition>(executor);
        TaskGroup call(executor);
        call.Spawn([&c]() -> Task<absl::Status> {
          absl::StatusOr<std::string> answer =
              co_await c.CallRaw("/s/Sleep", "", absl::InfiniteDuration());
          co_return answer.status();
        });
        while (!started) {
          absl::Status waited = co_await changed->Wait();
          if (!waited.ok()) co_return waited;
        }
        call.Cancel();
        absl::Status joined = co_await call.Join();
        EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
        while (!cancelled_there) {
          absl::Status waited = co_await changed->Wait();
          if (!waited.ok()) co_return waited;
        }
        co_return absl::OkStatus();
      });
  EXPECT_THAT(result, IsOk());
}

TEST(GrpcTest, UnreachableServerIsUnavailableAndFoundAgain) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    SocketFolder folder;
    std::unique_ptr<Channel> channel =
        NewUnixChannel(executor, folder.socket());
    absl::StatusOr<std::string> answer =
        co_await channel->CallRaw("/s/Echo", "1", kLong);
    EXPECT_THAT(
        answer,
        StatusIs(StatusCode::kUnavailable,
                 HasSubstr("transport: Error while dialing dial unix")));
    for (const char* text : {"2", "3"}) {
      const Methods methods = {{"/s/Echo", Echo}};
      RunningServer server(executor, folder.socket(), methods);
      answer = co_await channel->CallRaw("/s/Echo", text, kLong);
      EXPECT_THAT(answer, IsOk());
      EXPECT_EQ(answer.value_or("none"), absl::StrCat("echo ", text));
      absl::Status stopped = co_await server.Stop(kLong);
      EXPECT_THAT(stopped, IsOk());
    }
    answer = co_await channel->CallRaw("/s/Echo", "4", kLong);
    co_return answer.status();
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kUnavailable));
}

TEST(GrpcTest, ShutdownLetsACallEndWithinItsGrace) {
  bool draining = false;
  std::unique_ptr<Condition> changed;
  Methods methods;
  methods["/s/Wait"] = [&](std::string) -> Task<absl::StatusOr<std::string>> {
    changed->NotifyAll();
    while (!draining) {
      absl::Status waited = co_await changed->Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return "done";
  };
  methods["/s/Hang"] = [&](std::string) -> Task<absl::StatusOr<std::string>> {
    changed->NotifyAll();
    absl::Status slept = co_await Sleep(absl::InfiniteDuration());
    co_return slept;
  };
  for (const char* path : {"/s/Wait", "/s/Hang"}) {
    draining = false;
    absl::Status result = RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      changed = std::make_unique<Condition>(executor);
      SocketFolder folder;
      RunningServer server(executor, folder.socket(), methods);
      std::unique_ptr<Channel> channel =
          NewUnixChannel(executor, folder.socket());
      TaskGroup call(executor);
      call.Spawn([&]() -> Task<absl::Status> {
        absl::StatusOr<std::string> answer =
            co_await channel->CallRaw(path, "", kLong);
        co_return answer.status();
      });
      absl::Status waited = co_await changed->Wait();
      EXPECT_THAT(waited, IsOk());
      draining = true;
      changed->NotifyAll();
      const bool hangs = absl::string_view(path) == "/s/Hang";
      absl::Status stopped =
          co_await server.Stop(hangs ? absl::Milliseconds(20) : kLong);
      EXPECT_EQ(stopped.code(),
                hangs ? StatusCode::kDeadlineExceeded : StatusCode::kOk);
      absl::Status answered = co_await call.Join();
      EXPECT_EQ(answered.ok(), !hangs) << answered;
      co_return absl::OkStatus();
    });
    EXPECT_THAT(result, IsOk());
    changed = nullptr;
  }
}

// What a peer that is no gRPC client gets, and the other way round.
absl::StatusOr<http2::Fields> RawExchange(http2::Fields fields,
                                          std::string body) {
  absl::StatusOr<http2::Fields> head = absl::UnknownError("not run");
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    SocketFolder folder;
    const Methods methods = {{"/s/Echo", Echo}};
    RunningServer server(executor, folder.socket(), methods);
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialUnix(folder.socket());
    if (!socket.ok()) co_return socket.status();
    http2::Session session(executor, *std::move(socket), http2::Role::kClient,
                           http2::SessionOptions());
    TaskGroup task(executor);
    task.Spawn([&session]() -> Task<absl::Status> {
      absl::Status ran = co_await session.Run();
      co_return ran;
    });
    auto stream = session.Open(fields, http2::EndStream::kNo);
    if (!stream.ok()) co_return stream.status();
    absl::Status sent = co_await (*stream)->Write(body);
    EXPECT_THAT(sent, IsOk());
    absl::Status finished = (*stream)->Finish();
    EXPECT_THAT(finished, IsOk());
    absl::Status answered = co_await (*stream)->WaitFields();
    if (answered.ok()) head = (*stream)->fields();
    session.Drain();
    absl::Status joined = co_await task.Join();
    joined.IgnoreError();
    absl::Status stopped = co_await server.Stop(kLong);
    co_return answered;
  });
  if (!result.ok()) return result;
  return head;
}

http2::Fields CallFields() {
  return {{":method", "POST"},
          {":scheme", "http"},
          {":path", "/s/Echo"},
          {":authority", "localhost"},
          {"content-type", "application/grpc+proto"},
          {"te", "trailers"}};
}

struct HostileCase {
  const char* name;
  const char* field;  // replaced or added, with `value`
  const char* value;
  std::string body;
  const char* want_field;
  const char* want_value;
};

class HostileCallTest : public ::testing::TestWithParam<HostileCase> {};

TEST_P(HostileCallTest, IsAnsweredInOrder) {
  const HostileCase& c = GetParam();
  http2::Fields fields = CallFields();
  bool replaced = false;
  for (auto& [name, value] : fields) {
    if (name == c.field) {
      value = c.value;
      replaced = true;
    }
  }
  if (!replaced && *c.field != '\0') fields.emplace_back(c.field, c.value);
  absl::StatusOr<http2::Fields> head = RawExchange(fields, c.body);
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(http2::FieldValue(*head, c.want_field), c.want_value);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileCallTest,
    ::testing::Values(
        HostileCase{"Good", "", "", MessagePrefix(1) + "x", ":status", "200"},
        HostileCase{"Get", ":method", "GET", "", ":status", "405"},
        HostileCase{"ContentType", "content-type", "text/plain", "", ":status",
                    "415"},
        HostileCase{"NoMessage", "", "", "", "grpc-status", "13"},
        HostileCase{"HalfAPrefix", "", "", std::string(2, '\0'), "grpc-status",
                    "13"},
        HostileCase{"HalfAMessage", "", "", MessagePrefix(2) + "x",
                    "grpc-status", "13"},
        HostileCase{"TwoMessages", "", "",
                    MessagePrefix(1) + "x" + MessagePrefix(1) + "y",
                    "grpc-status", "13"},
        HostileCase{"HugeLength", "", "", MessagePrefix(0xffffffff),
                    "grpc-status", "8"},
        HostileCase{"Compressed", "", "", std::string("\1\0\0\0\1x", 6),
                    "grpc-status", "12"},
        HostileCase{"Encoding", "grpc-encoding", "gzip", MessagePrefix(0),
                    "grpc-status", "12"},
        HostileCase{"Timeout", "grpc-timeout", "soon", MessagePrefix(0),
                    "grpc-status", "13"},
        HostileCase{"TimeoutOver", "grpc-timeout", "0n", MessagePrefix(0),
                    "grpc-status", "4"}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace fairway::net::grpc
