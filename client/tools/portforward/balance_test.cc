// SPDX-License-Identifier: Apache-2.0
// Connections to each, and to the next, of several pods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "client/tools/portforward/testing/fake_pods.h"
#include "client/tools/portforward/testing/forwarding.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The best first, which is not the order of their names.
void ThreePods(Forwarding& f) {
  f.pods.Set({Pod("web-2", "C"), Pod("web-0", "A"), Pod("web-1", "B")});
}

void RoundRobin(Forwarding& f) {
  f.pods.Set({Pod("web-2", "C", 82), Pod("web-0", "A"), Pod("web-1", "B", 81)});
  f.options.pods = Pods::kRoundRobin;
}

void Each(Forwarding& f) {
  ThreePods(f);
  f.options.pods = Pods::kEach;
}

// Connections one after the other, to the pods that `uids` says.
Task<absl::Status> ConnectInTurn(Forwarding& f, std::string uids,
                                 std::list<Connection>* connections) {
  for (const char uid : uids) {
    connections->emplace_back();
    absl::Status status = co_await WithDeadline(
        absl::Seconds(2), absl::StrCat("connection to ", std::string(1, uid)),
        [&f, connections, uid]() {
          return f.Connect(&connections->back(), std::string(1, uid), 0);
        });
    FAIRWAY_CO_RETURN_IF_ERROR(status);
  }
  co_return absl::OkStatus();
}

TEST(OnePodTest, WhoIsRefusedAtFirstIsRefusedByAll) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Forwarding f(executor);
    ThreePods(f);
    for (const char* uid : {"A", "B", "C"}) {
      f.pods[uid].dial_error = absl::PermissionDeniedError("forbidden");
    }
    absl::Status started = co_await f.Start();
    absl::Status joined = co_await f.tasks.Join();
    EXPECT_THAT(f.result, StatusIs(absl::StatusCode::kPermissionDenied,
                                   "error upgrading connection: forbidden"));
    EXPECT_EQ(f.pods["C"].dials, 1u);
    EXPECT_EQ(f.pods["A"].dials + f.pods["B"].dials, 0u);
    absl::Status closed = co_await f.pods.Close();
    co_return closed;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(RoundRobinTest, GoesThroughThePodsByName) {
  RunForwarder(RoundRobin, [](Forwarding& f) -> Task<absl::Status> {
    EXPECT_EQ(f.out.str(), absl::StrCat("Forwarding from 127.0.0.1:",
                                        f.ports[0].local, " -> 80\n"));
    EXPECT_EQ(f.ports.size(), 1u);
    std::list<Connection> connections;
    absl::Status status = co_await ConnectInTurn(f, "ABCABC", &connections);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.forwarder->stats().pods,
                ElementsAre("web-2", "web-0", "web-1"));
    EXPECT_EQ(f.err_out.str(), "");
    co_return absl::OkStatus();
  });
}

TEST(RoundRobinTest, LeavesOutWhoCannotBeUsedAndTakesInWhoIsNew) {
  RunForwarder(RoundRobin, [](Forwarding& f) -> Task<absl::Status> {
    std::list<Connection> connections;
    absl::Status status = co_await ConnectInTurn(f, "A", &connections);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Set({Pod("web-0", "A"), Unusable(Pod("web-1", "B")),
                Pod("web-2", "C"), Pod("web-3", "D")});
    // The source's turn.
    status = co_await Sleep(absl::Milliseconds(20));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await ConnectInTurn(f, "CDACDA", &connections);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["B"].dials, 0u);
    co_return absl::OkStatus();
  });
}

TEST(RoundRobinTest, PodWhoseWayFailsIsPassedOver) {
  RunForwarder(RoundRobin, [](Forwarding& f) -> Task<absl::Status> {
    f.pods["B"].dial_error = absl::UnavailableError("its node is dead");
    std::list<Connection> connections;
    // The second one comes to B first, and goes on to C.
    absl::Status status = co_await ConnectInTurn(f, "ACACAC", &connections);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["B"].dial_error = absl::OkStatus();
    FakeSession* back = co_await f.pods.WaitSession("B", 0);
    EXPECT_NE(back, nullptr);
    status = co_await ConnectInTurn(f, "ABC", &connections);
    co_return status;
  });
}

TEST(EachTest, EveryPodHasPortsOfItsOwn) {
  RunForwarder(Each, [](Forwarding& f) -> Task<absl::Status> {
    EXPECT_EQ(f.ports.size(), 3u);
    EXPECT_EQ(
        f.out.str(),
        absl::StrCat("Forwarding from 127.0.0.1:", f.ports[0].local,
                     " -> 80\nForwarding from 127.0.0.1:", f.ports[1].local,
                     " -> 80\nForwarding from 127.0.0.1:", f.ports[2].local,
                     " -> 80\n"));
    for (int round = 0; round < 2; ++round) {
      for (size_t slot = 0; slot < 3; ++slot) {
        Connection connection;
        absl::Status status = co_await f.Connect(
            &connection, std::string(1, "ABC"[slot]), 0, slot);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
      }
    }
    co_return absl::OkStatus();
  });
}

TEST(EachTest, SlotOfAGonePodTakesOneThatNoOtherHas) {
  RunForwarder(Each, [](Forwarding& f) -> Task<absl::Status> {
    for (const char* uid : {"A", "B", "C"}) {
      absl::Status made = co_await f.pods.WaitOpen(uid, 1);
      FAIRWAY_CO_RETURN_IF_ERROR(made);
    }
    while (f.forwarder->stats().pods.size() < 3) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(5));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
    }
    f.pods.Set({Pod("web-0", "A"), Pod("web-2", "C")});
    Connection waiting, others;
    absl::Status status = co_await f.Dial(&waiting, 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Connect(&others, "C", 0, 2);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Set({Pod("web-0", "A"), Pod("web-2", "C"), Pod("web-1", "D", 8080)});
    status = co_await f.Arrive(&waiting, "D", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&waiting);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(std::string(waiting.data->headers().Get("port")), "8080");
    EXPECT_EQ(f.pods["A"].dials, 1u);
    EXPECT_EQ(f.err_out.str(),
              "lost connection to pod/web-1: the pod is gone; reconnecting\n"
              "connected to pod/web-1\n");
    co_return absl::OkStatus();
  });
}

TEST(EachTest, SlotWaitsForItsPodWhileThatOnlyCannotBeUsed) {
  RunForwarder(Each, [](Forwarding& f) -> Task<absl::Status> {
    f.pods.Set({Pod("web-0", "A"), Unusable(Pod("web-1", "B")),
                Pod("web-2", "C"), Pod("web-3", "D")});
    Connection waiting;
    absl::Status status = co_await f.pods.WaitOpen("B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Dial(&waiting, 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Sleep(absl::Milliseconds(300));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["D"].dials, 0u);
    f.pods.Set({Pod("web-0", "A"), Pod("web-1", "B"), Pod("web-2", "C"),
                Pod("web-3", "D")});
    status = co_await f.Arrive(&waiting, "B", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&waiting);
    co_return status;
  });
}

TEST(EachTest, PortsFollowOneAnother) {
  // Two free ports in a row, as far as anybody can know.
  uint16_t first = 0;
  RunForwarder(
      [&first](Forwarding& f) {
        f.pods.Set({Pod("web-0", "A"), Pod("web-1", "B")});
        f.options.pods = Pods::kEach;
        while (first == 0) {
          auto one = net::ListenTcp(f.executor, "127.0.0.1", 0);
          ASSERT_THAT(one, IsOk());
          const uint16_t port = (*one)->address().port;
          if (port == 65535) continue;
          if (net::ListenTcp(f.executor, "127.0.0.1", port + 1).ok()) {
            first = port;
          }
        }
        f.wanted = {{first, 80, ""}};
      },
      [&first](Forwarding& f) -> Task<absl::Status> {
        EXPECT_EQ(f.ports[0].local, first);
        EXPECT_EQ(f.ports[1].local, first + 1);
        co_return absl::OkStatus();
      });
}

TEST(EachTest, PortsEndAt65535) {
  RunForwarder(
      [](Forwarding& f) {
        ThreePods(f);
        f.options.pods = Pods::kEach;
        f.wanted = {{65534, 80, ""}, {0, 81, ""}};
        std::vector<TargetPod> pods = f.pods.existing();
        for (TargetPod& pod : pods) pod.remote_ports = {80, 81};
        f.pods.Set(pods);
      },
      [](Forwarding& f) -> Task<absl::Status> {
        EXPECT_THAT(f.err_out.str(),
                    HasSubstr("Unable to listen on port 65534: the port of pod "
                              "3 would be 65536\n"));
        co_return absl::OkStatus();
      });
}

TEST(EachTest, UnixSocketsAreNumbered) {
  // A socket's path must be short.
  std::string folder = "/tmp/each-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/web.sock";
  RunForwarder(
      [&path](Forwarding& f) {
        f.pods.Set({Pod("web-0", "A"), Pod("web-1", "B")});
        f.options.pods = Pods::kEach;
        f.wanted = {{0, 80, path}};
      },
      [&path](Forwarding& f) -> Task<absl::Status> {
        EXPECT_EQ(f.out.str(), absl::StrCat("Forwarding from unix:", path,
                                            " -> 80\nForwarding from unix:",
                                            path, ".1 -> 80\n"));
        Connection connection;
        auto dialed = co_await net::DialUnix(path + ".1");
        if (!dialed.ok()) co_return dialed.status();
        connection.local = *std::move(dialed);
        absl::Status status = co_await f.Arrive(&connection, "B", 0);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        status = co_await f.Exchange(&connection);
        EXPECT_THAT(f.out.str(),
                    HasSubstr(absl::StrCat(
                        "\nHandling connection for unix:", path, ".1\n")));
        co_return status;
      });
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace fairway::portforward
