// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/portforward.h"

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
#include "client/tools/portforward/text_observer.h"
#include "httpstream/testing/fake_connection.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

using httpstream::FakeDialer;
using httpstream::FakePeer;
using httpstream::FakeStream;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// A forwarder on a port that the kernel chose, and the peer it talks to.
struct Fixture {
  explicit Fixture(Executor e) : executor(e), peer(e), tasks(e) {}

  absl::Status Make(std::vector<std::string> ports = {":80"}) {
    auto made =
        NewOnAddresses(executor, std::make_unique<FakeDialer>(executor, &peer),
                       {"127.0.0.1"}, ports, &observer);
    if (!made.ok()) return made.status();
    forwarder = *std::move(made);
    return absl::OkStatus();
  }

  // Starts forwarding and waits for the listeners.
  Task<absl::Status> Start() {
    FAIRWAY_CO_RETURN_IF_ERROR(Make());
    tasks.Spawn([this]() -> Task<absl::Status> {
      absl::Status status = co_await forwarder->ForwardPorts();
      result = status;
      co_return absl::OkStatus();
    });
    absl::Status ready = co_await forwarder->WaitReady();
    FAIRWAY_CO_RETURN_IF_ERROR(ready);
    auto ports = forwarder->GetPorts();
    if (!ports.ok()) co_return ports.status();
    local = (*ports)[0].local;
    co_return absl::OkStatus();
  }

  Task<absl::Status> StopAndJoin() {
    forwarder->Stop();
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  }

  // A local connection, and the far ends of its streams.
  Task<absl::Status> Connect() {
    auto dialed = co_await net::DialTcp("127.0.0.1", local);
    if (!dialed.ok()) co_return dialed.status();
    socket = *std::move(dialed);
    error = co_await peer.NextStream();
    data = co_await peer.NextStream();
    co_return absl::OkStatus();
  }

  Executor executor;
  FakePeer peer;
  std::ostringstream out;
  std::ostringstream err_out;
  TextObserver observer{&out, &err_out};
  std::unique_ptr<PortForwarder> forwarder;
  TaskGroup tasks;
  uint16_t local = 0;
  absl::Status result = absl::UnknownError("not ended");
  std::unique_ptr<net::Socket> socket;
  std::unique_ptr<FakeStream> error;
  std::unique_ptr<FakeStream> data;
};

// Runs `body` with a started forwarder; ten seconds are enough for all.
void RunStarted(std::function<Task<absl::Status>(Fixture&)> body) {
  absl::Status status = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture fixture(executor);
    absl::Status done = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status started = co_await fixture.Start();
          FAIRWAY_CO_RETURN_IF_ERROR(started);
          absl::Status ran = co_await body(fixture);
          FAIRWAY_CO_RETURN_IF_ERROR(ran);
          absl::Status stopped = co_await fixture.StopAndJoin();
          co_return stopped;
        });
    co_return done;
  });
  EXPECT_THAT(status, IsOk());
}

Task<std::string> ReadToEnd(net::ByteStream& stream) {
  std::string all;
  char buffer[256];
  while (true) {
    const absl::Span<char> room(buffer, sizeof(buffer));
    absl::StatusOr<size_t> count = co_await stream.Read(room);
    if (!count.ok()) {
      all += "<" + absl::StatusCodeToString(count.status().code()) + ">";
      co_return all;
    }
    if (*count == 0) co_return all;
    all.append(buffer, *count);
  }
}

TEST(PortForwarderTest, SaysWhereItListensAndWhatItHandles) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    EXPECT_EQ(f.out.str(),
              absl::StrCat("Forwarding from 127.0.0.1:", f.local, " -> 80\n"));
    absl::Status connected = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(connected);
    EXPECT_EQ(f.out.str(),
              absl::StrCat("Forwarding from 127.0.0.1:", f.local,
                           " -> 80\nHandling connection for ", f.local, "\n"));
    EXPECT_EQ(f.err_out.str(), "");
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, StreamsCarryTypePortAndRequestId) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    absl::Status connected = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(connected);
    EXPECT_EQ(std::string(f.error->headers().Get("streamType")), "error");
    EXPECT_EQ(std::string(f.data->headers().Get("streamType")), "data");
    for (FakeStream* stream : {f.error.get(), f.data.get()}) {
      EXPECT_EQ(std::string(stream->headers().Get("port")), "80");
      EXPECT_EQ(std::string(stream->headers().Get("requestID")), "0");
    }
    // The error stream is half-closed at once.
    std::string nothing = co_await ReadToEnd(*f.error);
    EXPECT_EQ(nothing, "");
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, EachDirectionEndsByItself) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.socket, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.socket->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string asked = co_await ReadToEnd(*f.data);
    EXPECT_EQ(asked, "ask");
    // The answer comes after the question's end.
    status = co_await net::WriteAll(*f.data, "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.data->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.error->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string answered = co_await ReadToEnd(*f.socket);
    EXPECT_EQ(answered, "answer");
    EXPECT_EQ(f.err_out.str(), "");
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, StatsCountWhatMoves) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    f.peer.round_trip = absl::Milliseconds(7);
    absl::Status status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.socket, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(3, 0);
    status = co_await net::ReadFull(*f.data, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.data, "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    got.resize(6);
    status = co_await net::ReadFull(*f.socket, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Sleep(absl::ZeroDuration());
    ForwardStats stats = f.forwarder->stats();
    EXPECT_EQ(stats.open_connections, 1u);
    EXPECT_EQ(stats.sent_bytes, 3u);
    EXPECT_EQ(stats.received_bytes, 6u);
    EXPECT_EQ(stats.round_trip, absl::Milliseconds(7));
    EXPECT_EQ(stats.last_error, "");
    f.socket->Abort();
    std::string end = co_await ReadToEnd(*f.data);
    while (f.forwarder->stats().open_connections > 0) {
      f.error->Reset();
      status = co_await Sleep(absl::Milliseconds(5));
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    stats = f.forwarder->stats();
    EXPECT_EQ(stats.total_connections, 1u);
    EXPECT_EQ(stats.sent_bytes, 3u);
    EXPECT_EQ(stats.received_bytes, 6u);
    EXPECT_THAT(stats.last_error, HasSubstr("error copying"));
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, RemoteFinLeavesTheWayThereOpen) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.data->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string end = co_await ReadToEnd(*f.socket);
    EXPECT_EQ(end, "");
    status = co_await net::WriteAll(*f.socket, "late");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.socket->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string late = co_await ReadToEnd(*f.data);
    EXPECT_EQ(late, "late");
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, ErrorTextIsOneLineAndTheSessionLivesOn) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.error, "refused:\n\x1b[2J no\n");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.error->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.data->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string end = co_await ReadToEnd(*f.socket);
    EXPECT_EQ(end, "");
    std::string rest = co_await ReadToEnd(*f.data);
    // The next one works.
    status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(std::string(f.data->headers().Get("requestID")), "1");
    EXPECT_EQ(f.peer.dials, 1);
    status = co_await f.StopAndJoin();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(
        f.err_out.str(),
        MatchesRegex(absl::StrCat(
            "E[0-9]{4} [0-9:.]{15} +[0-9]+ portforward.cc:[0-9]+\\] an error "
            "occurred forwarding ",
            f.local, " -> 80: refused: \\?\\[2J no\n")));
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, ResetOfTheStreamResetsTheLocalConnection) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.data->Reset();
    f.error->Reset();
    std::string end = co_await ReadToEnd(*f.socket);
    EXPECT_EQ(end, "<ABORTED>");
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, LocalResetResetsTheStream) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    absl::Status status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.socket->Abort();
    std::string end = co_await ReadToEnd(*f.data);
    EXPECT_EQ(end, "<ABORTED>");
    co_return absl::OkStatus();
  });
}

TEST(PortForwarderTest, RefusedStreamEndsThatConnectionOnly) {
  RunStarted([](Fixture& f) -> Task<absl::Status> {
    f.peer.refuse = absl::AbortedError("stream refused");
    auto dialed = co_await net::DialTcp("127.0.0.1", f.local);
    if (!dialed.ok()) co_return dialed.status();
    std::string end = co_await ReadToEnd(**dialed);
    EXPECT_EQ(end, "<ABORTED>");
    EXPECT_THAT(f.err_out.str(), HasSubstr(absl::StrCat(
                                     "] error creating error stream for port ",
                                     f.local, " -> 80: stream refused\n")));
    f.peer.refuse = absl::OkStatus();
    absl::Status connected = co_await f.Connect();
    co_return connected;
  });
}

TEST(PortForwarderTest, StopClosesTheSessionAndIsNoError) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status started = co_await f.Start();
    FAIRWAY_CO_RETURN_IF_ERROR(started);
    absl::Status connected = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(connected);
    absl::Status stopped = co_await f.StopAndJoin();
    FAIRWAY_CO_RETURN_IF_ERROR(stopped);
    EXPECT_TRUE(f.peer.closed);
    auto dialed = co_await net::DialTcp("127.0.0.1", f.local);
    EXPECT_THAT(dialed, StatusIs(absl::StatusCode::kUnavailable));
    co_return f.result;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(PortForwarderTest, StopLetsAConnectionFinishThatHasSentItsFin) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status status = co_await f.Start();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.socket->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string asked = co_await ReadToEnd(*f.data);
    EXPECT_EQ(asked, "");
    f.forwarder->Stop();
    status = co_await net::WriteAll(*f.data, "answer");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.data->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.error->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string answered = co_await ReadToEnd(*f.socket);
    EXPECT_EQ(answered, "answer");
    // At once: not for as long as it might have taken.
    const absl::Time before = absl::Now();
    status = co_await f.tasks.Join();
    EXPECT_LT(absl::Now() - before, kFinishTimeout / 2);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    co_return f.result;
  });
  EXPECT_THAT(status, IsOk());
}

// The forwarder has had no turn yet in which to read it.
TEST(PortForwarderTest, StopLetsAFinThatIsUnreadYetArriveWithItsBytes) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status status = co_await f.Start();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*f.socket, "last words");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.socket->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.forwarder->Stop();
    std::string asked = co_await ReadToEnd(*f.data);
    EXPECT_EQ(asked, "last words");
    status = co_await f.data->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.error->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.tasks.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    co_return f.result;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(PortForwarderTest, StopWaitsForAFinishingConnectionWithABound) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status status = co_await f.Start();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Connect();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.socket->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string asked = co_await ReadToEnd(*f.data);
    EXPECT_EQ(asked, "");
    const absl::Time before = absl::Now();
    status = co_await f.StopAndJoin();
    EXPECT_GE(absl::Now() - before, kFinishTimeout);
    EXPECT_LT(absl::Now() - before, 2 * kFinishTimeout);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    co_return f.result;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(PortForwarderTest, LostSessionIsAnError) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status started = co_await f.Start();
    FAIRWAY_CO_RETURN_IF_ERROR(started);
    f.peer.Lose();
    absl::Status joined = co_await f.tasks.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    co_return f.result;
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable,
                               "lost connection to pod"));
}

// A server that takes the connection and never answers.
TEST(PortForwarderTest, StopEndsADialToo) {
  class HangingDialer final : public httpstream::Dialer {
    Task<absl::StatusOr<Result>> Dial(std::vector<std::string>) override {
      absl::Status cancelled = co_await Sleep(absl::InfiniteDuration());
      co_return cancelled;
    }
  };
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::ostringstream out;
    TextObserver observer(&out, &out);
    auto forwarder = NewOnAddresses(executor, std::make_unique<HangingDialer>(),
                                    {"127.0.0.1"}, {":80"}, &observer);
    if (!forwarder.ok()) co_return forwarder.status();
    TaskGroup tasks(executor);
    tasks.Spawn([&forwarder]() { return (*forwarder)->ForwardPorts(); });
    (*forwarder)->Stop();
    absl::Status joined = co_await tasks.Join();
    EXPECT_EQ(out.str(), "");
    co_return joined;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(PortForwarderTest, FailedUpgradeIsWrappedAndNothingListens) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    f.peer.dial_error = absl::PermissionDeniedError("forbidden");
    FAIRWAY_CO_RETURN_IF_ERROR(f.Make());
    absl::Status result = co_await f.forwarder->ForwardPorts();
    EXPECT_EQ(f.out.str(), "");
    EXPECT_THAT(
        f.forwarder->GetPorts(),
        StatusIs(absl::StatusCode::kFailedPrecondition, "listeners not ready"));
    co_return result;
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied,
                               "error upgrading connection: forbidden"));
}

TEST(PortForwarderTest, PortInUseIsToldInUpstreamsWords) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto taken = net::ListenTcp(executor, "127.0.0.1", 0);
    if (!taken.ok()) co_return taken.status();
    const uint16_t port = (*taken)->address().port;
    Fixture f(executor);
    FAIRWAY_CO_RETURN_IF_ERROR(f.Make({absl::StrCat(port, ":80")}));
    absl::Status result = co_await f.forwarder->ForwardPorts();
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kAlreadyExists,
                                 absl::StrCat(
                                     "unable to listen on any of the requested "
                                     "ports: [{",
                                     port, " 80}]")));
    EXPECT_EQ(f.err_out.str(),
              absl::StrCat("Unable to listen on port ", port,
                           ": Listeners failed to create with the following "
                           "errors: [unable to create listener: Error listen "
                           "tcp4 127.0.0.1:",
                           port, ": bind: address already in use]\n"));
    EXPECT_TRUE(f.peer.closed);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(NewOnAddressesTest, NeedsAnAddressAndAPort) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    FakePeer peer(executor);
    std::ostringstream out;
    TextObserver observer(&out, &out);
    const auto make = [&](std::vector<std::string> addresses,
                          std::vector<std::string> ports) {
      return NewOnAddresses(executor,
                            std::make_unique<FakeDialer>(executor, &peer),
                            addresses, ports, &observer)
          .status();
    };
    EXPECT_THAT(make({}, {"80"}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "you must specify at least 1 address"));
    EXPECT_THAT(make({"localhost"}, {}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "you must specify at least 1 port"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace
}  // namespace fairway::portforward
