// SPDX-License-Identifier: Apache-2.0
// Forwarded connections over real SPDY sessions, beside others that stand
// still, are cut off, or use a session up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/portforward.h"
#include "client/tools/portforward/testing/spdystream_server.h"
#include "client/tools/portforward/text_observer.h"
#include "httpstream/spdy/session.h"
#include "net/io/pipe.h"
#include "net/relay/relay.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

using httpstream::spdy::SessionOptions;
using ::testing::HasSubstr;

// What a peer with windows is: a server of ours that sends everything back.
struct EchoServer {
  using StreamPtr = std::shared_ptr<httpstream::Stream>;

  EchoServer(Executor executor, Condition* changed)
      : tasks(executor), changed(changed) {}

  void Serve(std::unique_ptr<net::ByteStream> transport) {
    connection = httpstream::spdy::NewServerConnection(
        tasks.executor(), std::move(transport), SessionOptions(),
        [this](std::unique_ptr<httpstream::Stream> stream) {
          if (stream->headers().Get(httpstream::kStreamType) ==
              httpstream::kStreamTypeError) {
            error = std::move(stream);
            return absl::OkStatus();
          }
          // Its error stream came right before it.
          StreamPtr data = std::move(stream);
          tasks.Spawn([data, e = std::move(error)]() -> Task<absl::Status> {
            absl::Status copied = co_await net::CopyUntilFin(*data, *data);
            absl::Status closed = co_await e->Close();
            closed.IgnoreError();
            co_return copied;
          });
          return absl::OkStatus();
        });
    tasks.Spawn([this]() -> Task<absl::Status> {
      absl::Status closed = co_await connection->WaitClosed();
      ended = true;
      changed->NotifyAll();
      co_return closed;
    });
  }

  TaskGroup tasks;
  std::unique_ptr<httpstream::Connection> connection;
  StreamPtr error;
  bool ended = false;
  Condition* const changed;
};

enum class Server { kSpdystream, kOurs };

// Every session that was dialled.
struct Servers {
  explicit Servers(Executor executor) : changed(executor), tasks(executor) {}

  size_t open() const {
    return std::count_if(theirs.begin(), theirs.end(),
                         [](const auto& server) { return !server->ended(); }) +
           std::count_if(ours.begin(), ours.end(),
                         [](const auto& server) { return !server->ended; });
  }

  // Until so many sessions are left.
  Task<absl::Status> WaitOpen(size_t count) {
    while (open() > count) {
      absl::Status waited = co_await changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    co_return absl::OkStatus();
  }

  SessionOptions client;
  Server kind = Server::kSpdystream;
  std::vector<std::unique_ptr<SpdystreamServer>> theirs;
  std::vector<std::unique_ptr<EchoServer>> ours;
  Condition changed;  // a session has ended
  TaskGroup tasks;
};

class PipeDialer final : public httpstream::Dialer {
 public:
  explicit PipeDialer(Servers* servers) : servers_(servers) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    Executor executor = co_await kThisExecutor;
    auto [near, far] = net::MakePipe(executor);
    Result result;
    result.protocol = protocols[0];
    result.connection = httpstream::spdy::NewClientConnection(
        executor, std::move(near), servers_->client);
    if (servers_->kind == Server::kOurs) {
      servers_->ours.push_back(
          std::make_unique<EchoServer>(executor, &servers_->changed));
      servers_->ours.back()->Serve(std::move(far));
    } else {
      servers_->theirs.push_back(
          std::make_unique<SpdystreamServer>(executor, std::move(far)));
      SpdystreamServer* server = servers_->theirs.back().get();
      servers_->tasks.Spawn(
          [server, servers = servers_]() -> Task<absl::Status> {
            absl::Status served = co_await server->Serve();
            servers->changed.NotifyAll();
            co_return served;
          });
    }
    co_return result;
  }

 private:
  Servers* const servers_;
};

using SocketPtr = std::shared_ptr<net::Socket>;

struct Fixture {
  explicit Fixture(Executor e)
      : executor(e), servers(e), tasks(e), writers(e) {}

  Task<absl::Status> Start(SessionPerConnection mode) {
    const std::vector<std::string> ports = {
        absl::StrCat(":", kEchoPort), absl::StrCat(":", kDeafPort),
        absl::StrCat(":", kRefusedPort), absl::StrCat(":", kGonePort)};
    auto made = NewOnAddresses(executor, std::make_unique<PipeDialer>(&servers),
                               {"127.0.0.1"}, ports, &observer, mode);
    if (!made.ok()) co_return made.status();
    forwarder = *std::move(made);
    tasks.Spawn([this]() { return forwarder->ForwardPorts(); });
    absl::Status ready = co_await forwarder->WaitReady();
    co_return ready;
  }

  Task<absl::StatusOr<SocketPtr>> Connect(int port) {
    uint16_t local = 0;
    auto ports = forwarder->GetPorts();
    if (!ports.ok()) co_return ports.status();
    for (const ForwardedPort& p : *ports) {
      if (p.remote == port) local = p.local;
    }
    absl::StatusOr<SocketPtr> dialed =
        co_await net::DialTcp("127.0.0.1", local);
    co_return dialed;
  }

  Executor executor;
  Servers servers;
  std::ostringstream out;
  std::ostringstream err_out;
  TextObserver observer{&out, &err_out};
  std::unique_ptr<PortForwarder> forwarder;
  TaskGroup tasks;
  TaskGroup writers;  // cancelled at the end
};

using Body = std::function<Task<absl::Status>(Fixture&)>;

void RunStarted(SessionPerConnection mode, Server kind, SessionOptions client,
                Body body) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    f.servers.kind = kind;
    f.servers.client = client;
    // A session that stands still does not close in good order.
    f.servers.client.close_timeout = absl::Milliseconds(300);
    absl::Status ran = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status started = co_await f.Start(mode);
          FAIRWAY_CO_RETURN_IF_ERROR(started);
          absl::Status done = co_await body(f);
          co_return done;
        });
    f.writers.Cancel();
    absl::Status joined = co_await f.writers.Join();
    f.forwarder->Stop();
    joined = co_await f.tasks.Join();
    EXPECT_THAT(joined, IsOk());
    f.servers.tasks.Cancel();
    joined = co_await f.servers.tasks.Join();
    for (auto& server : f.servers.ours) {
      server->connection->Abort();
      joined = co_await server->tasks.Join();
    }
    joined.IgnoreError();
    co_return ran;
  });
  EXPECT_THAT(status, IsOk());
}

void RunStarted(SessionPerConnection mode, Body body) {
  RunStarted(mode, Server::kSpdystream, SessionOptions(), std::move(body));
}

// Sends `text` and waits until it has come back.
Task<absl::Status> Exchange(net::ByteStream& stream, std::string text) {
  absl::Status sent = co_await net::WriteAll(stream, text);
  FAIRWAY_CO_RETURN_IF_ERROR(sent);
  std::string back(text.size(), '\0');
  absl::Status read =
      co_await net::ReadFull(stream, absl::MakeSpan(&back[0], back.size()));
  FAIRWAY_CO_RETURN_IF_ERROR(read);
  EXPECT_EQ(back, text);
  co_return absl::OkStatus();
}

// A connection's whole life: some bytes, FIN, and FIN back.
Task<absl::Status> EchoOnce(Fixture& f, std::string text) {
  absl::StatusOr<SocketPtr> socket = co_await f.Connect(kEchoPort);
  if (!socket.ok()) co_return socket.status();
  absl::Status exchanged = co_await Exchange(**socket, std::move(text));
  FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
  absl::Status closed = co_await (*socket)->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(closed);
  char byte;
  absl::StatusOr<size_t> end =
      co_await (*socket)->Read(absl::MakeSpan(&byte, 1));
  if (!end.ok()) co_return end.status();
  EXPECT_EQ(*end, 0u);
  co_return absl::OkStatus();
}

// Writes to a port that reads nothing until its session stands still.
Task<absl::Status> Stall(Fixture& f, SocketPtr deaf) {
  f.writers.Spawn([deaf]() -> Task<absl::Status> {
    const std::string much(1 << 20, 'x');
    absl::Status written;
    while (written.ok()) written = co_await net::WriteAll(*deaf, much);
    co_return absl::OkStatus();
  });
  SpdystreamServer& server = *f.servers.theirs[0];
  while (!server.stands_still()) {
    absl::Status waited = co_await server.changed().Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

TEST(IsolationTest, StalledConnectionLeavesTheOthersAlone) {
  RunStarted(SessionPerConnection::kAuto, [](Fixture& f) -> Task<absl::Status> {
    absl::StatusOr<SocketPtr> deaf = co_await f.Connect(kDeafPort);
    if (!deaf.ok()) co_return deaf.status();
    absl::StatusOr<SocketPtr> old = co_await f.Connect(kEchoPort);
    if (!old.ok()) co_return old.status();
    absl::Status exchanged = co_await Exchange(**old, "before");
    FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
    absl::Status stalled = co_await Stall(f, *deaf);
    FAIRWAY_CO_RETURN_IF_ERROR(stalled);
    exchanged = co_await Exchange(**old, std::string(50000, 'y'));
    FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
    for (int i = 0; i < 20; ++i) {
      absl::Status echoed = co_await EchoOnce(f, absl::StrCat("number ", i));
      FAIRWAY_CO_RETURN_IF_ERROR(echoed);
    }
    EXPECT_TRUE(f.servers.theirs[0]->stands_still());
    (*deaf)->Abort();
    EXPECT_EQ(f.err_out.str(), "");
    co_return absl::OkStatus();
  });
}

// What `never` costs, and what shows that the model above does stand still.
TEST(IsolationTest, StalledConnectionStopsTheOthersOfASharedSession) {
  RunStarted(
      SessionPerConnection::kNever, [](Fixture& f) -> Task<absl::Status> {
        absl::StatusOr<SocketPtr> deaf = co_await f.Connect(kDeafPort);
        if (!deaf.ok()) co_return deaf.status();
        absl::StatusOr<SocketPtr> old = co_await f.Connect(kEchoPort);
        if (!old.ok()) co_return old.status();
        absl::Status exchanged = co_await Exchange(**old, "before");
        FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
        absl::Status stalled = co_await Stall(f, *deaf);
        FAIRWAY_CO_RETURN_IF_ERROR(stalled);
        exchanged = co_await WithDeadline(
            absl::Milliseconds(300), "exchange",
            [&old]() { return Exchange(**old, "after"); });
        EXPECT_THAT(exchanged, StatusIs(absl::StatusCode::kDeadlineExceeded));
        (*deaf)->Abort();
        co_return absl::OkStatus();
      });
}

// Go takes DATA that comes with its SYN_STREAM.
TEST(IsolationTest, EarlyWordsReachAPeerWithoutWindowsInASharedSession) {
  RunStarted(
      SessionPerConnection::kNever, [](Fixture& f) -> Task<absl::Status> {
        uint64_t early_bytes = 0;
        // Early is within a moment, which a slow machine may miss.
        for (int i = 0; i < 5 && early_bytes == 0; ++i) {
          absl::Status echoed = co_await EchoOnce(f, "just now");
          FAIRWAY_CO_RETURN_IF_ERROR(echoed);
          SpdystreamServer& server = *f.servers.theirs[0];
          server.SetHeld(true);
          const uint64_t before = f.forwarder->stats().sent_bytes;
          absl::StatusOr<SocketPtr> socket = co_await f.Connect(kEchoPort);
          if (!socket.ok()) co_return socket.status();
          TaskGroup exchange(f.executor);
          exchange.Spawn([&socket]() { return Exchange(**socket, "early"); });
          absl::Status slept = co_await Sleep(absl::Milliseconds(50));
          FAIRWAY_CO_RETURN_IF_ERROR(slept);
          early_bytes = f.forwarder->stats().sent_bytes - before;
          server.SetHeld(false);
          absl::Status exchanged = co_await exchange.Join();
          FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
        }
        EXPECT_EQ(early_bytes, 5u);
        EXPECT_EQ(f.servers.theirs.size(), 1u);
        EXPECT_EQ(f.err_out.str(), "");
        co_return absl::OkStatus();
      });
}

TEST(IsolationTest, AbortedConnectionTakesItsSessionAlong) {
  RunStarted(SessionPerConnection::kAuto, [](Fixture& f) -> Task<absl::Status> {
    absl::StatusOr<SocketPtr> aborted = co_await f.Connect(kEchoPort);
    if (!aborted.ok()) co_return aborted.status();
    absl::Status exchanged = co_await Exchange(**aborted, "hello");
    FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
    absl::StatusOr<SocketPtr> other = co_await f.Connect(kEchoPort);
    if (!other.ok()) co_return other.status();
    exchanged = co_await Exchange(**other, "hello");
    FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
    (*aborted)->Abort();
    SpdystreamServer& server = *f.servers.theirs[0];
    while (!server.ended()) {
      absl::Status waited = co_await server.changed().Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    exchanged = co_await Exchange(**other, "still there");
    co_return exchanged;
  });
}

TEST(IsolationTest, ErrorTextIsOneLineAndEndsItsConnectionOnly) {
  for (const auto mode :
       {SessionPerConnection::kNever, SessionPerConnection::kAuto}) {
    for (const int port : {kRefusedPort, kGonePort}) {
      RunStarted(mode, [port](Fixture& f) -> Task<absl::Status> {
        absl::StatusOr<SocketPtr> other = co_await f.Connect(kEchoPort);
        if (!other.ok()) co_return other.status();
        absl::Status exchanged = co_await Exchange(**other, "before");
        FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
        absl::StatusOr<SocketPtr> refused = co_await f.Connect(port);
        if (!refused.ok()) co_return refused.status();
        char byte;
        absl::StatusOr<size_t> end =
            co_await (*refused)->Read(absl::MakeSpan(&byte, 1));
        EXPECT_TRUE(!end.ok() || *end == 0);
        exchanged = co_await Exchange(**other, "after");
        FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
        const std::string lines = f.err_out.str();
        EXPECT_THAT(lines, HasSubstr(absl::StrCat(" -> ", port, ": ",
                                                  kRefusedText, "\n")));
        EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
        co_return absl::OkStatus();
      });
    }
  }
}

TEST(IsolationTest, ServerThatGoesAwayKeepsWhatIsOpenAndNewOnesGoElsewhere) {
  RunStarted(SessionPerConnection::kNever,
             [](Fixture& f) -> Task<absl::Status> {
               absl::StatusOr<SocketPtr> old = co_await f.Connect(kEchoPort);
               if (!old.ok()) co_return old.status();
               absl::Status exchanged = co_await Exchange(**old, "before");
               FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
               absl::Status sent = co_await f.servers.theirs[0]->GoAway();
               FAIRWAY_CO_RETURN_IF_ERROR(sent);
               absl::Status echoed = co_await EchoOnce(f, "new");
               FAIRWAY_CO_RETURN_IF_ERROR(echoed);
               EXPECT_EQ(f.servers.theirs.size(), 2u);
               exchanged = co_await Exchange(**old, "after");
               FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
               EXPECT_EQ(f.err_out.str(), "");
               co_return absl::OkStatus();
             });
}

TEST(IsolationTest, ServerThatDrainsKeepsWhatIsOpenAndNewOnesGoElsewhere) {
  RunStarted(SessionPerConnection::kAuto, Server::kOurs, SessionOptions(),
             [](Fixture& f) -> Task<absl::Status> {
               absl::StatusOr<SocketPtr> old = co_await f.Connect(kEchoPort);
               if (!old.ok()) co_return old.status();
               absl::Status exchanged = co_await Exchange(**old, "before");
               FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
               f.servers.ours[0]->connection->Drain();
               for (int i = 0; i < 3; ++i) {
                 absl::Status echoed = co_await EchoOnce(f, "new");
                 FAIRWAY_CO_RETURN_IF_ERROR(echoed);
               }
               EXPECT_EQ(f.servers.ours.size(), 2u);
               exchanged = co_await Exchange(**old, "after");
               FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
               EXPECT_EQ(f.err_out.str(), "");
               co_return absl::OkStatus();
             });
}

// Sessions for three connections each (the seventh stream has number 13).
TEST(IsolationTest, NumbersThatRunOutGoOnInAFreshSession) {
  SessionOptions few;
  few.max_stream_id = 13;
  RunStarted(SessionPerConnection::kAuto, Server::kOurs, few,
             [](Fixture& f) -> Task<absl::Status> {
               absl::StatusOr<SocketPtr> first = co_await f.Connect(kEchoPort);
               if (!first.ok()) co_return first.status();
               absl::Status exchanged = co_await Exchange(**first, "before");
               FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
               TaskGroup burst(f.executor);
               for (int i = 0; i < 8; ++i) {
                 burst.Spawn([&f]() { return EchoOnce(f, "at once"); });
               }
               absl::Status joined = co_await burst.Join();
               FAIRWAY_CO_RETURN_IF_ERROR(joined);
               for (int i = 0; i < 8; ++i) {
                 absl::Status echoed = co_await EchoOnce(f, "one by one");
                 FAIRWAY_CO_RETURN_IF_ERROR(echoed);
               }
               EXPECT_EQ(f.err_out.str(), "");
               EXPECT_GE(f.servers.ours.size(), 6u);
               exchanged = co_await Exchange(**first, "after");
               FAIRWAY_CO_RETURN_IF_ERROR(exchanged);
               // The first one's, and the one that is in use.
               absl::Status closed = co_await f.servers.WaitOpen(2);
               co_return closed;
             });
}

TEST(IsolationTest, HundredsOfConnectionsLeaveOneSpareBehind) {
  RunStarted(SessionPerConnection::kAuto, [](Fixture& f) -> Task<absl::Status> {
    TaskGroup burst(f.executor);
    for (int i = 0; i < 100; ++i) {
      burst.Spawn([&f, i]() { return EchoOnce(f, std::string(i + 1, 'z')); });
    }
    absl::Status joined = co_await burst.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    EXPECT_EQ(f.err_out.str(), "");
    absl::Status closed = co_await f.servers.WaitOpen(1);
    FAIRWAY_CO_RETURN_IF_ERROR(closed);
    EXPECT_EQ(f.servers.theirs.size(), 101u);
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::portforward
