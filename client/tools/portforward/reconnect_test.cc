// SPDX-License-Identifier: Apache-2.0
// A forwarder whose pods come and go, and whose sessions are lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "client/tools/portforward/testing/fake_pods.h"
#include "client/tools/portforward/testing/forwarding.h"
#include "net/io/byte_stream.h"

namespace fairway::portforward {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

void TwoPods(Forwarding& f) {
  f.pods.Set({Pod("web-0", "A"), Pod("web-1", "B")});
}
void OnePod(Forwarding& f) { f.pods.Set({Pod("web-0", "A")}); }

TEST(ReconnectTest, ReplacedPodsSuccessorGetsTheNewConnections) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
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
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
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

TEST(ReconnectTest, GonePodsConnectionThatNobodyReadsEndsWithItsSession) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection old;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // More than the windows take: what is read of the application waits.
    f.tasks.Spawn([&old]() -> Task<absl::Status> {
      const std::string upload(64 << 20, 'x');
      absl::Status written = co_await net::WriteAll(*old.local, upload);
      EXPECT_FALSE(written.ok());
      co_return absl::OkStatus();
    });
    uint64_t sent = 0;
    do {
      sent = f.forwarder->stats().sent_bytes;
      status = co_await Sleep(absl::Milliseconds(100));
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    } while (sent == 0 || sent != f.forwarder->stats().sent_bytes);
    f.pods.Set({});
    status = co_await WithDeadline(absl::Seconds(3), "end",
                                   [&f]() { return f.WaitNoneOpen(); });
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.pods.WaitOpen("A", 0);
    co_return status;
  });
}

TEST(ReconnectTest, LostSessionCutsItsConnectionsOffAndIsMadeAnew) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
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
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
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
      [](Forwarding& f) {
        OnePod(f);
        f.options.reconnect_timeout = absl::Milliseconds(600);
      },
      [](Forwarding& f) -> Task<absl::Status> {
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
      [](Forwarding& f) {
        OnePod(f);
        f.options.reconnect_timeout = absl::Milliseconds(300);
      },
      [](Forwarding& f) -> Task<absl::Status> {
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
      [](Forwarding& f) {
        OnePod(f);
        f.options.reconnect_timeout = absl::Minutes(1);
      },
      [](Forwarding& f) -> Task<absl::Status> {
        f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
        f.pods["A"].sessions[0]->Lose();
        Connection ended, reset;
        absl::Status status = co_await f.Dial(&ended);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await f.Dial(&reset);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        // The loss is told by a task of its own.
        while (f.forwarder->stats().open_connections < 2 ||
               f.err_out.str().empty()) {
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

TEST(ReconnectTest, WhoHasAskedAndSentItsFinIsWaitedFor) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
    f.pods["A"].sessions[0]->Lose();
    Connection connection;
    absl::Status status = co_await f.Dial(&connection);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*connection.local, "asked");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await connection.local->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // So that it was looked after more than once.
    status = co_await f.pods.WaitDials("A", 4);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].dial_error = absl::OkStatus();
    status = co_await f.Arrive(&connection, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*connection.data, "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string end = co_await End(&connection);
    EXPECT_EQ(end, "answer");
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, PodThatCannotBeUsedKeepsWhatItHas) {
  RunForwarder(TwoPods, [](Forwarding& f) -> Task<absl::Status> {
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
              "lost connection to pod/web-0: the pod is being deleted, or is "
              "not ready; reconnecting\nconnected to pod/web-1\n");
    co_return absl::OkStatus();
  });
}

TEST(ReconnectTest, OnePodIsLeftWhoseWayKeepsFailing) {
  RunForwarder(TwoPods, [](Forwarding& f) -> Task<absl::Status> {
    f.pods["A"].dial_error = absl::UnavailableError("its node is dead");
    f.pods["A"].sessions[0]->Lose();
    Connection connection;
    absl::Status status = co_await f.Connect(&connection, "B", 0);
    co_return status;
  });
}

TEST(ReconnectTest, SessionsOfTheirOwnLiveOnWithTheirConnections) {
  RunForwarder(
      [](Forwarding& f) {
        OnePod(f);
        f.options.mode = SessionPerConnection::kAlways;
      },
      [](Forwarding& f) -> Task<absl::Status> {
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

TEST(ReconnectTest, SessionsThatAreLostTogetherAreOneLine) {
  RunForwarder(
      [](Forwarding& f) {
        OnePod(f);
        f.options.mode = SessionPerConnection::kAlways;
      },
      [](Forwarding& f) -> Task<absl::Status> {
        std::vector<Connection> connections(5);
        for (size_t i = 0; i < connections.size(); ++i) {
          absl::Status status = co_await f.Connect(&connections[i], "A", i);
          FAIRWAY_CO_RETURN_IF_ERROR(status);
        }
        FakeSession* spare = co_await f.pods.WaitSession("A", 5);
        f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
        for (auto& session : f.pods["A"].sessions) session->Lose();
        EXPECT_TRUE(spare->lost);
        for (Connection& connection : connections) {
          std::string end = co_await End(&connection);
          EXPECT_EQ(end, "ABORTED");
        }
        while (f.forwarder->stats().pods.size() == 1) {
          absl::Status slept = co_await Sleep(absl::Milliseconds(5));
          FAIRWAY_CO_RETURN_IF_ERROR(slept);
        }
        EXPECT_THAT(
            f.err_out.str(),
            MatchesRegex(
                "E[^\n]*error copying[^\n]*\n"
                "lost connection to pod/web-0: no kubelet; reconnecting\n"));
        co_return absl::OkStatus();
      });
}

TEST(ReconnectTest, ErrorBeyondTheConnectionsOwnMakesTheWayAnew) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection old, refused, broken, stale, fresh;
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
    status = co_await f.Dial(&broken);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&broken, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Say(&broken, "read: connection reset by peer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Dial(&stale);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&stale, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["A"].dials, 1u);
    status = co_await Say(&stale, "network namespace is closed");
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
                             "E[^\n]*: read: connection reset by peer\n"
                             "E[^\n]*: network namespace is closed\n"));
    co_return absl::OkStatus();
  });
}

// As when the network has dropped, which nobody tells.
TEST(ReconnectTest, SessionThatHasGoneSilentIsNotWaitedForLong) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection old, fresh;
    absl::Status status = co_await f.Connect(&old, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // What was made right now is beyond doubt.
    status = co_await Sleep(absl::Milliseconds(1100));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].sessions[0]->SetSilent(true);
    f.pods["A"].hold = true;
    status = co_await f.Dial(&fresh);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // After 2 s for the streams, and 2 s for the dial.
    const absl::Time before = absl::Now();
    while (f.err_out.str().empty()) {
      status = co_await Sleep(absl::Milliseconds(5));
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    EXPECT_LT(absl::Now() - before, absl::Milliseconds(4900));
    EXPECT_EQ(f.err_out.str(),
              "lost connection to pod/web-0: no answer for 2s; reconnecting\n");
    f.pods.Release("A");
    status = co_await f.Arrive(&fresh, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&fresh);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // What was sent meanwhile arrives.
    f.pods["A"].sessions[0]->SetSilent(false);
    status = co_await f.Exchange(&old);
    co_return status;
  });
}

TEST(ReconnectTest, RightThatIsMissingToWatchIsToldOnce) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
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

TEST(ReconnectTest, RightThatComesBackToWatchIsUsed) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    const absl::Status forbidden = absl::PermissionDeniedError("forbidden");
    f.pods.Fail(forbidden);
    absl::Status status = co_await Sleep(absl::Milliseconds(10));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Fail(absl::OkStatus());
    f.pods.Set({Pod("web-1", "B")});
    FakeSession* successor = co_await f.pods.WaitSession("B", 0);
    EXPECT_NE(successor, nullptr);
    // A second time is told as the first.
    f.pods.Fail(forbidden);
    status = co_await Sleep(absl::Milliseconds(10));
    const std::string text = f.err_out.str();
    const size_t first = text.find("error watching");
    EXPECT_NE(text.find("error watching", first + 1), std::string::npos)
        << text;
    co_return status;
  });
}

TEST(ReconnectTest, StopEndsWhoeverWaits) {
  const auto stop_after = [](std::function<void(Forwarding&)> lose) {
    RunForwarder(OnePod, [lose](Forwarding& f) -> Task<absl::Status> {
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
  stop_after([](Forwarding& f) { f.pods.Set({}); });
  // Between two attempts.
  stop_after([](Forwarding& f) {
    f.pods["A"].dial_error = absl::UnavailableError("no kubelet");
    f.pods["A"].sessions[0]->Lose();
  });
  // In one.
  stop_after([](Forwarding& f) {
    f.pods["A"].hold = true;
    f.pods["A"].sessions[0]->Lose();
  });
}

}  // namespace
}  // namespace fairway::portforward
