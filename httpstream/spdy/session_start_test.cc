// SPDX-License-Identifier: Apache-2.0
// Streams that are used before the peer has accepted them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/peer_bench.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;

// Takes what a client's session begins with.
Task<void> TakeGreeting(RawPeer& peer) {
  absl::StatusOr<SettingsFrame> settings =
      co_await peer.Expect<SettingsFrame>();
  EXPECT_THAT(settings, IsOk());
  absl::StatusOr<PingFrame> ping = co_await peer.Expect<PingFrame>();
  EXPECT_THAT(ping, IsOk());
}

TEST(StartStreamTest, PairAndItsFirstBytesLeaveBeforeAnyReply) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    RawPeer& peer = *bench.peer;
    absl::StatusOr<std::unique_ptr<Stream>> error =
        bench.session->StartStream({{"streamType", "error"}});
    EXPECT_THAT(error, IsOk());
    absl::StatusOr<std::unique_ptr<Stream>> data =
        bench.session->StartStream({{"streamType", "data"}});
    EXPECT_THAT(data, IsOk());
    absl::Status status = co_await (*error)->CloseWrite();
    EXPECT_THAT(status, IsOk());
    status = co_await net::WriteAll(**data, "early");
    EXPECT_THAT(status, IsOk());
    co_await TakeGreeting(peer);
    for (const auto* stream : {&*error, &*data}) {
      absl::StatusOr<SynStreamFrame> syn =
          co_await peer.Expect<SynStreamFrame>();
      if (!syn.ok()) co_return syn.status();
      EXPECT_EQ(syn->stream_id, (*stream)->identifier());
      EXPECT_EQ(syn->headers.Get("streamType"),
                (*stream)->headers().Get("streamType"));
    }
    absl::StatusOr<DataPiece> fin = co_await peer.Expect<DataPiece>();
    if (!fin.ok()) co_return fin.status();
    EXPECT_EQ(fin->stream_id, (*error)->identifier());
    EXPECT_TRUE(fin->fin);
    absl::StatusOr<DataPiece> early = co_await peer.Expect<DataPiece>();
    if (!early.ok()) co_return early.status();
    EXPECT_EQ(early->payload, "early");

    // The peer may answer with bytes first.
    peer.Data((*data)->identifier(), "answer");
    status = co_await peer.Send();
    EXPECT_THAT(status, IsOk());
    char bytes[6];
    status = co_await net::ReadFull(**data, absl::MakeSpan(bytes));
    EXPECT_THAT(status, IsOk());
    EXPECT_EQ(absl::string_view(bytes, sizeof(bytes)), "answer");
    peer.SynReply((*error)->identifier()).SynReply((*data)->identifier());
    status = co_await peer.Send();
    EXPECT_THAT(status, IsOk());
    status = co_await (*error)->WaitReplied();
    EXPECT_THAT(status, IsOk());
    status = co_await (*data)->WaitReplied();
    EXPECT_THAT(status, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(StartStreamTest, RefusalIsToldToAllWhoUseTheStream) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        bench.session->StartStream({});
    EXPECT_THAT(stream, IsOk());
    absl::Status status = co_await net::WriteAll(**stream, "early");
    EXPECT_THAT(status, IsOk());
    Executor executor = co_await kThisExecutor;
    absl::Status replied, readable;
    TaskGroup waiting(executor);
    waiting.Spawn([&]() -> Task<absl::Status> {
      replied = co_await (*stream)->WaitReplied();
      co_return absl::OkStatus();
    });
    waiting.Spawn([&]() -> Task<absl::Status> {
      readable = co_await (*stream)->WaitReadable();
      co_return absl::OkStatus();
    });
    bench.peer->Rst((*stream)->identifier(), RstStatus::kRefusedStream);
    status = co_await bench.peer->Send();
    EXPECT_THAT(status, IsOk());
    absl::Status joined = co_await waiting.Join();
    EXPECT_THAT(joined, IsOk());
    EXPECT_THAT(replied, StatusIs(StatusCode::kAborted, "Stream refused"));
    EXPECT_THAT(readable, StatusIs(StatusCode::kAborted));
    status = co_await net::WriteAll(**stream, "late");
    EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
    co_return absl::OkStatus();
  });
}

// Go's server may send what its handler says before the SYN_REPLY, and a stream
// that both sides have ended is forgotten when that comes.
TEST(StartStreamTest, FirstWordsOfThePeerAreAReply) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        bench.session->StartStream({});
    EXPECT_THAT(stream, IsOk());
    absl::Status status = co_await (*stream)->CloseWrite();
    EXPECT_THAT(status, IsOk());
    const uint32_t id = (*stream)->identifier();
    status = co_await bench.peer->Data(id, "words", Fin::kYes).Send();
    EXPECT_THAT(status, IsOk());
    status = co_await (*stream)->WaitReplied();
    EXPECT_THAT(status, IsOk());
    char bytes[5];
    status = co_await net::ReadFull(**stream, absl::MakeSpan(bytes));
    EXPECT_THAT(status, IsOk());
    EXPECT_EQ(absl::string_view(bytes, sizeof(bytes)), "words");
    status = co_await bench.peer->SynReply(id).Send();
    co_return status;
  });
}

// Else whoever waits for both begins anew with streams that the peer has taken.
TEST(StartStreamTest, RepliesWinOverTheEndOfTheWaitInTheirTurn) {
  WithClient([](Bench& bench) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Stream>> error =
        bench.session->StartStream({});
    absl::StatusOr<std::unique_ptr<Stream>> data =
        bench.session->StartStream({});
    EXPECT_THAT(error, IsOk());
    EXPECT_THAT(data, IsOk());
    TaskGroup waiting(executor);
    waiting.Spawn([&error, &data]() -> Task<absl::Status> {
      absl::Status replied = co_await (*error)->WaitReplied();
      if (!replied.ok()) co_return replied;
      replied = co_await (*data)->WaitReplied();
      co_return replied;
    });
    bench.peer->SynReply((*error)->identifier())
        .SynReply((*data)->identifier());
    waiting.Cancel();
    absl::Status status = co_await bench.peer->Send();
    EXPECT_THAT(status, IsOk());
    status = co_await waiting.Join();
    co_return status;
  });
}

TEST(StartStreamTest, TimeForTheReplyRunsFromTheStreamsMaking) {
  SessionOptions options;
  options.create_stream_timeout = absl::Milliseconds(300);
  WithClient(
      [](Bench& bench) -> Task<absl::Status> {
        absl::StatusOr<std::unique_ptr<Stream>> stream =
            bench.session->StartStream({});
        EXPECT_THAT(stream, IsOk());
        const absl::Time made = absl::Now();
        absl::Status status = co_await WithDeadline(
            absl::Milliseconds(250), "first",
            [&stream]() { return (*stream)->WaitReplied(); });
        EXPECT_EQ(status.message(), "first: timed out after 250ms");
        const absl::Time begin = absl::Now();
        status = co_await (*stream)->WaitReplied();
        EXPECT_THAT(status, StatusIs(StatusCode::kDeadlineExceeded,
                                     "Timeout occurred"));
        EXPECT_GE(absl::Now() - made, absl::Milliseconds(300));
        EXPECT_LT(absl::Now() - begin, absl::Milliseconds(250));
        co_return absl::OkStatus();
      },
      options);
}

TEST(StartStreamTest, PeersStreamHasNoReplyToWaitFor) {
  WithServer([](Bench& bench) -> Task<absl::Status> {
    absl::Status sent = co_await bench.peer->SynStream(1).Send();
    EXPECT_THAT(sent, IsOk());
    absl::StatusOr<SynReplyFrame> reply =
        co_await bench.peer->Expect<SynReplyFrame>();
    EXPECT_THAT(reply, IsOk());
    absl::Status replied = co_await bench.accepted.at(0)->WaitReplied();
    co_return replied;
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
