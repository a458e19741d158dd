// SPDX-License-Identifier: Apache-2.0
// What a session writes to its transport, and in how many writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/framer.h"
#include "httpstream/spdy/session.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream::spdy {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// What a test gives the session to read, and what the session has written.
struct Wire {
  explicit Wire(Executor executor) : changed(executor) {}

  std::string input;
  std::vector<std::string> writes;  // one string for each Write
  bool ended = false;
  Condition changed;
};

class WireTransport final : public net::ByteStream {
 public:
  explicit WireTransport(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::Status ready = co_await WaitReadable();
    if (!ready.ok()) co_return ready;
    const size_t n = std::min(buf.size(), wire_->input.size());
    std::copy_n(wire_->input.data(), n, buf.data());
    wire_->input.erase(0, n);
    co_return n;
  }
  Task<absl::Status> WaitReadable() override {
    while (wire_->input.empty()) {
      if (wire_->ended) co_return absl::CancelledError("ended");
      absl::Status waited = co_await wire_->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    wire_->writes.emplace_back();
    for (absl::string_view piece : pieces) {
      wire_->writes.back().append(piece.data(), piece.size());
    }
    wire_->changed.NotifyAll();
    co_return absl::OkStatus();
  }
  Task<absl::Status> CloseWrite() override { co_return absl::OkStatus(); }
  Task<absl::Status> Close() override {
    Abort();
    co_return absl::OkStatus();
  }
  void Abort() override {
    wire_->ended = true;
    wire_->changed.NotifyAll();
  }

 private:
  const std::shared_ptr<Wire> wire_;
};

// A server's session on a wire, whose peer a test plays.
struct Fixture {
  explicit Fixture(Executor executor)
      : wire(std::make_shared<Wire>(executor)),
        session(NewServerConnection(
            executor, std::make_unique<WireTransport>(wire), SessionOptions(),
            [this](std::unique_ptr<Stream> stream) -> absl::Status {
              accepted.push_back(std::move(stream));
              return absl::OkStatus();
            })),
        tasks(executor) {}

  // As one read of the session.
  void Give(std::string bytes) {
    wire->input = std::move(bytes);
    wire->changed.NotifyAll();
  }

  // What makes a stream.
  std::string Syn(uint32_t id) {
    SynStreamFrame frame;
    frame.stream_id = id;
    std::string bytes;
    EXPECT_THAT(writer.AppendSynStream(frame, &bytes), IsOk());
    return bytes;
  }

  // Until the last write has these bytes at its end.
  Task<absl::Status> WaitWritten(std::string tail) {
    const auto written = [this, &tail]() {
      if (wire->writes.empty()) return false;
      const std::string& last = wire->writes.back();
      return last.size() >= tail.size() &&
             last.compare(last.size() - tail.size(), tail.size(), tail) == 0;
    };
    while (!written()) {
      absl::Status waited = co_await wire->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  std::shared_ptr<Wire> wire;
  std::vector<std::unique_ptr<Stream>> accepted;
  std::unique_ptr<Connection> session;
  FrameWriter writer;
  TaskGroup tasks;
};

void RunTest(std::function<Task<absl::Status>(Fixture&)> body) {
  absl::Status result = RunLoop([&body]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture f(executor);
    absl::Status ran = co_await WithDeadline(absl::Seconds(8), "test",
                                             [&]() { return body(f); });
    f.session->Abort();
    absl::Status joined = co_await f.tasks.Join();
    joined.IgnoreError();
    f.accepted.clear();
    co_return ran;
  });
  EXPECT_THAT(result, IsOk());
}

std::string Data(uint32_t id, absl::string_view payload) {
  const auto head = DataHead(id, payload.size(), Fin::kNo);
  return std::string(head.data(), head.size()) + std::string(payload);
}

// A peer with windows, of so many bytes for each stream.
std::string Windows(uint32_t stream_window_bytes) {
  std::string bytes;
  SettingsFrame settings;
  settings.settings.push_back(
      {0, kSettingInitialWindowSize, stream_window_bytes});
  AppendSettings(settings, &bytes);
  AppendWindowUpdate({0, 16 << 20}, &bytes);
  return bytes;
}

std::vector<std::string> FramesOf(absl::string_view bytes) {
  std::vector<std::string> names;
  FrameParser parser;
  while (true) {
    absl::StatusOr<Frame> frame = parser.Next(&bytes);
    EXPECT_THAT(frame, IsOk());
    if (!frame.ok() || std::holds_alternative<std::monostate>(*frame)) break;
    names.push_back(std::holds_alternative<PingFrame>(*frame)   ? "PING"
                    : std::holds_alternative<DataPiece>(*frame) ? "DATA"
                    : std::holds_alternative<WindowUpdateFrame>(*frame)
                        ? "WINDOW_UPDATE"
                        : "another");
  }
  return names;
}

// Reads to the end, and answers whatever ends in "?".
Task<absl::Status> Answer(Stream* stream) {
  char buf[4096];
  while (true) {
    absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(buf));
    if (!n.ok() || *n == 0) co_return n.status();
    if (buf[*n - 1] != '?') continue;
    absl::Status written = co_await net::WriteAll(*stream, "answer");
    if (!written.ok()) co_return written;
  }
}

TEST(SessionWritesTest, WhatOneReadBringsAboutLeavesInOneWrite) {
  RunTest([](Fixture& f) -> Task<absl::Status> {
    f.Give(Windows(1 << 20) + f.Syn(1) + Data(1, "first?"));
    while (f.accepted.empty()) {
      absl::Status waited = co_await f.wire->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    f.tasks.Spawn([&f]() { return Answer(f.accepted[0].get()); });
    absl::Status status = co_await f.WaitWritten("answer");
    if (!status.ok()) co_return status;
    // Just below half of the stream's first window, 256 KiB: a bit more is
    // answered with a WINDOW_UPDATE.
    const std::string much(8000, 'x');
    for (int i = 0; i < 16; ++i) {
      f.Give(Data(1, much) + (i == 15 ? Data(1, "?") : std::string()));
      while (!f.wire->input.empty()) {
        status = co_await Sleep(absl::ZeroDuration());
        if (!status.ok()) co_return status;
      }
    }
    status = co_await f.WaitWritten("answer");
    if (!status.ok()) co_return status;
    f.wire->writes.clear();

    std::string ping;
    AppendPing({3}, &ping);
    f.Give(ping + Data(1, much + "?") + ping);
    status = co_await f.WaitWritten("answer");
    EXPECT_EQ(f.wire->writes.size(), 1u);
    EXPECT_THAT(FramesOf(f.wire->writes[0]),
                UnorderedElementsAre("PING", "PING", "WINDOW_UPDATE", "DATA"));
    co_return status;
  });
}

// A DATA frame's stream and length.
struct DataFrame {
  uint32_t id;
  size_t bytes;

  bool operator==(const DataFrame& other) const {
    return id == other.id && bytes == other.bytes;
  }
};

void PrintTo(const DataFrame& frame, std::ostream* out) {
  *out << "stream " << frame.id << ", " << frame.bytes << " bytes";
}

// Of all that was written.
std::vector<DataFrame> DataFramesOf(const std::vector<std::string>& writes) {
  std::string all;
  for (const std::string& write : writes) all += write;
  std::vector<DataFrame> frames;
  size_t at = 0;
  const auto byte = [&all, &at](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(all[at + i]));
  };
  while (at + kFrameHeadBytes <= all.size()) {
    const bool is_control = (byte(0) & 0x80) != 0;
    const uint32_t id = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    const size_t length = byte(5) << 16 | byte(6) << 8 | byte(7);
    if (!is_control) frames.push_back({id, length});
    at += kFrameHeadBytes + length;
  }
  return frames;
}

// Two streams that always have more, or one; what their first turns are.
std::vector<DataFrame> FirstTurns(std::string opening, size_t streams) {
  std::vector<DataFrame> frames;
  RunTest([&](Fixture& f) -> Task<absl::Status> {
    std::string bytes = opening + f.Syn(1);
    if (streams == 2) bytes += f.Syn(3);
    f.Give(std::move(bytes));
    while (f.accepted.size() < streams || f.wire->writes.empty()) {
      absl::Status waited = co_await f.wire->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    const std::string much(2 << 20, 'x');
    for (auto& stream : f.accepted) {
      f.tasks.Spawn([&much, s = stream.get()]() -> Task<absl::Status> {
        absl::Status written = co_await net::WriteAll(*s, much);
        co_return written;
      });
    }
    do {
      absl::Status waited = co_await f.wire->changed.Wait();
      if (!waited.ok()) co_return waited;
      frames = DataFramesOf(f.wire->writes);
    } while (frames.size() < streams);
    frames.resize(streams);
    f.session->Abort();
    absl::Status joined = co_await f.tasks.Join();
    joined.IgnoreError();
    co_return absl::OkStatus();
  });
  return frames;
}

// Go reads a frame whole; ours piece by piece, as long as its window is large.
TEST(SessionWritesTest, LongTurnTakesALongWindow) {
  constexpr size_t kKiB = 1024;
  struct Case {
    uint32_t window_bytes;  // 0: the peer keeps none
    size_t turn_bytes;
    size_t alone_bytes;
  };
  const Case cases[] = {
      {0, 32 * kKiB, 32 * kKiB},
      {64 * kKiB, 32 * kKiB, 64 * kKiB},
      {256 * kKiB, 64 * kKiB, 256 * kKiB},
      {512 * kKiB, 128 * kKiB, 256 * kKiB},
      {4096 * kKiB, 128 * kKiB, 256 * kKiB},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.window_bytes);
    const std::string opening =
        c.window_bytes == 0 ? std::string() : Windows(c.window_bytes);
    EXPECT_THAT(
        FirstTurns(opening, 2),
        ElementsAre(DataFrame{1, c.turn_bytes}, DataFrame{3, c.turn_bytes}));
    EXPECT_THAT(FirstTurns(opening, 1),
                ElementsAre(DataFrame{1, c.alone_bytes}));
  }
}

}  // namespace
}  // namespace fairway::httpstream::spdy
