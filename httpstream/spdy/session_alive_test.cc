// SPDX-License-Identifier: Apache-2.0
// Who is taken for dead, who is not, and when a session is idle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/peer_bench.h"
#include "httpstream/spdy/testing/session_pair.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

absl::Duration Since(Clock::time_point start) {
  return absl::FromChrono(Clock::now() - start);
}

SessionOptions Asking(absl::Duration period, absl::Duration timeout) {
  SessionOptions options;
  options.ping_period = period;
  options.ping_timeout = timeout;
  return options;
}

// A client session of ours with one open stream.
struct Opened {
  std::unique_ptr<Stream> stream;
};
enum class PeerWindows { kKept, kNone };
Task<absl::StatusOr<Opened>> OpenOne(Bench& bench, PeerWindows windows) {
  Executor executor = co_await kThisExecutor;
  Creating creating(executor, *bench.session);
  absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
  if (!id.ok()) co_return id.status();
  if (windows == PeerWindows::kKept) bench.peer->Settings(1 << 20);
  bench.peer->Ping(1).SynReply(*id);
  absl::Status sent = co_await bench.peer->Send();
  if (!sent.ok()) co_return sent;
  absl::Status created = co_await creating.tasks.Join();
  if (!created.ok()) co_return created;
  Opened opened;
  opened.stream = *std::move(creating.stream);
  co_return opened;
}

// The next ping, whatever comes before it.
Task<absl::StatusOr<uint32_t>> NextPing(RawPeer& peer) {
  while (true) {
    absl::StatusOr<Frame> frame = co_await peer.Next();
    if (!frame.ok()) co_return frame.status();
    const auto* ping = std::get_if<PingFrame>(&*frame);
    if (ping != nullptr) co_return ping->id;
    if (std::holds_alternative<std::monostate>(*frame)) {
      co_return absl::UnavailableError("no ping");
    }
  }
}

Task<absl::Status> AnswerPings(RawPeer& peer, int count) {
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<uint32_t> ping = co_await NextPing(peer);
    if (!ping.ok()) co_return ping.status();
    peer.Ping(*ping);
    absl::Status sent = co_await peer.Send();
    if (!sent.ok()) co_return sent;
  }
  co_return absl::OkStatus();
}

TEST(KeepAliveTest, DeadPeerIsNoticedAfterAPeriodAndTheTimeout) {
  for (PeerWindows windows : {PeerWindows::kKept, PeerWindows::kNone}) {
    WithClient(
        [windows](Bench& bench) -> Task<absl::Status> {
          absl::StatusOr<Opened> opened = co_await OpenOne(bench, windows);
          if (!opened.ok()) co_return opened.status();
          absl::Status answered = co_await AnswerPings(*bench.peer, 3);
          EXPECT_THAT(answered, IsOk());
          const Clock::time_point last_word = Clock::now();
          absl::Status reason = co_await bench.session->WaitClosed();
          EXPECT_THAT(reason, StatusIs(StatusCode::kUnavailable,
                                       "no answer to a ping for 100ms"));
          EXPECT_GE(Since(last_word), absl::Milliseconds(100));
          EXPECT_LE(Since(last_word), absl::Milliseconds(1000));
          co_return absl::OkStatus();
        },
        Asking(absl::Milliseconds(20), absl::Milliseconds(100)));
  }
}

TEST(KeepAliveTest, DeadPeerIsNoticedWhileItsTransportTakesNothing) {
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        absl::StatusOr<Opened> opened =
            co_await OpenOne(bench, PeerWindows::kKept);
        if (!opened.ok()) co_return opened.status();
        bench.peer->WindowUpdate(0, 1 << 20);
        absl::Status sent = co_await bench.peer->Send();
        EXPECT_THAT(sent, IsOk());
        TaskGroup writer(executor);
        writer.Spawn([&opened]() -> Task<absl::Status> {
          const std::string bytes(1 << 20, 'x');
          absl::Status written = co_await net::WriteAll(*opened->stream, bytes);
          co_return written;
        });
        absl::Status reason = co_await bench.session->WaitClosed();
        EXPECT_THAT(reason, StatusIs(StatusCode::kUnavailable,
                                     HasSubstr("no answer to a ping")));
        absl::Status written = co_await writer.Join();
        EXPECT_THAT(written, StatusIs(StatusCode::kUnavailable));
        co_return absl::OkStatus();
      },
      Asking(absl::Milliseconds(20), absl::Milliseconds(100)));
}

// Kubernetes' own, behind streams that nobody reads: no ping is answered, and
// nothing is taken.
TEST(KeepAliveTest, StalledPeerWithoutWindowsIsNotTakenForDead) {
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        absl::StatusOr<Opened> opened =
            co_await OpenOne(bench, PeerWindows::kNone);
        if (!opened.ok()) co_return opened.status();
        TaskGroup writer(executor);
        writer.Spawn([&opened]() -> Task<absl::Status> {
          const std::string bytes(1 << 20, 'x');
          absl::Status written = co_await net::WriteAll(*opened->stream, bytes);
          co_return written;
        });
        absl::Status slept = co_await Sleep(absl::Milliseconds(300));
        EXPECT_THAT(slept, IsOk());
        size_t came = 0;
        while (came < 1 << 20) {
          absl::StatusOr<Frame> frame = co_await bench.peer->Next();
          if (!frame.ok()) co_return frame.status();
          const auto* piece = std::get_if<DataPiece>(&*frame);
          if (piece != nullptr) came += piece->payload.size();
        }
        absl::Status written = co_await writer.Join();
        EXPECT_THAT(written, IsOk());
        co_return absl::OkStatus();
      },
      Asking(absl::Milliseconds(10), absl::Milliseconds(80)));
}

TEST(KeepAliveTest, SessionThatWaitsForAReaderTakesNobodyForDead) {
  SessionOptions options =
      Asking(absl::Milliseconds(10), absl::Milliseconds(80));
  options.receive_buffer_bytes = 64 * 1024;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        RawPeer& peer = *bench.peer;
        peer.SynStream(1).Data(1, std::string(400 * 1024, 'x'));
        TaskGroup tasks(executor);
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        absl::Status slept = co_await Sleep(absl::Milliseconds(300));
        EXPECT_THAT(slept, IsOk());
        std::string heard(400 * 1024, '\0');
        absl::Status read = co_await net::ReadFull(*bench.accepted.at(0),
                                                   absl::MakeSpan(heard));
        EXPECT_THAT(read, IsOk());
        absl::Status joined = co_await tasks.Join();
        co_return joined;
      },
      options);
}

TEST(KeepAliveTest, StreamThatNobodyReadsDoesNotDelayPings) {
  WithPair(Asking(absl::Milliseconds(10), absl::Milliseconds(100)),
           [](Pair& pair) -> Task<absl::Status> {
             Executor executor = co_await kThisExecutor;
             absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
             if (!near.ok()) co_return near.status();
             TaskGroup writer(executor);
             writer.Spawn([&near]() -> Task<absl::Status> {
               const std::string bytes(1 << 20, 'x');
               absl::Status written = co_await net::WriteAll(**near, bytes);
               co_return written;
             });
             absl::Status slept = co_await Sleep(absl::Milliseconds(400));
             EXPECT_THAT(slept, IsOk());
             EXPECT_EQ(writer.running(), 1u);
             (*near)->Reset();
             absl::Status written = co_await writer.Join();
             EXPECT_THAT(written, StatusIs(StatusCode::kCancelled));
             absl::StatusOr<std::unique_ptr<Stream>> next = co_await Open(pair);
             EXPECT_THAT(next, IsOk());
             co_return absl::OkStatus();
           });
}

TEST(KeepAliveTest, BytesOfAnyKindShowThatThePeerIsThere) {
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        absl::StatusOr<Opened> opened =
            co_await OpenOne(bench, PeerWindows::kNone);
        if (!opened.ok()) co_return opened.status();
        for (int i = 0; i < 20; ++i) {
          bench.peer->Data(1, "x");
          absl::Status sent = co_await bench.peer->Send();
          EXPECT_THAT(sent, IsOk());
          absl::Status slept = co_await Sleep(absl::Milliseconds(20));
          EXPECT_THAT(slept, IsOk());
        }
        char buf[20];
        absl::Status read =
            co_await net::ReadFull(*opened->stream, absl::MakeSpan(buf));
        co_return read;
      },
      Asking(absl::Milliseconds(10), absl::Milliseconds(150)));
}

// SIGSTOP, a machine that sleeps, or a loop that something blocks: the time in
// which nobody could listen says nothing of the peer.
TEST(KeepAliveTest, ProcessThatWasStoppedAsksAgainBeforeItJudges) {
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        absl::StatusOr<Opened> opened =
            co_await OpenOne(bench, PeerWindows::kKept);
        if (!opened.ok()) co_return opened.status();
        for (int i = 0; i < 2; ++i) {
          absl::StatusOr<uint32_t> ping = co_await NextPing(*bench.peer);
          EXPECT_THAT(ping, IsOk());
          std::this_thread::sleep_for(std::chrono::milliseconds(500));
          // Asked at once; the first question is not held against the peer.
          absl::Status answered = co_await AnswerPings(*bench.peer, 1);
          EXPECT_THAT(answered, IsOk());
        }
        absl::Status reason = co_await bench.session->WaitClosed();
        EXPECT_THAT(reason, StatusIs(StatusCode::kUnavailable));
        co_return absl::OkStatus();
      },
      Asking(absl::Milliseconds(20), absl::Milliseconds(200)));
}

TEST(IdleTest, IdleSessionEnds) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> near = co_await Open(pair);
    if (!near.ok()) co_return near.status();
    pair.server->SetIdleTimeout(absl::Milliseconds(30));
    absl::Status reason = co_await pair.server->WaitClosed();
    EXPECT_THAT(reason,
                StatusIs(StatusCode::kDeadlineExceeded, "idle for 30ms"));
    reason = co_await pair.client->WaitClosed();
    EXPECT_THAT(reason, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(IdleTest, PingsDoNotKeepASessionFromBeingIdle) {
  SessionOptions options;
  options.ping_period = absl::Milliseconds(5);
  WithPair(options, [](Pair& pair) -> Task<absl::Status> {
    pair.client->SetIdleTimeout(absl::Milliseconds(50));
    absl::Status reason = co_await pair.client->WaitClosed();
    EXPECT_THAT(reason,
                StatusIs(StatusCode::kDeadlineExceeded, HasSubstr("idle")));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
