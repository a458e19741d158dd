// SPDX-License-Identifier: Apache-2.0
// What may lie unread in a stream, a session and the process, and what waits
// then.
#include <glog/logging.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "base/metrics/metrics.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/receive_budget.h"
#include "httpstream/spdy/testing/peer_bench.h"
#include "httpstream/spdy/testing/session_pair.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kKiB = 1024;

class LogCollector : public google::LogSink {
 public:
  LogCollector() { google::AddLogSink(this); }
  ~LogCollector() override { google::RemoveLogSink(this); }

  void send(google::LogSeverity, const char*, const char*, int,
            const google::LogMessageTime&, const char* message,
            size_t length) override {
    lines_.append(message, length);
    lines_ += '\n';
  }

  const std::string& lines() const { return lines_; }

 private:
  std::string lines_;
};

Task<absl::Status> Read(Stream& stream, size_t bytes) {
  std::string heard(bytes, '\0');
  absl::Status read = co_await net::ReadFull(stream, absl::MakeSpan(heard));
  co_return read;
}

// Lets every task run until it waits; at most a second.
Task<absl::Status> WaitUntil(std::function<bool()> condition) {
  for (int i = 0; i < 200 && !condition(); ++i) {
    absl::Status slept = co_await Sleep(absl::Milliseconds(5));
    if (!slept.ok()) co_return slept;
  }
  co_return condition() ? absl::OkStatus()
                        : absl::DeadlineExceededError("condition");
}

TEST(WithoutWindowsTest, OnlyDataOfTheFullStreamMakesReadingWait) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * kKiB;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        RawPeer& peer = *bench.peer;
        // Stream 1 is full; all the rest is still handled, its FIN too.
        peer.SynStream(1).Data(1, std::string(64 * kKiB, 'x'));
        peer.SynStream(3).Data(3, "others").SynStream(5);
        peer.Rst(5, RstStatus::kCancel).Data(1, "", Fin::kYes).Ping(1);
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        for (int i = 0; i < 3; ++i) {
          absl::StatusOr<SynReplyFrame> reply =
              co_await peer.Expect<SynReplyFrame>();
          EXPECT_THAT(reply, IsOk());
        }
        absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
        EXPECT_THAT(ping, IsOk());
        char buf[6];
        absl::Status read =
            co_await net::ReadFull(*bench.accepted.at(1), absl::MakeSpan(buf));
        EXPECT_THAT(read, IsOk());
        absl::Status broken = co_await bench.accepted.at(2)->WaitBroken();
        EXPECT_THAT(broken, StatusIs(StatusCode::kAborted));
        absl::Status joined = co_await tasks.Join();
        co_return joined;
      },
      options);
}

TEST(WithoutWindowsTest, ResetOfTheFullStreamLetsTheOthersGoOn) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * kKiB;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        RawPeer& peer = *bench.peer;
        peer.SynStream(1).Data(1, std::string(400 * kKiB, 'x')).Ping(1);
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        absl::StatusOr<SynReplyFrame> reply =
            co_await peer.Expect<SynReplyFrame>();
        EXPECT_THAT(reply, IsOk());
        EXPECT_EQ(tasks.running(), 1u);
        bench.accepted.at(0)->Reset();
        uint32_t status = co_await NextRst(peer, 1);
        EXPECT_EQ(status, 5u);
        absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
        EXPECT_THAT(ping, IsOk());
        EXPECT_EQ(ReceiveBudget::process_bytes(), 0u);
        absl::Status joined = co_await tasks.Join();
        co_return joined;
      },
      options);
}

TEST(WithoutWindowsTest, SessionHoldsNoMoreThanItsBuffer) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * kKiB;
  options.session_buffer_bytes = 128 * kKiB;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        RawPeer& peer = *bench.peer;
        for (uint32_t id = 1; id <= 39; id += 2) {
          peer.SynStream(id).Data(id, std::string(30 * kKiB, 'x'));
        }
        peer.Ping(1);
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        absl::Status full = co_await WaitUntil(
            [&bench] { return ReceiveBudget::process_bytes() >= 128 * kKiB; });
        EXPECT_THAT(full, IsOk());
        EXPECT_EQ(tasks.running(), 1u);
        // One read beyond it.
        EXPECT_LE(ReceiveBudget::process_bytes(), 192 * kKiB);
        EXPECT_LE(bench.accepted.size(), 6u);
        for (size_t i = 0; i < 20; ++i) {
          while (bench.accepted.size() <= i) {
            absl::StatusOr<SynReplyFrame> reply =
                co_await peer.Expect<SynReplyFrame>();
            if (!reply.ok()) co_return reply.status();
          }
          absl::Status read = co_await Read(*bench.accepted[i], 30 * kKiB);
          EXPECT_THAT(read, IsOk());
        }
        absl::Status joined = co_await tasks.Join();
        co_return joined;
      },
      options);
}

// Nothing else tells a session that reads nothing that its peer is gone.
TEST(WithoutWindowsTest, BrokenTransportIsNoticedWhileReadingWaits) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * kKiB;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        RawPeer& peer = *bench.peer;
        peer.SynStream(1).Data(1, std::string(400 * kKiB, 'x'));
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        absl::Status full = co_await WaitUntil(
            [&bench] { return ReceiveBudget::process_bytes() >= 64 * kKiB; });
        EXPECT_THAT(full, IsOk());
        peer.transport().Abort();
        absl::Status reason = co_await bench.session->WaitClosed();
        EXPECT_THAT(reason, StatusIs(StatusCode::kAborted));
        absl::Status joined = co_await tasks.Join();
        EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
        co_return absl::OkStatus();
      },
      options);
}

TEST(StallTest, IsToldOnceAndSoIsItsEnd) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * kKiB;
  options.stall_notice = absl::ZeroDuration();
  options.name = "kubelet";
  LogCollector log;
  WithServer(
      [&log](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        RawPeer& peer = *bench.peer;
        peer.SynStream(1).SynStream(3).Data(3, std::string(400 * kKiB, 'x'));
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        absl::Status told = co_await WaitUntil([&log] {
          return log.lines().find("not read") != std::string::npos;
        });
        EXPECT_THAT(told, IsOk());
        EXPECT_THAT(log.lines(),
                    ContainsRegex("spdy session kubelet/[0-9]+: stream 3 is "
                                  "not read: [0-9]+ bytes lie here"));
        EXPECT_THAT(MetricsText(),
                    HasSubstr("fairway_spdy_stalls_total{session=\"kubelet\"} "
                              "1\n"));
        EXPECT_THAT(
            MetricsText(),
            ContainsRegex("fairway_spdy_stalled_bytes.number=\"[0-9]+"
                          "\",session=\"kubelet\",stream=\"3\". [0-9]+"));
        EXPECT_THAT(log.lines(), Not(HasSubstr("was waited for")));
        absl::Status read = co_await Read(*bench.accepted.at(1), 400 * kKiB);
        EXPECT_THAT(read, IsOk());
        absl::Status joined = co_await tasks.Join();
        EXPECT_THAT(joined, IsOk());
        EXPECT_THAT(log.lines(),
                    ContainsRegex("stream 3 was waited for [0-9.]+[mu]?s; the "
                                  "session goes on"));
        EXPECT_THAT(MetricsText(), Not(HasSubstr("stream=\"3\"")));
        co_return absl::OkStatus();
      },
      options);
}

TEST(StallTest, ShortOnesAreNotToldAndTheSessionsEndEndsIt) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * kKiB;
  LogCollector log;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        RawPeer& peer = *bench.peer;
        peer.SynStream(1).Data(1, std::string(2048 * kKiB, 'x'));
        tasks.Spawn([&peer]() -> Task<absl::Status> { return peer.Send(); });
        absl::StatusOr<SynReplyFrame> reply =
            co_await peer.Expect<SynReplyFrame>();
        EXPECT_THAT(reply, IsOk());
        // A slow reader: it goes on as soon as there is room, not when somebody
        // looks again.
        const absl::Time start = absl::Now();
        for (int i = 0; i < 200; ++i) {
          absl::Status read = co_await Read(*bench.accepted.at(0), 8 * kKiB);
          EXPECT_THAT(read, IsOk());
          absl::Status slept = co_await Sleep(absl::ZeroDuration());
          EXPECT_THAT(slept, IsOk());
        }
        EXPECT_LT(absl::Now() - start, absl::Seconds(2));
        bench.session->Abort();
        absl::Status joined = co_await tasks.Join();
        EXPECT_FALSE(joined.ok());
        co_return absl::OkStatus();
      },
      options);
  EXPECT_THAT(log.lines(), Not(HasSubstr("is not read")));
  EXPECT_THAT(MetricsText(), Not(HasSubstr("stalled_bytes{")));
}

Task<absl::Status> WriteMuch(Stream& stream, size_t bytes) {
  const std::string all(bytes, 'x');
  absl::Status written = co_await net::WriteAll(stream, all);
  co_return written;
}

// Streams that nobody reads use up what a session may hold; one that is read
// goes on all the same.
TEST(WithWindowsTest, StreamThatIsReadGoesOnBeyondTheSessionsBuffer) {
  SessionOptions options;
  options.stream_window_bytes = 64 * kKiB;
  options.session_window_bytes = 256 * kKiB;
  options.session_buffer_bytes = 256 * kKiB;
  options.stall_notice = absl::ZeroDuration();
  LogCollector log;
  WithPair(options, [&log](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::vector<std::unique_ptr<Stream>> unread;
    TaskGroup writers(executor);
    for (int i = 0; i < 5; ++i) {
      absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
      if (!stream.ok()) co_return stream.status();
      unread.push_back(*std::move(stream));
      Stream* far = pair.accepted.back().get();
      writers.Spawn([far] { return WriteMuch(*far, 200 * kKiB); });
    }
    absl::Status full = co_await WaitUntil(
        [] { return ReceiveBudget::process_bytes() == 5 * 64 * kKiB; });
    EXPECT_THAT(full, IsOk());
    absl::StatusOr<std::unique_ptr<Stream>> live = co_await Open(pair);
    if (!live.ok()) co_return live.status();
    Stream* far = pair.accepted.back().get();
    writers.Spawn([far] { return WriteMuch(*far, 2048 * kKiB); });
    absl::Status read = co_await Read(**live, 2048 * kKiB);
    EXPECT_THAT(read, IsOk());
    // Its buffer, and once more what was under way.
    EXPECT_LE(ReceiveBudget::process_bytes(), 512 * kKiB);
    absl::Status told = co_await WaitUntil(
        [&log] { return log.lines().find("not read") != std::string::npos; });
    EXPECT_THAT(told, IsOk());
    // Once they are read, all is as before.
    for (const auto& stream : unread) {
      read = co_await Read(*stream, 200 * kKiB);
      EXPECT_THAT(read, IsOk());
    }
    absl::Status written = co_await writers.Join();
    EXPECT_THAT(log.lines(), HasSubstr("goes on"));
    co_return written;
  });
}

TEST(WithWindowsTest, SessionsWindowIsWithheldWhileTooMuchLiesUnread) {
  SessionOptions options;
  options.stream_window_bytes = 1024 * kKiB;
  options.max_stream_window_bytes = 1024 * kKiB;
  options.session_window_bytes = 2048 * kKiB;
  options.session_buffer_bytes = 512 * kKiB;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        RawPeer& peer = *bench.peer;
        peer.Settings(64 * kKiB).SynStream(1).SynStream(3).SynStream(5);
        absl::Status sent = co_await peer.Send();
        EXPECT_THAT(sent, IsOk());
        absl::StatusOr<SettingsFrame> settings =
            co_await peer.Expect<SettingsFrame>();
        EXPECT_THAT(settings, IsOk());
        absl::StatusOr<WindowUpdateFrame> update =
            co_await peer.Expect<WindowUpdateFrame>();
        EXPECT_THAT(update, IsOk());
        for (int i = 0; i < 3; ++i) {
          absl::StatusOr<SynReplyFrame> reply =
              co_await peer.Expect<SynReplyFrame>();
          EXPECT_THAT(reply, IsOk());
        }
        // All of the session's window, in streams that nobody reads.
        peer.Data(1, std::string(1000 * kKiB, 'x'));
        peer.Data(3, std::string(1000 * kKiB, 'x'));
        peer.Data(5, std::string(48 * kKiB, 'x')).Ping(3);
        sent = co_await peer.Send();
        EXPECT_THAT(sent, IsOk());
        absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
        EXPECT_THAT(ping, IsOk());
        // What is read comes back at once: nothing else is left to the peer.
        absl::Status read = co_await Read(*bench.accepted.at(2), 48 * kKiB);
        EXPECT_THAT(read, IsOk());
        update = co_await peer.Expect<WindowUpdateFrame>();
        EXPECT_THAT(update, IsOk());
        EXPECT_EQ(update->stream_id, 0u);
        EXPECT_LE(update->delta_bytes, 48 * kKiB);
        // A stream that goes away makes room too.
        bench.accepted.at(0)->Reset();
        bench.accepted.at(1)->Reset();
        uint32_t given = update->delta_bytes;
        while (given < 1024 * kKiB) {
          absl::StatusOr<Frame> frame = co_await peer.Next();
          if (!frame.ok()) co_return frame.status();
          const auto* more = std::get_if<WindowUpdateFrame>(&*frame);
          if (more != nullptr && more->stream_id == 0) {
            given += more->delta_bytes;
          }
        }
        EXPECT_LE(given, 2048 * kKiB);
        co_return absl::OkStatus();
      },
      options);
}

TEST(ProcessBufferTest, SessionGoesOnWhenAnotherHasMadeRoom) {
  SessionOptions options;
  options.stream_window_bytes = 256 * kKiB;
  options.session_window_bytes = 256 * kKiB;
  options.max_stream_window_bytes = 256 * kKiB;
  SessionOptions bounded = options;
  bounded.process_buffer_bytes = 300 * kKiB;
  WithPair(options, [&bounded](Pair& hog) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Stream>> hoard = co_await Open(hog);
    if (!hoard.ok()) co_return hoard.status();
    TaskGroup writers(executor);
    Stream* far = hog.accepted.back().get();
    writers.Spawn([far] { return WriteMuch(*far, 256 * kKiB); });
    absl::Status joined = co_await writers.Join();
    EXPECT_THAT(joined, IsOk());

    // 200 KiB of another session lie unread: more than its own 64 KiB.
    Pair pair(executor, bounded);
    absl::StatusOr<std::unique_ptr<Stream>> unread = co_await Open(pair);
    if (!unread.ok()) co_return unread.status();
    far = pair.accepted.back().get();
    writers.Spawn([far] { return WriteMuch(*far, 200 * kKiB); });
    joined = co_await writers.Join();
    EXPECT_THAT(joined, IsOk());
    absl::StatusOr<std::unique_ptr<Stream>> next = co_await Open(pair);
    if (!next.ok()) co_return next.status();
    far = pair.accepted.back().get();
    writers.Spawn([far] { return WriteMuch(*far, 256 * kKiB); });
    absl::Status slept = co_await Sleep(absl::Milliseconds(150));
    EXPECT_THAT(slept, IsOk());
    EXPECT_EQ(writers.running(), 1u);
    EXPECT_LT(ReceiveBudget::process_bytes(), (256 + 200 + 128) * kKiB);

    absl::Status read = co_await Read(**hoard, 256 * kKiB);
    EXPECT_THAT(read, IsOk());
    // Nobody has read anything of this session.
    joined = co_await writers.Join();
    EXPECT_THAT(joined, IsOk());
    pair.client->Abort();
    pair.server->Abort();
    co_return absl::OkStatus();
  });
}

TEST(ProcessBufferTest, EverySessionHasALittleOfItsOwn) {
  SessionOptions options;
  options.process_buffer_bytes = 1;
  WithPair(options, [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    ReceiveBudget hog;
    hog.Add(1 << 20);
    absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
    if (!stream.ok()) co_return stream.status();
    Stream* far = pair.accepted.back().get();
    TaskGroup writers(executor);
    writers.Spawn([far] { return WriteMuch(*far, 16384 * kKiB); });
    absl::Status read = co_await Read(**stream, 16384 * kKiB);
    EXPECT_THAT(read, IsOk());
    absl::Status joined = co_await writers.Join();
    hog.Remove(1 << 20);
    co_return joined;
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
