// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/port_forward.h"

#include <glog/logging.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/io/pipe.h"
#include "net/io/testing/transport.h"
#include "runtime/netns/testing/pod_fixture.h"

namespace fairway::runtime::netns {
namespace {

using absl::StatusCode;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

enum class Dial { kNetns, kSocat };

std::string NameOf(const ::testing::TestParamInfo<Dial>& info) {
  return info.param == Dial::kNetns ? "Netns" : "Socat";
}

// One forwarded connection: `user` is the user's end of it.
struct Connection {
  std::unique_ptr<net::ByteStream> user;
  std::unique_ptr<net::ByteStream> runtime;
  absl::Status result = absl::UnknownError("not ended");
};

Task<absl::Status> Forward(Dial dial, TestPod& pod, uint16_t port,
                           net::ByteStream& stream) {
  if (dial == Dial::kSocat) {
    return ForwardBySocat(pod.netns->holder(), port, stream);
  }
  return ForwardByNetns(*pod.netns, "p", port, stream);
}

// Starts forwarding in `tasks`; the result appears in the connection.
std::shared_ptr<Connection> Connect(TaskGroup& tasks, Dial dial, TestPod& pod,
                                    uint16_t port) {
  auto connection = std::make_shared<Connection>();
  auto ends = net::MakePipe(tasks.executor());
  connection->user = std::move(ends.first);
  connection->runtime = std::move(ends.second);
  tasks.Spawn([connection, dial, &pod, port]() -> Task<absl::Status> {
    absl::Status result =
        co_await Forward(dial, pod, port, *connection->runtime);
    connection->result = result;
    if (!result.ok()) connection->runtime->Abort();
    co_return absl::OkStatus();
  });
  return connection;
}

// Sends `sent` and FIN, and returns all that comes back.
Task<absl::StatusOr<std::string>> Ask(net::ByteStream& stream,
                                      std::string sent) {
  absl::Status written = co_await net::WriteAll(stream, sent);
  if (!written.ok()) co_return written;
  absl::Status fin = co_await stream.CloseWrite();
  if (!fin.ok()) co_return fin;
  absl::StatusOr<std::string> answer = co_await net::ReadAll(stream);
  co_return answer;
}

class PortForwardTest : public ::testing::TestWithParam<Dial> {
 protected:
  void SetUp() override {
    const std::string why = NamespacesForbiddenBecause();
    if (!why.empty()) GTEST_SKIP() << why;
  }

  // Runs `body` with a pod whose server got `arguments`.
  static absl::Status WithPod(
      const std::string& arguments,
      const std::function<Task<absl::Status>(TestPod&, TaskGroup&)>& body) {
    return RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      absl::StatusOr<TestPod> pod = co_await StartTestPod(arguments);
      if (!pod.ok()) co_return pod.status();
      TaskGroup tasks(executor);
      absl::Status status = co_await WithDeadline(
          absl::Seconds(40), "test", [&]() -> Task<absl::Status> {
            absl::Status ran = co_await body(*pod, tasks);
            co_return ran;
          });
      if (!status.ok()) tasks.Cancel();
      co_await tasks.Join();
      co_return status;
    });
  }
};

TEST_P(PortForwardTest, EchoesBothWays) {
  const std::string sent(3'000'000, 'x');
  absl::Status status = WithPod(
      "echo:80", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        tasks.Spawn([&sent, connection]() -> Task<absl::Status> {
          absl::Status written =
              co_await net::WriteAll(*connection->user, sent);
          if (!written.ok()) co_return written;
          absl::Status fin = co_await connection->user->CloseWrite();
          co_return fin;
        });
        absl::StatusOr<std::string> answer =
            co_await net::ReadAll(*connection->user);
        EXPECT_TRUE(answer.ok() && *answer == sent);
        co_await tasks.Join();
        EXPECT_THAT(connection->result, IsOk());
        co_return answer.status();
      });
  EXPECT_THAT(status, IsOk());
}

TEST_P(PortForwardTest, ReplyThatStartsAfterTheFinArrives) {
  absl::Status status =
      WithPod("late:80:1500",
              [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
                std::shared_ptr<Connection> connection =
                    Connect(tasks, GetParam(), pod, 80);
                absl::StatusOr<std::string> answer =
                    co_await Ask(*connection->user, "late words");
                EXPECT_EQ(answer.value_or("none"), "late words");
                co_await tasks.Join();
                EXPECT_THAT(connection->result, IsOk());
                co_return answer.status();
              });
  EXPECT_THAT(status, IsOk());
}

TEST_P(PortForwardTest, FinOfThePodArrivesWhileTheUserMayStillSend) {
  absl::Status status = WithPod(
      "source:80:100000",
      [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        // Ends although the user has sent no FIN.
        absl::StatusOr<std::string> answer =
            co_await net::ReadAll(*connection->user);
        EXPECT_EQ(answer.value_or("").size(), 100000u);
        EXPECT_THAT(connection->result, StatusIs(StatusCode::kUnknown));
        absl::Status sent = co_await net::WriteAll(*connection->user, "more");
        EXPECT_THAT(sent, IsOk());
        absl::Status fin = co_await connection->user->CloseWrite();
        EXPECT_THAT(fin, IsOk());
        co_await tasks.Join();
        EXPECT_THAT(connection->result, IsOk());
        co_return answer.status();
      });
  EXPECT_THAT(status, IsOk());
}

TEST_P(PortForwardTest, RefusedPortIsAnErrorThatSaysSo) {
  absl::Status status =
      WithPod("", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 81);
        // No FIN comes before the error.
        absl::StatusOr<std::string> answer =
            co_await net::ReadAll(*connection->user);
        EXPECT_THAT(answer, StatusIs(StatusCode::kAborted));
        co_await tasks.Join();
        co_return connection->result;
      });
  if (GetParam() == Dial::kSocat) {
    EXPECT_THAT(
        status,
        StatusIs(StatusCode::kUnavailable,
                 MatchesRegex("exit status 1: [^ ]+ [^ ]+ socat\\[[0-9]+\\] E "
                              "connect\\(.*Connection refused")));
  } else {
    EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable,
                                 HasSubstr("connection refused")));
  }
}

TEST_P(PortForwardTest, ResetByThePodIsAborted) {
  absl::Status status = WithPod(
      "reset:80", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        absl::Status sent = co_await net::WriteAll(*connection->user, "x");
        EXPECT_THAT(sent, IsOk());
        co_await tasks.Join();
        co_return connection->result;
      });
  EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
}

TEST_P(PortForwardTest, ResetByTheUserEndsThePodsConnection) {
  absl::Status status = WithPod(
      "source:80:1000000000",
      [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        std::string first(1, '\0');
        absl::StatusOr<size_t> n =
            co_await connection->user->Read(absl::MakeSpan(first.data(), 1));
        EXPECT_THAT(n, IsOk());
        connection->user->Abort();
        co_await tasks.Join();
        co_return connection->result;
      });
  EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
}

TEST_P(PortForwardTest, CancelledForwardLeavesNothing) {
  int children = 0;
  absl::Status status = WithPod(
      "echo:80", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        children = CountChildren();
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        absl::Status sent = co_await net::WriteAll(*connection->user, "x");
        EXPECT_THAT(sent, IsOk());
        std::string back(1, '\0');
        absl::StatusOr<size_t> n =
            co_await connection->user->Read(absl::MakeSpan(back.data(), 1));
        EXPECT_THAT(n, IsOk());
        tasks.Cancel();
        co_await tasks.Join();
        EXPECT_EQ(CountChildren(), children);
        co_return connection->result;
      });
  EXPECT_THAT(status, ::testing::AnyOf(StatusIs(StatusCode::kCancelled),
                                       StatusIs(StatusCode::kAborted)));
}

TEST_P(PortForwardTest, TwoHundredConnectionsLeaveNothing) {
  absl::Status status = WithPod(
      "echo:80", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        const int descriptors = CountDescriptors();
        const int children = CountChildren();
        for (int round = 0; round < 20; ++round) {
          std::vector<std::shared_ptr<Connection>> connections;
          for (int i = 0; i < 10; ++i) {
            connections.push_back(Connect(tasks, GetParam(), pod, 80));
          }
          for (const std::shared_ptr<Connection>& connection : connections) {
            absl::StatusOr<std::string> answer =
                co_await Ask(*connection->user, "ping");
            EXPECT_EQ(answer.value_or("none"), "ping");
          }
          co_await tasks.Join();
          for (const std::shared_ptr<Connection>& connection : connections) {
            EXPECT_THAT(connection->result, IsOk());
          }
        }
        // Those that the pod has in advance are not the connections'.
        EXPECT_GE(CountDescriptors(), descriptors);
        EXPECT_LE(CountDescriptors(),
                  descriptors + static_cast<int>(kSocketsInAdvance));
        EXPECT_EQ(CountChildren(), children);
        co_return absl::OkStatus();
      });
  EXPECT_THAT(status, IsOk());
}

TEST_P(PortForwardTest, CountsDialsAndFailures) {
  absl::Status status = WithPod(
      "echo:80", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> good = Connect(tasks, GetParam(), pod, 80);
        absl::StatusOr<std::string> answer = co_await Ask(*good->user, "ping");
        EXPECT_THAT(answer, IsOk());
        std::shared_ptr<Connection> bad = Connect(tasks, GetParam(), pod, 81);
        co_await tasks.Join();
        co_return absl::OkStatus();
      });
  EXPECT_THAT(status, IsOk());
  const char* dial = GetParam() == Dial::kSocat ? "socat" : "netns";
  const std::string text = MetricsText();
  EXPECT_THAT(text, HasSubstr(absl::StrCat(
                        "runtime_port_forward_dials_total{dial=\"", dial)));
  EXPECT_THAT(text,
              HasSubstr(absl::StrCat(
                  "runtime_port_forward_dial_failures_total{dial=\"", dial)));
}

INSTANTIATE_TEST_SUITE_P(Dials, PortForwardTest,
                         ::testing::Values(Dial::kNetns, Dial::kSocat), NameOf);

// Collects what is logged while it lives.
class LogCollector : public google::LogSink {
 public:
  LogCollector() { google::AddLogSink(this); }
  ~LogCollector() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity, const char*, const char*, int, const tm*,
            const char* message, size_t size) override {
    lines.emplace_back(message, size);
  }
  std::vector<std::string> lines;
};

class SocatTest : public PortForwardTest {};

TEST_P(SocatTest, LogsTheCommandAtLevelFour) {
  LogCollector log;
  FLAGS_v = 4;
  absl::Status status = WithPod(
      "echo:80", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        absl::StatusOr<std::string> answer =
            co_await Ask(*connection->user, "ping");
        co_return answer.status();
      });
  FLAGS_v = 0;
  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(log.lines, Contains(MatchesRegex(
                             "executing port forwarding command: .*/nsenter -t "
                             "[0-9]+ -n .*/socat -d -t 1000000 -,shut-close "
                             "TCP4:localhost:80")));
}

TEST_P(SocatTest, MissingProgramsAreNamed) {
  const std::string path = getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  absl::Status status =
      WithPod("", [&](TestPod& pod, TaskGroup& tasks) -> Task<absl::Status> {
        std::shared_ptr<Connection> connection =
            Connect(tasks, GetParam(), pod, 80);
        co_await tasks.Join();
        co_return connection->result;
      });
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(status,
              StatusIs(StatusCode::kNotFound,
                       "unable to do port forwarding: socat not found"));
}

TEST_P(SocatTest, ProcessThatHasGoneIsAFailedDial) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto ends = net::MakePipe(executor);
    absl::Status result = co_await ForwardBySocat(4194305, 80, *ends.second);
    co_return result;
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable,
                               MatchesRegex("exit status 1: nsenter: .*")));
}

INSTANTIATE_TEST_SUITE_P(Socat, SocatTest, ::testing::Values(Dial::kSocat),
                         NameOf);

}  // namespace
}  // namespace fairway::runtime::netns
