// SPDX-License-Identifier: Apache-2.0
// Sessions toward peers that are not ours: without windows, late, or hostile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/golden.h"
#include "httpstream/spdy/testing/peer_bench.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(ClientOpeningTest, SendsSettingsThenPing) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<SettingsFrame> settings =
        co_await bench.peer->Expect<SettingsFrame>();
    EXPECT_THAT(settings, IsOk());
    EXPECT_EQ(settings->settings.at(0).id, kSettingInitialWindowSize);
    absl::StatusOr<PingFrame> ping = co_await bench.peer->Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    EXPECT_EQ(ping->id, 1u);
    co_return ping.status();
  });
}

TEST(ServerOpeningTest, AnswersSettingsBeforeThePing) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    bench.peer->Settings(1 << 20).Ping(1).SynStream(1);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SettingsFrame> settings =
        co_await bench.peer->Expect<SettingsFrame>();
    EXPECT_THAT(settings, IsOk());
    absl::StatusOr<WindowUpdateFrame> update =
        co_await bench.peer->Expect<WindowUpdateFrame>();
    EXPECT_THAT(update, IsOk());
    EXPECT_EQ(update->stream_id, 0u);
    absl::StatusOr<PingFrame> ping = co_await bench.peer->Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    absl::StatusOr<SynReplyFrame> reply =
        co_await bench.peer->Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(ServerOpeningTest, SettingsBehindTheFirstStreamAreIgnored) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    bench.peer->SynStream(1).Settings(1 << 20).Ping(1);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply =
        co_await bench.peer->Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    absl::StatusOr<PingFrame> ping = co_await bench.peer->Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(ServerTest, PeerWithoutWindowsGetsNoWindowUpdates) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    bench.peer->SynStream(1).Data(1, std::string(3 << 20, 'x'), Fin::kYes);
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> { return bench.peer->Send(); });
    absl::StatusOr<SynReplyFrame> reply =
        co_await bench.peer->Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    std::string heard(3 << 20, '\0');
    absl::Status read =
        co_await net::ReadFull(*bench.accepted.at(0), absl::MakeSpan(heard));
    EXPECT_THAT(read, IsOk());
    absl::Status joined = co_await tasks.Join();
    EXPECT_THAT(joined, IsOk());
    // Nor is a window waited for: this is more than 64 KiB.
    const std::string answer(200000, 'y');
    tasks.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await net::WriteAll(*bench.accepted[0], answer);
      co_return status;
    });
    size_t came = 0;
    while (came < answer.size()) {
      absl::StatusOr<DataPiece> piece =
          co_await bench.peer->Expect<DataPiece>();
      if (!piece.ok()) co_return piece.status();
      came += piece->payload.size();
    }
    joined = co_await tasks.Join();
    co_return joined;
  });
}

TEST(ServerTest, StalledStreamOfAPeerWithoutWindowsWaitsAndGoesOn) {
  SessionOptions options;
  options.receive_buffer_bytes = 64 * 1024;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        bench.peer->SynStream(1).Data(1, std::string(1 << 20, 'x')).Ping(1);
        TaskGroup tasks(executor);
        tasks.Spawn([&]() -> Task<absl::Status> { return bench.peer->Send(); });
        absl::StatusOr<SynReplyFrame> reply =
            co_await bench.peer->Expect<SynReplyFrame>();
        EXPECT_THAT(reply, IsOk());
        EXPECT_EQ(tasks.running(), 1u);  // its bytes find no room
        std::string heard(1 << 20, '\0');
        absl::Status read = co_await net::ReadFull(*bench.accepted.at(0),
                                                   absl::MakeSpan(heard));
        EXPECT_THAT(read, IsOk());
        absl::StatusOr<PingFrame> ping =
            co_await bench.peer->Expect<PingFrame>();
        EXPECT_THAT(ping, IsOk());
        absl::Status joined = co_await tasks.Join();
        co_return joined;
      },
      options);
}

TEST(ServerTest, StreamNumbersMustBeTheClientsAndRise) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    peer.SynStream(5).SynStream(3).SynStream(2).SynStream(5).Data(99, "x");
    peer.SynStream(7);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply = co_await peer.Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    uint32_t status = co_await NextRst(peer, 3);  // backward
    EXPECT_EQ(status, 1u);
    status = co_await NextRst(peer, 2);  // even
    EXPECT_EQ(status, 1u);
    status = co_await NextRst(peer, 5);  // twice: the first one dies too
    EXPECT_EQ(status, 1u);
    status = co_await NextRst(peer, 99);  // never opened
    EXPECT_EQ(status, 2u);
    reply = co_await peer.Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    EXPECT_EQ(reply->stream_id, 7u);
    char byte;
    absl::StatusOr<size_t> n =
        co_await bench.accepted.at(0)->Read(absl::MakeSpan(&byte, 1));
    EXPECT_THAT(n, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

TEST(ServerTest, DataBehindOurRstIsDropped) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    peer.SynStream(1);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply = co_await peer.Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    bench.accepted.at(0)->Reset();
    uint32_t status = co_await NextRst(peer, 1);
    EXPECT_EQ(status, 5u);
    peer.Data(1, "still talking").Data(1, "", Fin::kYes).Ping(3);
    sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    EXPECT_EQ(ping->id, 3u);
    co_return absl::OkStatus();
  });
}

TEST(ServerTest, DataBehindTheFinResetsTheStream) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    peer.SynStream(1).Data(1, "x", Fin::kYes).Data(1, "y");
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply = co_await peer.Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    uint32_t status = co_await NextRst(peer, 1);
    EXPECT_EQ(status, 9u);
    co_return absl::OkStatus();
  });
}

TEST(ServerTest, StreamBeyondItsWindowIsReset) {
  SessionOptions options;
  options.stream_window_bytes = 64 * 1024;
  options.max_stream_window_bytes = 64 * 1024;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        RawPeer& peer = *bench.peer;
        peer.Settings(64 * 1024).SynStream(1);
        peer.Data(1, std::string(64 * 1024, 'x')).Data(1, "y").SynStream(3);
        Executor executor = co_await kThisExecutor;
        TaskGroup tasks(executor);
        tasks.Spawn([&]() -> Task<absl::Status> { return peer.Send(); });
        absl::StatusOr<SettingsFrame> settings =
            co_await peer.Expect<SettingsFrame>();
        EXPECT_THAT(settings, IsOk());
        absl::StatusOr<WindowUpdateFrame> update =
            co_await peer.Expect<WindowUpdateFrame>();
        EXPECT_THAT(update, IsOk());
        absl::StatusOr<SynReplyFrame> reply =
            co_await peer.Expect<SynReplyFrame>();
        EXPECT_THAT(reply, IsOk());
        uint32_t status = co_await NextRst(peer, 1);
        EXPECT_EQ(status, 7u);
        reply = co_await peer.Expect<SynReplyFrame>();
        EXPECT_THAT(reply, IsOk());
        EXPECT_EQ(reply->stream_id, 3u);
        absl::Status joined = co_await tasks.Join();
        co_return joined;
      },
      options);
}

TEST(ServerTest, BrokenProtocolEndsTheSessionWithGoAway) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    peer.SynStream(1).Bytes(absl::HexStringToBytes("8002000600000004"));
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply = co_await peer.Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    absl::StatusOr<GoAwayFrame> go_away = co_await peer.Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    EXPECT_EQ(go_away->status, GoAwayStatus::kProtocolError);
    EXPECT_EQ(go_away->last_good_stream_id, 1u);
    absl::Status reason = co_await bench.session->WaitClosed();
    EXPECT_THAT(reason,
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("version 2")));
    co_return absl::OkStatus();
  });
}

TEST(ServerTest, GoAwayAndCloseIsAnEndInGoodOrder) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    bench.peer->GoAway(0);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status closed = co_await bench.peer->transport().Close();
    EXPECT_THAT(closed, IsOk());
    absl::Status reason = co_await bench.session->WaitClosed();
    EXPECT_THAT(reason, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(ServerTest, LossWithOpenStreamsIsAnError) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    bench.peer->SynStream(1).Data(1, "tail");
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status closed = co_await bench.peer->transport().Close();
    EXPECT_THAT(closed, IsOk());
    absl::Status reason = co_await bench.session->WaitClosed();
    EXPECT_THAT(reason, StatusIs(StatusCode::kUnavailable));
    // What came is still there.
    char buf[16];
    Stream& stream = *bench.accepted.at(0);
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(*n, 4u);
    n = co_await stream.Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, StatusIs(StatusCode::kUnavailable));
    co_return absl::OkStatus();
  });
}

TEST(ClientTest, PingWithoutSettingsMeansNoWindows) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Creating creating(executor, *bench.session);
    absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
    EXPECT_THAT(id, IsOk());
    bench.peer->Ping(1).SynReply(*id).Settings(1 << 20);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status created = co_await creating.tasks.Join();
    EXPECT_THAT(created, IsOk());
    // 200,000 bytes with no WINDOW_UPDATE from the peer.
    const std::string bytes(200000, 'x');
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await net::WriteAll(**creating.stream, bytes);
      co_return status;
    });
    size_t came = 0;
    while (came < bytes.size()) {
      absl::StatusOr<DataPiece> piece =
          co_await bench.peer->Expect<DataPiece>();
      if (!piece.ok()) co_return piece.status();
      came += piece->payload.size();
    }
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  });
}

TEST(ClientTest, UndecidedStreamSendsItsFirst64KiB) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Creating creating(executor, *bench.session);
    absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
    EXPECT_THAT(id, IsOk());
    bench.peer->Settings(1 << 20).Ping(1).SynReply(*id);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status created = co_await creating.tasks.Join();
    EXPECT_THAT(created, IsOk());
    absl::StatusOr<WindowUpdateFrame> update =
        co_await bench.peer->Expect<WindowUpdateFrame>();
    EXPECT_THAT(update, IsOk());
    // The stream's window is 1 MiB, but the session's is still 64 KiB.
    const std::string bytes(100000, 'x');
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await net::WriteAll(**creating.stream, bytes);
      co_return status;
    });
    size_t came = 0;
    while (came < bytes.size()) {
      if (came == 64 * 1024) {
        EXPECT_EQ(tasks.running(), 1u);
        bench.peer->WindowUpdate(0, 64 * 1024);
        sent = co_await bench.peer->Send();
        EXPECT_THAT(sent, IsOk());
      }
      absl::StatusOr<DataPiece> piece =
          co_await bench.peer->Expect<DataPiece>();
      if (!piece.ok()) co_return piece.status();
      came += piece->payload.size();
    }
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  });
}

TEST(ClientTest, CreateStreamTimesOut) {
  SessionOptions options;
  options.create_stream_timeout = absl::Milliseconds(20);
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        Executor executor = co_await kThisExecutor;
        Creating creating(executor, *bench.session);
        absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
        EXPECT_THAT(id, IsOk());
        absl::Status created = co_await creating.tasks.Join();
        EXPECT_THAT(created, StatusIs(StatusCode::kDeadlineExceeded,
                                      "Timeout occurred"));
        uint32_t status = co_await NextRst(*bench.peer, *id);
        EXPECT_EQ(status, 5u);
        co_return absl::OkStatus();
      },
      options);
}

// Its peer was told of a lost connection instead of a reset.
TEST(ClientTest, ResetOfTheLastStreamGoesBeforeTheFarewell) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Creating creating(executor, *bench.session);
    absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
    EXPECT_THAT(id, IsOk());
    bench.peer->Ping(1).SynReply(*id);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status created = co_await creating.tasks.Join();
    EXPECT_THAT(created, IsOk());
    bench.session->Drain();
    (*creating.stream)->Reset();
    absl::StatusOr<RstStreamFrame> rst =
        co_await bench.peer->Expect<RstStreamFrame>();
    EXPECT_THAT(rst, IsOk());
    absl::StatusOr<PingFrame> ping = co_await bench.peer->Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(ClientTest, GoAwayClosesOnceTheLastStreamHasEnded) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Creating creating(executor, *bench.session);
    absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
    EXPECT_THAT(id, IsOk());
    bench.peer->SynReply(*id).GoAway(*id).Data(*id, "bye", Fin::kYes);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status created = co_await creating.tasks.Join();
    EXPECT_THAT(created, IsOk());
    char buf[3];
    absl::Status status =
        co_await net::ReadFull(**creating.stream, absl::MakeSpan(buf));
    EXPECT_THAT(status, IsOk());
    absl::StatusOr<std::unique_ptr<Stream>> late =
        co_await bench.session->CreateStream(net::http::Headers());
    EXPECT_THAT(late, StatusIs(StatusCode::kUnavailable));
    status = co_await (*creating.stream)->CloseWrite();
    EXPECT_THAT(status, IsOk());
    absl::StatusOr<DataPiece> fin = co_await bench.peer->Expect<DataPiece>();
    EXPECT_THAT(fin, IsOk());
    absl::StatusOr<PingFrame> ping = co_await bench.peer->Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    bench.peer->Ping(ping->id);
    sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<GoAwayFrame> go_away =
        co_await bench.peer->Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    absl::StatusOr<Frame> end = co_await bench.peer->Next();
    EXPECT_THAT(end, IsOk());
    EXPECT_EQ(end->index(), 0u);  // the client closes first
    status = co_await bench.session->WaitClosed();
    EXPECT_THAT(status, IsOk());
    co_return absl::OkStatus();
  });
}

// What Kubernetes' server sent, cut where it answers a SYN_STREAM.
std::vector<std::string> AnswersOfKubernetes(const char* name) {
  std::string all;
  for (const std::string& chunk : SpdyChunks(ReadGolden(name), "server")) {
    all += chunk;
  }
  const std::string syn_reply("\x80\x03\x00\x02", 4);
  std::vector<std::string> answers;
  for (size_t at = all.find(syn_reply); at != std::string::npos;) {
    const size_t next = all.find(syn_reply, at + 1);
    answers.push_back(all.substr(at, next - at));
    at = next;
  }
  return answers;
}

// Answers each SYN_STREAM as Kubernetes did.
Task<absl::Status> ReplayServer(RawPeer& peer,
                                const std::vector<std::string>& answers) {
  for (const std::string& answer : answers) {
    bool syn_came = false;
    while (!syn_came) {
      absl::StatusOr<Frame> frame = co_await peer.Next();
      if (!frame.ok()) co_return frame.status();
      syn_came = std::holds_alternative<SynStreamFrame>(*frame);
    }
    peer.Bytes(answer);
    absl::Status sent = co_await peer.Send();
    if (!sent.ok()) co_return sent;
  }
  co_return absl::OkStatus();
}

class GoldenServer : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenServer, OurClientUnderstandsKubernetes) {
  const std::vector<std::string> answers = AnswersOfKubernetes(GetParam());
  ASSERT_EQ(answers.size(), 4u);
  std::vector<std::string> heard;
  WithClient([&](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup tasks(executor);
    tasks.Spawn([&]() -> Task<absl::Status> {
      return ReplayServer(*bench.peer, answers);
    });
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 4; ++i) {
      absl::StatusOr<std::unique_ptr<Stream>> stream =
          co_await bench.session->CreateStream(net::http::Headers());
      if (!stream.ok()) co_return stream.status();
      streams.push_back(*std::move(stream));
    }
    for (const auto& stream : streams) {
      std::string bytes;
      while (true) {
        char buf[1024];
        absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(buf));
        if (!n.ok()) co_return n.status();
        if (*n == 0) break;
        bytes.append(buf, *n);
      }
      heard.push_back(bytes);
    }
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  });
  ASSERT_EQ(heard.size(), 4u);
  EXPECT_EQ(heard[0], "");
  EXPECT_EQ(heard[1], "hello\n");
  EXPECT_THAT(heard[2], HasSubstr("error forwarding port 7001 to pod "));
  EXPECT_THAT(heard[2], HasSubstr("Connection refused\n"));
  EXPECT_EQ(heard[3], "");
}

INSTANTIATE_TEST_SUITE_P(Kubernetes, GoldenServer,
                         ::testing::Values("session-kubectl-1.20.json",
                                           "session-kubectl-1.36.json"),
                         [](const auto& info) {
                           return info.index == 0 ? "V1_20" : "V1_36";
                         });

}  // namespace
}  // namespace fairway::httpstream::spdy
