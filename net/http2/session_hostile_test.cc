// SPDX-License-Identifier: Apache-2.0
// A server against peers that send what no client should: frames made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http2/server_session.h"
#include "net/io/pipe.h"

namespace fairway::net::http2 {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
constexpr uint8_t kEndStreamFlag = 0x1;
constexpr uint8_t kAckFlag = 0x1;
constexpr uint8_t kEndHeadersFlag = 0x4;

std::string Number(uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) {
    text += static_cast<char>(value >> (8 * i));
  }
  return text;
}

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream,
                  absl::string_view payload) {
  return absl::StrCat(Number(static_cast<uint32_t>(payload.size()), 3),
                      Number(type, 1), Number(flags, 1), Number(stream, 4),
                      payload);
}

// HPACK's literal without indexing; both are shorter than 127 bytes.
std::string Literal(absl::string_view name, absl::string_view value) {
  return absl::StrCat(std::string(1, '\0'),
                      Number(static_cast<uint32_t>(name.size()), 1), name,
                      Number(static_cast<uint32_t>(value.size()), 1), value);
}

std::string RequestBlock(absl::string_view path) {
  return absl::StrCat(Literal(":method", "POST"), Literal(":scheme", "http"),
                      Literal(":path", path), Literal(":authority", "a"));
}

std::string Hello() {
  return absl::StrCat(kPreface, Frame(kSettings, 0, 0, ""));
}

struct ReceivedFrame {
  uint8_t type;
  uint8_t flags;
  uint32_t stream;
  std::string payload;
};

uint32_t ParseNumber(absl::string_view bytes) {
  uint32_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::vector<ReceivedFrame> ParseFrames(absl::string_view bytes) {
  std::vector<ReceivedFrame> frames;
  while (bytes.size() >= 9) {
    const size_t size = ParseNumber(bytes.substr(0, 3));
    if (bytes.size() < 9 + size) break;
    frames.push_back(
        {static_cast<uint8_t>(bytes[3]), static_cast<uint8_t>(bytes[4]),
         ParseNumber(bytes.substr(5, 4)), std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  return frames;
}

// The first GOAWAY's error code; -1 if there is none.
int64_t GoAwayCode(const std::vector<ReceivedFrame>& frames) {
  for (const ReceivedFrame& frame : frames) {
    if (frame.type == kGoAway && frame.payload.size() >= 8) {
      return ParseNumber(absl::string_view(frame.payload).substr(4, 4));
    }
  }
  return -1;
}

size_t Count(const std::vector<ReceivedFrame>& frames, uint8_t type) {
  return static_cast<size_t>(
      std::count_if(frames.begin(), frames.end(),
                    [type](const ReceivedFrame& f) { return f.type == type; }));
}

Task<absl::Status> EchoStream(std::shared_ptr<Stream> stream) {
  absl::Status begun = stream->SendFields({{":status", "200"}}, EndStream::kNo);
  if (!begun.ok()) co_return begun;
  std::string buf(1000, '\0');
  while (true) {
    absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
    absl::Status written =
        co_await stream->Write(absl::string_view(buf.data(), *n));
    if (!written.ok()) co_return written;
  }
  co_return stream->Finish();
}

struct Outcome {
  absl::Status served = absl::UnknownError("not run");
  std::vector<ReceivedFrame> frames;
};

// A peer's end of the connection, and what the server has sent on it.
class PeerEnd {
 public:
  PeerEnd(Executor executor, std::unique_ptr<ByteStream> stream)
      : stream_(std::move(stream)), changed_(executor) {}

  Task<absl::Status> Send(std::string bytes) {
    absl::Status written = co_await WriteAll(*stream_, bytes);
    co_return written;
  }

  // Returns when `done` is so, or the server has closed the connection.
  Task<absl::Status> WaitUntil(
      std::function<bool(const std::vector<ReceivedFrame>&)> done) {
    while (!closed_ && !done(ParseFrames(received_))) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> WaitUntilClosed() {
    absl::Status closed = co_await WaitUntil(
        [](const std::vector<ReceivedFrame>&) { return false; });
    co_return closed;
  }

  // Waits until the server has taken all that was sent.
  Task<absl::Status> Sync() {
    absl::Status sent = co_await Send(Frame(kPing, 0, 0, "in sync?"));
    if (!sent.ok()) co_return sent;
    absl::Status answered =
        co_await WaitUntil([](const std::vector<ReceivedFrame>& frames) {
          return std::any_of(frames.begin(), frames.end(), [](const auto& f) {
            return f.type == kPing && f.payload == "in sync?";
          });
        });
    co_return answered;
  }

  Task<absl::Status> ReadToEnd() {
    std::string buf(20000, '\0');
    while (true) {
      absl::StatusOr<size_t> n = co_await stream_->Read(absl::MakeSpan(buf));
      closed_ = !n.ok() || *n == 0;
      changed_.NotifyAll();
      if (closed_) co_return absl::OkStatus();
      received_.append(buf, 0, *n);
    }
  }

  Task<absl::Status> Leave() {
    absl::Status closed = co_await stream_->CloseWrite();
    co_return closed;
  }

  std::vector<ReceivedFrame> frames() const { return ParseFrames(received_); }

 private:
  const std::unique_ptr<ByteStream> stream_;
  Condition changed_;
  std::string received_;
  bool closed_ = false;
};

using Peer = std::function<Task<absl::Status>(PeerEnd&)>;

// Serves a connection to `peer`, until both have ended: within nine seconds,
// or the test has failed.
Outcome Serve(StreamHandler handler, SessionOptions options, Peer peer) {
  Outcome outcome;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [near, far] = MakePipe(executor);
    ServerSession session(executor, std::move(far), options, handler);
    PeerEnd end(executor, std::move(near));
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      outcome.served = co_await session.Serve();
      co_return absl::OkStatus();
    });
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status done = co_await peer(end);
      done.IgnoreError();
      absl::Status left = co_await end.Leave();
      co_return left;
    });
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status read = co_await end.ReadToEnd();
      co_return read;
    });
    absl::Status ended = co_await WithDeadline(
        absl::Seconds(9), "serve", [&group]() -> Task<absl::Status> {
          absl::Status joined = co_await group.Join();
          co_return joined;
        });
    outcome.frames = end.frames();
    co_return ended;
  });
  EXPECT_THAT(result, IsOk());
  return outcome;
}

// A peer that sends `bytes`, and leaves when the server has dealt with them.
Outcome ServeBytes(std::string bytes) {
  return Serve(EchoStream, SessionOptions(),
               [bytes](PeerEnd& end) -> Task<absl::Status> {
                 absl::Status sent = co_await end.Send(bytes);
                 if (!sent.ok()) co_return sent;
                 absl::Status synced = co_await end.Sync();
                 co_return synced;
               });
}

TEST(Http2HostileTest, RequestIsUnderstoodByteByByte) {
  const std::string bytes = absl::StrCat(
      Hello(), Frame(kHeaders, kEndHeadersFlag, 1, RequestBlock("/")),
      Frame(kData, 0, 1, "abc"), Frame(kPing, 0, 0, "12345678"),
      Frame(kData, kEndStreamFlag, 1, "def"));
  Outcome outcome =
      Serve(EchoStream, {}, [&bytes](PeerEnd& end) -> Task<absl::Status> {
        for (char c : bytes) {
          absl::Status sent = co_await end.Send(std::string(1, c));
          if (!sent.ok()) co_return sent;
          // The server takes it before the next one comes.
          absl::Status slept = co_await Sleep(absl::ZeroDuration());
          if (!slept.ok()) co_return slept;
        }
        absl::Status answered = co_await end.WaitUntil([](const auto& frames) {
          return !frames.empty() && frames.back().type == kData &&
                 (frames.back().flags & kEndStreamFlag) != 0;
        });
        co_return answered;
      });
  std::string body;
  for (const ReceivedFrame& frame : outcome.frames) {
    if (frame.type == kData) body += frame.payload;
  }
  EXPECT_EQ(body, "abcdef");
  EXPECT_EQ(Count(outcome.frames, kPing), 1u);
  EXPECT_THAT(outcome.served, IsOk());
}

TEST(Http2HostileTest, EverySplitOfABlockIsTheSame) {
  const std::string block = RequestBlock("/split");
  for (size_t cut = 0; cut <= block.size(); ++cut) {
    std::string path;
    StreamHandler handler =
        [&path](std::shared_ptr<Stream> stream) -> Task<absl::Status> {
      path = std::string(FieldValue(stream->fields(), ":path"));
      co_return stream->SendFields({{":status", "204"}}, EndStream::kYes);
    };
    Serve(handler, {}, [&](PeerEnd& end) -> Task<absl::Status> {
      absl::Status sent = co_await end.Send(absl::StrCat(
          Hello(), Frame(kHeaders, kEndStreamFlag, 1, block.substr(0, cut)),
          Frame(kContinuation, kEndHeadersFlag, 1, block.substr(cut))));
      co_return sent;
    });
    EXPECT_EQ(path, "/split") << cut;
  }
}

struct BadCase {
  const char* name;
  std::string bytes;
};

class BadPeerTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadPeerTest, IsCutOff) {
  Outcome outcome =
      Serve(EchoStream, {}, [](PeerEnd& end) -> Task<absl::Status> {
        absl::Status sent = co_await end.Send(GetParam().bytes);
        if (!sent.ok()) co_return sent;
        absl::Status closed = co_await end.WaitUntilClosed();
        co_return closed;
      });
  // By GOAWAY, or at once when the peer speaks no HTTP/2 or floods.
  if (GoAwayCode(outcome.frames) <= 0) {
    EXPECT_THAT(outcome.served, StatusIs(StatusCode::kInternal));
  }
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadPeerTest,
    ::testing::Values(
        BadCase{"Http1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        BadCase{"Tls", std::string("\x16\x03\x01\x00\xff\x01\x00\x00", 8) +
                           std::string(30, 'x')},
        BadCase{"NoSettings",
                absl::StrCat(kPreface, Frame(kPing, 0, 0, "12345678"))},
        BadCase{"HugeFrame",
                absl::StrCat(Hello(), Number(0xffffff, 3), Number(kData, 1),
                             Number(0, 1), Number(1, 4))},
        BadCase{"DataOnIdleStream",
                absl::StrCat(Hello(), Frame(kData, 0, 1, "x"))},
        BadCase{"EvenStream",
                absl::StrCat(Hello(), Frame(kHeaders, kEndHeadersFlag, 2,
                                            RequestBlock("/")))},
        BadCase{"BadHpack",
                absl::StrCat(Hello(), Frame(kHeaders, kEndHeadersFlag, 1,
                                            "\xff\xff\xff\xff"))},
        BadCase{"HeadersInsideBlock",
                absl::StrCat(Hello(), Frame(kHeaders, 0, 1, RequestBlock("/")),
                             Frame(kHeaders, 0, 3, RequestBlock("/")))},
        BadCase{"ContinuationFlood",
                absl::StrCat(Hello(), Frame(kHeaders, 0, 1, ""),
                             Repeat(Frame(kContinuation, 0, 1, ""), 100))},
        BadCase{
            "BadWindowUpdate",
            absl::StrCat(Hello(), Frame(kWindowUpdate, 0, 0, Number(0, 4)))},
        BadCase{"WindowOverflow",
                absl::StrCat(Hello(), Frame(kWindowUpdate, 0, 0,
                                            Number(0x7fffffff, 4)))},
        BadCase{"SettingsOfOddLength",
                absl::StrCat(Hello(), Frame(kSettings, 0, 0, "12345"))},
        BadCase{"PingOfOddLength",
                absl::StrCat(Hello(), Frame(kPing, 0, 0, "1234"))}),
    [](const auto& param) { return param.param.name; });

TEST(Http2HostileTest, RapidResetsAreCutOff) {
  // CVE-2023-44487: requests that are reset at once, for ever.
  size_t handled = 0;
  StreamHandler handler =
      [&handled](std::shared_ptr<Stream> stream) -> Task<absl::Status> {
    ++handled;
    absl::Status gone = co_await stream->WaitGone();
    co_return gone;
  };
  Outcome outcome = Serve(handler, {}, [](PeerEnd& end) -> Task<absl::Status> {
    absl::Status sent = co_await end.Send(Hello());
    for (uint32_t id = 1; sent.ok() && id < 200000; id += 2) {
      sent = co_await end.Send(
          absl::StrCat(Frame(kHeaders, kEndHeadersFlag, id, RequestBlock("/")),
                       Frame(kRstStream, 0, id, Number(kCancel, 4))));
    }
    EXPECT_FALSE(sent.ok());
    co_return sent;
  });
  EXPECT_GT(GoAwayCode(outcome.frames), 0);
  EXPECT_LT(handled, 3000u);
}

TEST(Http2HostileTest, HandlersOfResetRequestsCountAgainstTheLimit) {
  SessionOptions options;
  options.max_concurrent_streams = 5;
  size_t running = 0;
  size_t most = 0;
  StreamHandler handler = [&](std::shared_ptr<Stream>) -> Task<absl::Status> {
    most = std::max(most, ++running);
    // A handler that does not notice.
    absl::Status slept = co_await Sleep(absl::Milliseconds(50));
    --running;
    co_return slept;
  };
  Serve(handler, options, [](PeerEnd& end) -> Task<absl::Status> {
    std::string bytes = Hello();
    for (uint32_t id = 1; id < 100; id += 2) {
      absl::StrAppend(&bytes,
                      Frame(kHeaders, kEndHeadersFlag, id, RequestBlock("/")),
                      Frame(kRstStream, 0, id, Number(kCancel, 4)));
    }
    absl::Status sent = co_await end.Send(bytes);
    co_return sent;
  });
  EXPECT_EQ(most, 5u);
}

TEST(Http2HostileTest, PingsOfAPeerThatReadsNothingStopItsReading) {
  size_t sent = 0;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [near, far] = MakePipe(executor, 4096);
    ServerSession session(executor, std::move(far), {}, EchoStream);
    TaskGroup group(executor);
    group.Spawn([&session]() -> Task<absl::Status> {
      absl::Status served = co_await session.Serve();
      co_return served;
    });
    ByteStream& stream = *near;
    absl::Status flood = co_await WithDeadline(
        absl::Milliseconds(300), "flood", [&]() -> Task<absl::Status> {
          absl::Status written = co_await WriteAll(stream, Hello());
          const std::string ping = Frame(kPing, 0, 0, "12345678");
          while (written.ok()) {
            written = co_await WriteAll(stream, ping);
            ++sent;
          }
          co_return written;
        });
    near->Abort();
    absl::Status joined = co_await group.Join();
    joined.IgnoreError();
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
  // The queue, the pipe both ways and one read: no more was taken.
  EXPECT_LT(sent, 4000u);
}

TEST(Http2HostileTest, SilentPeerIsCutOffAfterTheHeaderTimeout) {
  SessionOptions options;
  options.header_timeout = absl::Milliseconds(30);
  for (const std::string& bytes :
       {std::string(kPreface, 10),
        absl::StrCat(Hello(), Frame(kHeaders, 0, 1, RequestBlock("/")))}) {
    Outcome outcome = Serve(
        EchoStream, options, [&bytes](PeerEnd& end) -> Task<absl::Status> {
          absl::Status sent = co_await end.Send(bytes);
          if (!sent.ok()) co_return sent;
          absl::Status closed = co_await end.WaitUntilClosed();
          co_return closed;
        });
    EXPECT_THAT(outcome.served, StatusIs(StatusCode::kDeadlineExceeded));
  }
}

TEST(Http2HostileTest, MalformedRequestEndsItsStreamOnly) {
  const std::string bytes = absl::StrCat(
      Hello(),
      Frame(kHeaders, kEndHeadersFlag | kEndStreamFlag, 1,
            Literal(":method", "GET")),
      Frame(kHeaders, kEndHeadersFlag | kEndStreamFlag, 3,
            absl::StrCat(RequestBlock("/"), Literal("Upper", "case"))),
      Frame(kHeaders, kEndHeadersFlag | kEndStreamFlag, 5,
            absl::StrCat(RequestBlock("/"), Literal("connection", "close"))),
      Frame(kHeaders, kEndHeadersFlag | kEndStreamFlag, 7, RequestBlock("/")));
  Outcome outcome = ServeBytes(bytes);
  std::vector<uint32_t> reset;
  std::vector<uint32_t> answered;
  for (const ReceivedFrame& frame : outcome.frames) {
    if (frame.type == kRstStream) reset.push_back(frame.stream);
    if (frame.type == kHeaders) answered.push_back(frame.stream);
  }
  EXPECT_THAT(reset, ::testing::IsSupersetOf({1u, 5u}));
  EXPECT_THAT(answered, ::testing::Contains(7u));
  EXPECT_EQ(GoAwayCode(outcome.frames), -1);
}

TEST(Http2HostileTest, SettingsAreAcknowledged) {
  Outcome outcome =
      ServeBytes(absl::StrCat(Hello(), Repeat(Frame(kSettings, 0, 0, ""), 3)));
  size_t acks = 0;
  for (const ReceivedFrame& frame : outcome.frames) {
    if (frame.type == kSettings && (frame.flags & kAckFlag) != 0) ++acks;
  }
  EXPECT_EQ(acks, 4u);
}

}  // namespace
}  // namespace fairway::net::http2
