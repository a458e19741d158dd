// SPDX-License-Identifier: Apache-2.0
// A forwarder whose pods come and go, and whose sessions are lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/portforward.h"
#include "client/tools/portforward/testing/fake_pods.h"
#include "client/tools/portforward/text_observer.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TargetPod Pod(std::string name, std::string uid, uint16_t remote_port = 80) {
  TargetPod pod;
  pod.name = std::move(name);
  pod.uid = std::move(uid);
  pod.remote_ports = {remote_port};
  return pod;
}

TargetPod Unusable(TargetPod pod) {
  pod.usable = false;
  return pod;
}

// A local application's connection, and the pod's ends of its streams.
struct Connection {
  std::unique_ptr<net::Socket> local;
  std::unique_ptr<httpstream::Stream> error;
  std::unique_ptr<httpstream::Stream> data;
};

struct Fixture {
  explicit Fixture(Executor e) : executor(e), pods(e), tasks(e) {
    options.addresses = {{"127.0.0.1", "tcp4", FailureMode::kAll}};
    options.reconnect_timeout = absl::Seconds(6);
  }

  Task<absl::Status> Start() {
    const std::vector<ForwardedPort> wanted = {ForwardedPort{0, 80}};
    forwarder = std::make_unique<PortForwarder>(
        executor, std::make_unique<FakePodSource>(&pods, wanted), options,
        &observer);
    tasks.Spawn([this]() -> Task<absl::Status> {
      absl::Status status = co_await forwarder->ForwardPorts();
      result = status;
      co_return absl::OkStatus();
    });
    absl::Status ready = co_await forwarder->WaitReady();
    FAIRWAY_CO_RETURN_IF_ERROR(ready);
    auto got = forwarder->GetPorts();
    if (!got.ok()) co_return result;
    ports = *std::move(got);
    co_return absl::OkStatus();
  }

  Task<absl::Status> Dial(Connection* connection, size_t slot = 0) {
    auto dialed = co_await net::DialTcp("127.0.0.1", ports[slot].local);
    if (!dialed.ok()) co_return dialed.status();
    connection->local = *std::move(dialed);
    co_return absl::OkStatus();
  }

  // The connection that comes next to this session with the pod.
  Task<absl::Status> Arrive(Connection* connection, std::string uid,
                            size_t session) {
    FakeSession* at = co_await pods.WaitSession(uid, session);
    if (at == nullptr) co_return absl::CancelledError(uid);
    std::unique_ptr<httpstream::Stream> stream = co_await at->NextStream();
    connection->error = std::move(stream);
    stream = co_await at->NextStream();
    connection->data = std::move(stream);
    co_return connection->data == nullptr ? absl::CancelledError(uid)
                                          : absl::OkStatus();
  }

  Task<absl::Status> Connect(Connection* connection, std::string uid,
                             size_t session, size_t slot = 0) {
    absl::Status status = co_await Dial(connection, slot);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Arrive(connection, std::move(uid), session);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Exchange(connection);
    co_return status;
  }

  // Bytes there and back.
  Task<absl::Status> Exchange(Connection* connection) {
    absl::Status status = co_await net::WriteAll(*connection->local, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(3, '\0');
    status = co_await net::ReadFull(*connection->data, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(got, "ask");
    status = co_await net::WriteAll(*connection->data, "say");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::ReadFull(*connection->local, absl::MakeSpan(got));
    EXPECT_EQ(got, "say");
    co_return status;
  }

  Task<absl::Status> WaitNoneOpen() {
    while (forwarder->stats().open_connections > 0) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(5));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
    }
    co_return absl::OkStatus();
  }

  Executor executor;
  FakePods pods;
  ForwardOptions options;
  std::ostringstream out;
  std::ostringstream err_out;
  TextObserver observer{&out, &err_out};
  std::unique_ptr<PortForwarder> forwarder;
  TaskGroup tasks;
  std::vector<ForwardedPort> ports;
  absl::Status result = absl::UnknownError("not ended");
};

using Body = std::function<Task<absl::Status>(Fixture&)>;

// Runs `body` with a forwarder that was started after `prepare`, and stopped
// behind it, which takes no time.
void RunForwarder(std::function<void(Fixture&)> prepare, Body body) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    prepare(f);
    absl::Status ran = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status started = co_await f.Start();
          FAIRWAY_CO_RETURN_IF_ERROR(started);
          absl::Status done = co_await body(f);
          co_return done;
        });
    const absl::Time before = absl::Now();
    f.forwarder->Stop();
    absl::Status joined = co_await f.tasks.Join();
    joined.IgnoreError();
    EXPECT_LT(absl::Now() - before, absl::Seconds(1));
    EXPECT_THAT(f.result, IsOk());
    EXPECT_EQ(f.forwarder->stats().open_connections, 0u);
    joined = co_await f.pods.Close();
    joined.IgnoreError();
    co_return ran;
  });
  EXPECT_THAT(status, IsOk());
}

// With the pods web-0 ("A") and web-1 ("B").
void TwoPods(Fixture& f) { f.pods.Set({Pod("web-0", "A"), Pod("web-1", "B")}); }
void OnePod(Fixture& f) { f.pods.Set({Pod("web-0", "A")}); }

// How a read of the application ends; "" for FIN.
Task<std::string> End(Connection* connection) {
  char buf[64];
  absl::StatusOr<size_t> n =
      co_await connection->local->Read(absl::MakeSpan(buf));
  if (!n.ok()) co_return absl::StatusCodeToString(n.status().code());
  co_return std::string(buf, *n);
}

TEST(ReconnectTest, ReplacedPodsSuccessorGetsTheNewConnections) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    Connection old;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // Of its name, but with another port: a StatefulSet's.
    f.pods.Set({Pod("web-0", "B", 8080)});
    Connection fresh;
    status = co_await f.Connect(&fresh, "B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(std::string(fresh.data->headers().Get("port")), "8080");
    // The old one's pod is gone.
    const absl::Time before = absl::Now();
    std::string end = co_await End(&old);
    EXPECT_EQ(end, "ABORTED");
    EXPECT_LT(absl::Now() - before, absl::Seconds(1));
    status = co_await f.Exchange(&fresh);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.err_out.str(),
              "lost connection to pod/web-0: the pod is gone; reconnecting\n"
              "connected to pod/web-0\n");
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, GonePodsConnectionLivesAsLongAsItMoves) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    Connection old;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Set({});
    // For longer than one may stand still.
    for (int i = 0; i < 9; ++i) {
      status = co_await Sleep(absl::Milliseconds(100));
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await f.Exchange(&old);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    std::string end = co_await End(&old);
    EXPECT_EQ(end, "ABORTED");
    // And the pod's side of it.
    char byte;
    absl::StatusOr<size_t> n =
        co_await old.data->Read(absl::MakeSpan(&byte, 1));
    EXPECT_FALSE(n.ok() && *n > 0);
    EXPECT_EQ(f.err_out.str(),
              "lost connection to pod/web-0: the pod is gone; reconnecting\n");
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, LostSessionCutsItsConnectionsOffAndIsMadeAnew) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    std::vector<Connection> old(5);
    for (Connection& connection : old) {
      absl::Status status = co_await f.Connect(&connection, "A", 0);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    f.pods["A"].sessions[0]->Lose();
    for (Connection& connection : old) {
      const absl::Time before = absl::Now();
      std::string end = co_await End(&connection);
      EXPECT_EQ(end, "ABORTED");
      EXPECT_LT(absl::Now() - before, absl::Milliseconds(500));
    }
    Connection fresh;
    absl::Status status = co_await f.Connect(&fresh, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // One line each, however many connections were cut off.
    EXPECT_THAT(
        f.err_out.str(),
        MatchesRegex("lost connection to pod/web-0: [^\n]*; reconnecting\n"
                     "connected to pod/web-0\n"));
    EXPECT_THAT(f.forwarder->stats().pods, ElementsAre("web-0"));
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, ConnectionsWaitForTheWayAndThenWork) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].dial_error = absl::UnavailableError("connection refused");
    f.pods["A"].sessions[0]->Lose();
    std::vector<Connection> waiting(3);
    for (Connection& connection : waiting) {
      absl::Status status = co_await f.Dial(&connection);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    absl::Status status = co_await f.pods.WaitDials("A", 4);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.forwarder->stats().pods, IsEmpty());
    EXPECT_EQ(f.forwarder->stats().last_error, "connection refused");
    f.pods["A"].dial_error = absl::OkStatus();
    // In what order they come is not said.
    for (Connection& connection : waiting) {
      status = co_await f.Arrive(&connection, "A", 1);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await net::WriteAll(*connection.data, "hello");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    for (Connection& connection : waiting) {
      std::string end = co_await End(&connection);
      EXPECT_EQ(end, "hello");
    }
    EXPECT_THAT(
        f.err_out.str(),
        MatchesRegex("lost connection to pod/web-0: [^\n]*; reconnecting\n"
                     "connected to pod/web-0\n"));
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, WaitingIsBounded) {
  RunForwarder(
      [](Fixture& f) {
        OnePod(f);
        f.options.reconnect_timeout = absl::Milliseconds(600);
      },
      [](Fixture& f) -> Task<absl::Status> {
        f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
        f.pods["A"].sessions[0]->Lose();
        Connection connection;
        absl::Status status = co_await f.Dial(&connection);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        const absl::Time before = absl::Now();
        std::string end = co_await End(&connection);
        EXPECT_EQ(end, "ABORTED");
        EXPECT_GE(absl::Now() - before, absl::Milliseconds(500));
        EXPECT_LT(absl::Now() - before, absl::Seconds(2));
        status = co_await f.WaitNoneOpen();
        EXPECT_THAT(f.err_out.str(),
                    HasSubstr("] error upgrading connection: no way to "
                              "service/web for 600ms: no kubelet\n"));
        co_return status;
      });
}

TEST(ReconnectTest, WithoutAPodItSaysSo) {
  RunForwarder(
      [](Fixture& f) {
        OnePod(f);
        f.options.reconnect_timeout = absl::Milliseconds(300);
      },
      [](Fixture& f) -> Task<absl::Status> {
        f.pods.Set({});
        absl::Status status = co_await f.pods.WaitOpen("A", 0);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        Connection connection;
        status = co_await f.Dial(&connection);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        std::string end = co_await End(&connection);
        EXPECT_EQ(end, "ABORTED");
        status = co_await f.WaitNoneOpen();
        EXPECT_THAT(f.err_out.str(),
                    HasSubstr("no way to service/web for 300ms: no pod of it "
                              "can be used\n"));
        co_return status;
      });
}

TEST(ReconnectTest, WhoHasGoneIsNotWaitedFor) {
  RunForwarder(
      [](Fixture& f) {
        OnePod(f);
        f.options.reconnect_timeout = absl::Minutes(1);
      },
      [](Fixture& f) -> Task<absl::Status> {
        f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
        f.pods["A"].sessions[0]->Lose();
        Connection ended, reset;
        absl::Status status = co_await f.Dial(&ended);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await f.Dial(&reset);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        while (f.forwarder->stats().open_connections < 2) {
          status = co_await Sleep(absl::Milliseconds(5));
          FAIRWAY_CO_RETURN_IF_ERROR(status);
        }
        const std::string before = f.err_out.str();
        status = co_await ended.local->Close();
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        reset.local->Abort();
        status = co_await f.WaitNoneOpen();
        EXPECT_EQ(f.err_out.str(), before);
        co_return status;
      });
}

TEST(ReconnectTest, PodThatCannotBeUsedKeepsWhatItHas) {
  RunForwarder(TwoPods, [](Fixture& f) -> Task<absl::Status> {
    Connection old;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Set({Pod("web-1", "B"), Unusable(Pod("web-0", "A"))});
    Connection fresh;
    status = co_await f.Connect(&fresh, "B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // For longer than a gone pod's connection may stand still.
    status = co_await Sleep(absl::Milliseconds(800));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&old);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // The new one is kept, though the old one is there again.
    f.pods.Set({Pod("web-0", "A"), Pod("web-1", "B")});
    Connection next;
    status = co_await f.Connect(&next, "B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 1u);
    EXPECT_EQ(f.err_out.str(),
              "lost connection to pod/web-0: the pod takes no connections; "
              "reconnecting\nconnected to pod/web-1\n");
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, OnePodIsLeftWhoseWayKeepsFailing) {
  RunForwarder(TwoPods, [](Fixture& f) -> Task<absl::Status> {
    f.pods["A"].dial_error = absl::UnavailableError("its node is dead");
    f.pods["A"].sessions[0]->Lose();
    Connection connection;
    absl::Status status = co_await f.Connect(&connection, "B", 0);
    co_return status;
  });
}

TEST(ReconnectTest, SessionsOfTheirOwnLiveOnWithTheirConnections) {
  RunForwarder(
      [](Fixture& f) {
        OnePod(f);
        f.options.mode = SessionPerConnection::kAlways;
      },
      [](Fixture& f) -> Task<absl::Status> {
        Connection old;
        absl::Status status = co_await f.Connect(&old, "A", 0);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        FakeSession* spare = co_await f.pods.WaitSession("A", 1);
        f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
        spare->Lose();
        Connection waiting;
        status = co_await f.Dial(&waiting);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        // Until the loss is noted, and told.
        while (f.err_out.str().empty()) {
          status = co_await Sleep(absl::Milliseconds(5));
          FAIRWAY_CO_RETURN_IF_ERROR(status);
        }
        status = co_await f.Exchange(&old);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        f.pods["A"].dial_error = absl::OkStatus();
        status = co_await f.Arrive(&waiting, "A", 2);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await f.Exchange(&waiting);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await f.Exchange(&old);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        EXPECT_EQ(f.err_out.str(),
                  "lost connection to pod/web-0: no kubelet; reconnecting\n"
                  "connected to pod/web-0\n");
        co_return absl::OkStatus();
      });
}

// Ends the connection with `text`, as a server does.
Task<absl::Status> Say(Connection* connection, std::string text) {
  absl::Status status = co_await net::WriteAll(*connection->error, text);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await connection->error->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await connection->data->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  std::string end = co_await End(connection);
  co_return absl::OkStatus();
}

TEST(ReconnectTest, ErrorThatSpeaksOfTheSandboxMakesTheWayAnew) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    Connection old, refused, stale, fresh;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // What was made right now is beyond doubt.
    status = co_await Sleep(absl::Milliseconds(1100));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Dial(&refused);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&refused, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Say(&refused, "socat E connect(): Connection refused");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Dial(&stale);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&stale, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 1u);
    status = co_await Say(&stale, "container not running (4711)");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.pods.WaitDials("A", 2);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Connect(&fresh, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // What was open is not touched by a doubt.
    status = co_await f.Exchange(&old);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.err_out.str(),
                MatchesRegex("E[^\n]*: socat E connect..: Connection refused\n"
                             "E[^\n]*: container not running .4711.\n"));
    co_return absl::OkStatus();
  });
}

// As when the network has dropped, which nobody tells.
TEST(ReconnectTest, SessionThatHasGoneSilentIsNotWaitedForLong) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    Connection old, fresh;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // What was made right now is beyond doubt.
    status = co_await Sleep(absl::Milliseconds(1100));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].sessions[0]->SetSilent(true);
    const absl::Time before = absl::Now();
    status = co_await f.Dial(&fresh);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&fresh, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&fresh);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_LT(absl::Now() - before, absl::Seconds(4));
    f.pods["A"].sessions[0]->SetSilent(false);
    status = co_await f.Exchange(&old);
    co_return status;
  });
}

TEST(ReconnectTest, RightThatIsMissingToWatchIsToldOnce) {
  RunForwarder(OnePod, [](Fixture& f) -> Task<absl::Status> {
    f.pods.Fail(absl::PermissionDeniedError("pods is forbidden"));
    Connection connection;
    absl::Status status = co_await f.Connect(&connection, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.err_out.str(),
                MatchesRegex("E[^\n]*error watching the pods of service/web: "
                             "pods is forbidden\n"));
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, StopEndsWhoeverWaits) {
  const auto stop_after = [](std::function<void(Fixture&)> lose) {
    RunForwarder(OnePod, [lose](Fixture& f) -> Task<absl::Status> {
      lose(f);
      Connection connection;
      absl::Status status = co_await f.Dial(&connection);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      // One that has sent its FIN as well.
      Connection ended;
      status = co_await f.Dial(&ended);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      while (f.forwarder->stats().open_connections < 2) {
        status = co_await Sleep(absl::Milliseconds(5));
        FAIRWAY_CO_RETURN_IF_ERROR(status);
      }
      status = co_await ended.local->CloseWrite();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      f.forwarder->Stop();
      std::string end = co_await End(&connection);
      EXPECT_EQ(end, "ABORTED");
      co_return absl::OkStatus();
    });
  };
  stop_after([](Fixture& f) { f.pods.Set({}); });
  // Between two attempts.
  stop_after([](Fixture& f) {
    f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
    f.pods["A"].sessions[0]->Lose();
  });
  // In one.
  stop_after([](Fixture& f) {
    f.pods["A"].hold = true;
    f.pods["A"].sessions[0]->Lose();
  });
}

}  // namespace
}  // namespace fairway::portforward
