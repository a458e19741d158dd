// SPDX-License-Identifier: Apache-2.0
// What an application says before the pod's end has taken its connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "client/tools/portforward/testing/fake_pods.h"
#include "client/tools/portforward/testing/forwarding.h"
#include "net/io/byte_stream.h"

namespace fairway::portforward {
namespace {

using ::testing::MatchesRegex;

void OnePod(Forwarding& f) { f.pods.Set({Pod("web-0", "A")}); }

// Until so many bytes were sent in all; not for long.
Task<absl::Status> WaitSent(Forwarding& f, uint64_t bytes) {
  while (f.forwarder->stats().sent_bytes < bytes) {
    absl::Status slept = co_await Sleep(absl::Milliseconds(2));
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
  }
  co_return absl::OkStatus();
}

// A connection that says "early" to the first session, which has just taken
// another and has fallen silent behind it.
struct Early {
  std::vector<Connection> taken;
  Connection connection;
};

// Early is within a moment, which a slow machine may miss: then once more.
Task<absl::Status> SpeakInSilence(Forwarding& f, Early* early) {
  FakeSession* session = co_await f.pods.WaitSession("A", 0);
  Connection& connection = early->connection;
  for (int i = 0; i < 5; ++i) {
    Connection taken;
    absl::Status status = co_await f.Connect(&taken, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    early->taken.push_back(std::move(taken));
    session->SetSilent(true);
    const uint64_t before = f.forwarder->stats().sent_bytes;
    status = co_await f.Dial(&connection);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*connection.local, "early");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await WithDeadline(
        absl::Milliseconds(300), "early",
        [&f, before]() { return WaitSent(f, before + 5); });
    if (!absl::IsDeadlineExceeded(status)) co_return status;
    session->SetSilent(false);
    status = co_await f.Arrive(&connection, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    early->taken.push_back(std::move(connection));
    connection = Connection();
  }
  co_return absl::UnknownError("nothing was said early");
}

Task<absl::Status> HearEarly(Connection* connection) {
  std::string got(5, '\0');
  absl::Status heard =
      co_await net::ReadFull(*connection->data, absl::MakeSpan(got));
  EXPECT_EQ(got, "early");
  co_return heard;
}

TEST(EarlyWordsTest, WaitForTheirSessionAsAnOpenConnectionDoes) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Early early;
    Connection other;
    absl::Status status = co_await SpeakInSilence(f, &early);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // New ones are led elsewhere meanwhile.
    status = co_await f.Connect(&other, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].sessions[0]->SetSilent(false);
    status = co_await f.Arrive(&early.connection, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await HearEarly(&early.connection);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&early.connection);
    EXPECT_EQ(f.pods["A"].sessions.size(), 2u);
    EXPECT_EQ(f.err_out.str(), "");
    co_return status;
  });
}

TEST(EarlyWordsTest, AreNotWaitedForWithoutEnd) {
  RunForwarder(
      [](Forwarding& f) {
        OnePod(f);
        f.pods.client_options.create_stream_timeout = absl::Milliseconds(2500);
      },
      [](Forwarding& f) -> Task<absl::Status> {
        Early early;
        absl::Status status = co_await SpeakInSilence(f, &early);
        FAIRWAY_CO_RETURN_IF_ERROR(status);
        const absl::Time said = absl::Now();
        std::string end = co_await End(&early.connection);
        EXPECT_EQ(end, "ABORTED");
        // Of the time for the streams 2 s are over when others go elsewhere.
        EXPECT_LT(absl::Now() - said, absl::Milliseconds(3500));
        while (f.err_out.str().empty()) {
          status = co_await Sleep(absl::Milliseconds(5));
          FAIRWAY_CO_RETURN_IF_ERROR(status);
        }
        EXPECT_THAT(f.err_out.str(),
                    MatchesRegex("E[^\n]*. error creating error stream for "
                                 "port [0-9]+ -> 80: Timeout occurred\n"));
        FakeSession* next = co_await f.pods.WaitSession("A", 1);
        EXPECT_TRUE(next != nullptr && next->streams.empty());
        f.pods["A"].sessions[0]->SetSilent(false);
        co_return absl::OkStatus();
      });
}

TEST(EarlyWordsTest, AreLostWithTheirSession) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Early early;
    Connection fresh;
    absl::Status status = co_await SpeakInSilence(f, &early);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].sessions[0]->Lose();
    std::string end = co_await End(&early.connection);
    EXPECT_EQ(end, "ABORTED");
    status = co_await f.Connect(&fresh, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_TRUE(f.pods["A"].sessions[1]->streams.empty());
    EXPECT_THAT(
        f.err_out.str(),
        MatchesRegex("lost connection to pod/web-0: [^\n]*; reconnecting\n"
                     "connected to pod/web-0\n"));
    co_return absl::OkStatus();
  });
}

TEST(EarlyWordsTest, AreSaidAgainWhereTheStreamsAreRefused) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Early early;
    absl::Status status = co_await SpeakInSilence(f, &early);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].sessions[0]->server->Drain();
    f.pods["A"].sessions[0]->SetSilent(false);
    status = co_await f.Arrive(&early.connection, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await HearEarly(&early.connection);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&early.connection);
    EXPECT_EQ(f.err_out.str(), "");
    co_return status;
  });
}

// By then a session that lives would have taken the connection.
TEST(EarlyWordsTest, WhoSpeaksLaterIsNotTiedToASilentSession) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection taken, late;
    absl::Status status = co_await f.Connect(&taken, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods["A"].sessions[0]->SetSilent(true);
    status = co_await f.Dial(&late);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Sleep(absl::Milliseconds(150));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*late.local, "early");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&late, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await HearEarly(&late);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Exchange(&late);
    EXPECT_EQ(f.err_out.str(), "");
    f.pods["A"].sessions[0]->SetSilent(false);
    co_return status;
  });
}

}  // namespace
}  // namespace fairway::portforward
