// SPDX-License-Identifier: Apache-2.0
// The rules by which a session opens, numbers, drains and ends, one by one,
// toward a peer that keeps or breaks them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/peer_bench.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

// The next frame of type F, whatever comes before it.
template <typename F>
Task<absl::StatusOr<F>> Skip(RawPeer& peer) {
  while (true) {
    absl::StatusOr<Frame> frame = co_await peer.Next();
    if (!frame.ok()) co_return frame.status();
    if (auto* wanted = std::get_if<F>(&*frame)) co_return std::move(*wanted);
    if (std::holds_alternative<std::monostate>(*frame)) {
      co_return absl::UnavailableError("the transport ended");
    }
  }
}

// Takes nothing but an answer to this ping.
Task<absl::Status> ExpectOnlyPong(RawPeer& peer, uint32_t id) {
  peer.Ping(id);
  absl::Status sent = co_await peer.Send();
  if (!sent.ok()) co_return sent;
  absl::StatusOr<PingFrame> pong = co_await peer.Expect<PingFrame>();
  if (!pong.ok()) co_return pong.status();
  EXPECT_EQ(pong->id, id);
  co_return absl::OkStatus();
}

// Agrees on windows with a server, and opens stream 1.
Task<absl::Status> OpenWithWindows(RawPeer& peer) {
  peer.Settings(64 * 1024).SynStream(1);
  absl::Status sent = co_await peer.Send();
  if (!sent.ok()) co_return sent;
  absl::StatusOr<SynReplyFrame> reply = co_await Skip<SynReplyFrame>(peer);
  co_return reply.status();
}

Task<absl::Status> OpenWithoutWindows(RawPeer& peer) {
  peer.SynStream(1);
  absl::Status sent = co_await peer.Send();
  if (!sent.ok()) co_return sent;
  absl::StatusOr<SynReplyFrame> reply = co_await peer.Expect<SynReplyFrame>();
  co_return reply.status();
}

// A client of ours that has one stream.
Task<absl::StatusOr<std::unique_ptr<Stream>>> ClientsStream(Bench& bench) {
  Executor executor = co_await kThisExecutor;
  Creating creating(executor, *bench.session);
  absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
  if (!id.ok()) co_return id.status();
  bench.peer->SynReply(*id);
  absl::Status sent = co_await bench.peer->Send();
  if (!sent.ok()) co_return sent;
  absl::Status created = co_await creating.tasks.Join();
  if (!created.ok()) co_return created;
  co_return std::move(creating.stream);
}

// What the API server sends before the client has read the 101 is lost.
TEST(OpeningTest, ServerSaysNothingBeforeTheClient) {
  SessionOptions options;
  options.ping_period = absl::Milliseconds(5);
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        absl::Status slept = co_await Sleep(absl::Milliseconds(60));
        EXPECT_THAT(slept, IsOk());
        bench.session->Drain();
        absl::StatusOr<Frame> frame = co_await bench.peer->Next();
        EXPECT_THAT(frame, IsOk());
        EXPECT_EQ(frame->index(), 0u);  // it closed, that is all
        absl::Status reason = co_await bench.session->WaitClosed();
        co_return reason;
      },
      options);
}

TEST(OpeningTest, ClientSendsAPeerWithoutWindowsNeitherUpdatesNorProbes) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        co_await ClientsStream(bench);
    if (!stream.ok()) co_return stream.status();
    absl::StatusOr<bool> apart = co_await bench.session->KeepsStreamsApart();
    EXPECT_THAT(apart, IsOk());
    EXPECT_FALSE(*apart);
    Executor executor = co_await kThisExecutor;
    TaskGroup tasks(executor);
    bench.peer->Data(1, std::string(3 << 20, 'x'));
    tasks.Spawn(
        [&bench]() -> Task<absl::Status> { return bench.peer->Send(); });
    std::string heard(3 << 20, '\0');
    absl::Status read = co_await net::ReadFull(**stream, absl::MakeSpan(heard));
    EXPECT_THAT(read, IsOk());
    absl::Status sent = co_await tasks.Join();
    EXPECT_THAT(sent, IsOk());
    absl::Status pong = co_await ExpectOnlyPong(*bench.peer, 2);
    co_return pong;
  });
}

TEST(PingTest, OnlyThePeersOwnNumbersAreAnswered) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    absl::Status opened = co_await OpenWithoutWindows(*bench.peer);
    EXPECT_THAT(opened, IsOk());
    bench.peer->Ping(2).Ping(4);  // a server's
    absl::Status pong = co_await ExpectOnlyPong(*bench.peer, 7);
    co_return pong;
  });
}

TEST(NumbersTest, ServersStreamsAreRefused) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        co_await ClientsStream(bench);
    if (!stream.ok()) co_return stream.status();
    bench.peer->SynStream(2);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    uint32_t status = co_await NextRst(*bench.peer, 2);
    EXPECT_EQ(status, 3u);
    absl::Status pong = co_await ExpectOnlyPong(*bench.peer, 2);
    co_return pong;
  });
}

TEST(NumbersTest, RunOut) {
  SessionOptions options;
  options.max_stream_id = 2;  // the next after 1 would be 3
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        absl::StatusOr<std::unique_ptr<Stream>> stream =
            co_await ClientsStream(bench);
        EXPECT_THAT(stream, IsOk());
        absl::StatusOr<std::unique_ptr<Stream>> next =
            co_await bench.session->CreateStream({});
        EXPECT_THAT(next, StatusIs(StatusCode::kResourceExhausted));
        absl::Status pong = co_await ExpectOnlyPong(*bench.peer, 2);
        co_return pong;
      },
      options);
}

TEST(NumbersTest, TheHighestOneWorks) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    peer.SynStream(0x7fffffff).Data(0x7fffffff, "last", Fin::kYes);
    peer.SynStream(1);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply = co_await peer.Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    EXPECT_EQ(reply->stream_id, 0x7fffffffu);
    uint32_t status = co_await NextRst(peer, 1);
    EXPECT_EQ(status, 1u);
    char buf[4];
    absl::Status read =
        co_await net::ReadFull(*bench.accepted.at(0), absl::MakeSpan(buf));
    co_return read;
  });
}

TEST(NumbersTest, ServerRefusesMoreStreamsThanItsLimit) {
  SessionOptions options;
  options.max_streams = 2;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        RawPeer& peer = *bench.peer;
        peer.SynStream(1).SynStream(3).SynStream(5);
        absl::Status sent = co_await peer.Send();
        EXPECT_THAT(sent, IsOk());
        for (int i = 0; i < 2; ++i) {
          absl::StatusOr<SynReplyFrame> reply =
              co_await peer.Expect<SynReplyFrame>();
          EXPECT_THAT(reply, IsOk());
        }
        uint32_t status = co_await NextRst(peer, 5);
        EXPECT_EQ(status, 3u);
        bench.accepted.clear();
        for (uint32_t id : {1u, 3u}) {
          status = co_await NextRst(peer, id);
          EXPECT_EQ(status, 5u);
        }
        peer.SynStream(7);
        sent = co_await peer.Send();
        EXPECT_THAT(sent, IsOk());
        absl::StatusOr<SynReplyFrame> reply =
            co_await peer.Expect<SynReplyFrame>();
        co_return reply.status();
      },
      options);
}

TEST(ReplyTest, TwiceResetsTheStream) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        co_await ClientsStream(bench);
    if (!stream.ok()) co_return stream.status();
    bench.peer->SynReply(1).SynReply(99);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    uint32_t status = co_await NextRst(*bench.peer, 1);
    EXPECT_EQ(status, 8u);
    char byte;
    absl::StatusOr<size_t> n =
        co_await (*stream)->Read(absl::MakeSpan(&byte, 1));
    EXPECT_THAT(n, StatusIs(StatusCode::kAborted));
    absl::Status pong = co_await ExpectOnlyPong(*bench.peer, 2);
    co_return pong;
  });
}

TEST(ReplyTest, DataBeforeItIsKept) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Creating creating(executor, *bench.session);
    absl::StatusOr<uint32_t> id = co_await TakeOpening(*bench.peer);
    EXPECT_THAT(id, IsOk());
    bench.peer->Data(*id, "early").SynReply(*id).Data(*id, "", Fin::kYes);
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status created = co_await creating.tasks.Join();
    EXPECT_THAT(created, IsOk());
    char buf[16];
    absl::StatusOr<size_t> n =
        co_await (*creating.stream)->Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(absl::string_view(buf, *n), "early");
    n = co_await (*creating.stream)->Read(absl::MakeSpan(buf));
    EXPECT_THAT(n, IsOk());
    EXPECT_EQ(*n, 0u);
    co_return absl::OkStatus();
  });
}

TEST(ReplyTest, FinMayComeWithSynStreamSynReplyOrHeaders) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    FrameWriter writer;
    std::string bytes;
    SynStreamFrame syn;
    syn.stream_id = 1;
    syn.fin = true;
    EXPECT_THAT(writer.AppendSynStream(syn, &bytes), IsOk());
    syn.stream_id = 3;
    syn.fin = false;
    EXPECT_THAT(writer.AppendSynStream(syn, &bytes), IsOk());
    HeadersFrame headers;
    headers.stream_id = 3;
    headers.fin = true;
    EXPECT_THAT(writer.AppendHeaders(headers, &bytes), IsOk());
    peer.Bytes(bytes);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    for (size_t i = 0; i < 2; ++i) {
      absl::StatusOr<SynReplyFrame> reply =
          co_await peer.Expect<SynReplyFrame>();
      EXPECT_THAT(reply, IsOk());
      char byte;
      absl::StatusOr<size_t> n =
          co_await bench.accepted.at(i)->Read(absl::MakeSpan(&byte, 1));
      EXPECT_THAT(n, IsOk());
      EXPECT_EQ(*n, 0u);
    }
    co_return absl::OkStatus();
  });
}

// A Go peer goes on writing; what it wrote has used the session's window.
TEST(WindowTest, DataBehindOurRstIsCountedAndGivenBack) {
  SessionOptions options;
  options.session_window_bytes = 64 * 1024;
  options.max_stream_window_bytes = 64 * 1024;
  options.stream_window_bytes = 64 * 1024;
  WithServer(
      [](Bench& bench) -> Task<absl::Status> {
        RawPeer& peer = *bench.peer;
        absl::Status opened = co_await OpenWithWindows(peer);
        EXPECT_THAT(opened, IsOk());
        bench.accepted.at(0)->Reset();
        absl::StatusOr<RstStreamFrame> rst =
            co_await Skip<RstStreamFrame>(peer);
        EXPECT_THAT(rst, IsOk());
        for (int i = 0; i < 10; ++i) {
          peer.Data(1, std::string(40 * 1024, 'x'));
          absl::Status sent = co_await peer.Send();
          EXPECT_THAT(sent, IsOk());
          absl::StatusOr<WindowUpdateFrame> update =
              co_await Skip<WindowUpdateFrame>(peer);
          EXPECT_THAT(update, IsOk());
          if (!update.ok()) co_return update.status();
          EXPECT_EQ(update->stream_id, 0u);
        }
        // 31 KiB are not given back yet, and so 33 are left.
        peer.Data(1, std::string(31 * 1024, 'x')).Ping(9);
        absl::Status sent = co_await peer.Send();
        EXPECT_THAT(sent, IsOk());
        uint32_t pong = 0;
        while (pong != 9) {
          absl::StatusOr<PingFrame> ping = co_await Skip<PingFrame>(peer);
          if (!ping.ok()) co_return ping.status();
          pong = ping->id;
        }
        peer.Data(1, std::string(60 * 1024, 'x'));
        sent = co_await peer.Send();
        EXPECT_THAT(sent, IsOk());
        absl::StatusOr<GoAwayFrame> go_away = co_await Skip<GoAwayFrame>(peer);
        EXPECT_THAT(go_away, IsOk());
        EXPECT_EQ(go_away->status, GoAwayStatus::kProtocolError);
        absl::Status reason = co_await bench.session->WaitClosed();
        EXPECT_THAT(reason, StatusIs(StatusCode::kInvalidArgument,
                                     HasSubstr("session's window")));
        co_return absl::OkStatus();
      },
      options);
}

TEST(WindowTest, MayNotBeRaisedBeyond31Bits) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    absl::Status opened = co_await OpenWithWindows(peer);
    EXPECT_THAT(opened, IsOk());
    peer.WindowUpdate(1, 0x7fffffff).WindowUpdate(99, 5);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    uint32_t status = co_await NextRst(peer, 1);
    EXPECT_EQ(status, 7u);
    peer.WindowUpdate(0, 0x7fffffff);
    sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<GoAwayFrame> go_away = co_await peer.Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    absl::Status reason = co_await bench.session->WaitClosed();
    EXPECT_THAT(reason, StatusIs(StatusCode::kInvalidArgument));
    co_return absl::OkStatus();
  });
}

TEST(WindowTest, SettingsMayTakeBackWhatWasGiven) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    absl::Status opened = co_await OpenWithWindows(peer);
    EXPECT_THAT(opened, IsOk());
    Executor executor = co_await kThisExecutor;
    TaskGroup tasks(executor);
    Stream* stream = bench.accepted.at(0).get();
    tasks.Spawn([stream]() -> Task<absl::Status> {
      const std::string bytes(50 * 1024, 'x');
      absl::Status written = co_await net::WriteAll(*stream, bytes);
      if (!written.ok()) co_return written;
      written = co_await net::WriteAll(*stream, "the rest");
      co_return written;
    });
    size_t came = 0;
    while (came < 50 * 1024) {
      absl::StatusOr<DataPiece> piece = co_await peer.Expect<DataPiece>();
      if (!piece.ok()) co_return piece.status();
      came += piece->payload.size();
    }
    // 50 KiB are out of 64; now the window is 10, so 40 too many.
    peer.Settings(10 * 1024).WindowUpdate(1, 40 * 1024);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<DataPiece> early = co_await peer.Expect<DataPiece>();
    // It may have been sent before SETTINGS came.
    if (early.ok()) came += early->payload.size();
    if (came == 50 * 1024) {
      EXPECT_EQ(tasks.running(), 1u);
      peer.WindowUpdate(1, 8);
      sent = co_await peer.Send();
      EXPECT_THAT(sent, IsOk());
      early = co_await peer.Expect<DataPiece>();
      EXPECT_THAT(early, IsOk());
    }
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  });
}

TEST(GoAwayTest, StreamsThatThePeerNeverSawAreRefusedAndOthersLive) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        co_await ClientsStream(bench);
    if (!stream.ok()) co_return stream.status();
    Executor executor = co_await kThisExecutor;
    Creating late(executor, *bench.session);
    absl::StatusOr<SynStreamFrame> syn =
        co_await bench.peer->Expect<SynStreamFrame>();
    EXPECT_THAT(syn, IsOk());
    EXPECT_EQ(syn->stream_id, 3u);
    bench.peer->GoAway(1).GoAway(1).Data(1, "still here");
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::Status refused = co_await late.tasks.Join();
    EXPECT_THAT(refused, StatusIs(StatusCode::kAborted, "Stream refused"));
    absl::StatusOr<std::unique_ptr<Stream>> none =
        co_await bench.session->CreateStream({});
    EXPECT_THAT(none, StatusIs(StatusCode::kUnavailable));
    char buf[10];
    absl::Status read = co_await net::ReadFull(**stream, absl::MakeSpan(buf));
    co_return read;
  });
}

// Go stops reading at a GOAWAY, and what follows it would be lost.
TEST(DrainTest, PeerWithoutWindowsGetsGoAwayBehindItsLastStream) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    absl::Status opened = co_await OpenWithoutWindows(peer);
    EXPECT_THAT(opened, IsOk());
    bench.session->Drain();
    bench.session->Drain();
    peer.SynStream(3).Data(1, "question", Fin::kYes);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    uint32_t status = co_await NextRst(peer, 3);
    EXPECT_EQ(status, 3u);
    absl::Status written = co_await net::WriteAll(*bench.accepted.at(0), "yes");
    EXPECT_THAT(written, IsOk());
    absl::StatusOr<DataPiece> piece = co_await peer.Expect<DataPiece>();
    EXPECT_THAT(piece, IsOk());
    absl::Status closed = co_await bench.accepted[0]->CloseWrite();
    EXPECT_THAT(closed, IsOk());
    piece = co_await peer.Expect<DataPiece>();
    EXPECT_THAT(piece, IsOk());
    EXPECT_TRUE(piece->fin);
    absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
    EXPECT_THAT(ping, IsOk());
    peer.Ping(ping->id);
    sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<GoAwayFrame> go_away = co_await peer.Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    EXPECT_EQ(go_away->last_good_stream_id, 3u);
    closed = co_await peer.transport().Close();
    EXPECT_THAT(closed, IsOk());
    absl::Status reason = co_await bench.session->WaitClosed();
    co_return reason;
  });
}

TEST(DrainTest, PeerWithWindowsIsToldAtOnce) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    absl::Status opened = co_await OpenWithWindows(peer);
    EXPECT_THAT(opened, IsOk());
    bench.session->Drain();
    absl::StatusOr<GoAwayFrame> go_away = co_await peer.Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    EXPECT_EQ(go_away->last_good_stream_id, 1u);
    EXPECT_EQ(go_away->status, GoAwayStatus::kOk);
    // A stream that was under way meanwhile.
    peer.SynStream(3).Data(1, "", Fin::kYes);
    absl::Status sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    uint32_t status = co_await NextRst(peer, 3);
    EXPECT_EQ(status, 3u);
    absl::Status closed = co_await bench.accepted.at(0)->CloseWrite();
    EXPECT_THAT(closed, IsOk());
    absl::StatusOr<PingFrame> ping = co_await Skip<PingFrame>(peer);
    EXPECT_THAT(ping, IsOk());
    peer.Ping(ping->id);
    sent = co_await peer.Send();
    EXPECT_THAT(sent, IsOk());
    go_away = co_await peer.Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    closed = co_await peer.transport().Close();
    EXPECT_THAT(closed, IsOk());
    absl::Status reason = co_await bench.session->WaitClosed();
    co_return reason;
  });
}

TEST(DrainTest, IdleSessionClosesAtOnce) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    bench.session->Drain();
    absl::StatusOr<std::unique_ptr<Stream>> late =
        co_await bench.session->CreateStream({});
    EXPECT_THAT(late, StatusIs(StatusCode::kUnavailable));
    for (int i = 0; i < 2; ++i) {  // of the opening, and of the end
      absl::StatusOr<PingFrame> ping = co_await Skip<PingFrame>(*bench.peer);
      if (!ping.ok()) co_return ping.status();
      bench.peer->Ping(ping->id);
    }
    absl::Status sent = co_await bench.peer->Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<GoAwayFrame> go_away =
        co_await bench.peer->Expect<GoAwayFrame>();
    EXPECT_THAT(go_away, IsOk());
    absl::StatusOr<Frame> end = co_await bench.peer->Next();
    EXPECT_THAT(end, IsOk());
    EXPECT_EQ(end->index(), 0u);
    absl::Status reason = co_await bench.session->WaitClosed();
    co_return reason;
  });
}

// Questions without end, whose answers nobody reads.
TEST(FloodTest, AnswersThatNobodyReadsAreBounded) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup tasks(executor);
    std::string pings;
    for (int i = 0; i < 30000; ++i) AppendPing({1}, &pings);
    bench.peer->Bytes(pings);
    tasks.Spawn(
        [&bench]() -> Task<absl::Status> { return bench.peer->Send(); });
    absl::Status slept = co_await Sleep(absl::Milliseconds(400));
    EXPECT_THAT(slept, IsOk());
    EXPECT_EQ(tasks.running(), 1u);
    std::string pongs(pings.size(), '\0');
    absl::Status read =
        co_await net::ReadFull(bench.peer->transport(), absl::MakeSpan(pongs));
    EXPECT_THAT(read, IsOk());
    EXPECT_TRUE(pongs == pings);
    absl::Status joined = co_await tasks.Join();
    co_return joined;
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
