// SPDX-License-Identifier: Apache-2.0
// Connections that reached nobody, and say again what they have said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/repeatable_stream.h"
#include "client/tools/portforward/testing/fake_pods.h"
#include "client/tools/portforward/testing/forwarding.h"
#include "net/io/byte_stream.h"

namespace fairway::portforward {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

void OnePod(Forwarding& f) { f.pods.Set({Pod("web-0", "A")}); }

// A connection that is told so by its first session, after it has said `ask`.
Task<absl::Status> MeetAnotherSandbox(Forwarding& f, Connection* connection,
                                      std::string ask) {
  // What was made right now is beyond doubt.
  absl::Status status = co_await Sleep(absl::Milliseconds(1100));
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await f.Dial(connection);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  TaskGroup writer(f.executor);
  writer.Spawn([&]() { return net::WriteAll(*connection->local, ask); });
  status = co_await f.Arrive(connection, "A", 0);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  std::string got(ask.size(), '\0');
  status = co_await net::ReadFull(*connection->data, absl::MakeSpan(got));
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  EXPECT_EQ(got, ask);
  status = co_await writer.Join();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await net::WriteAll(*connection->error,
                                  "error forwarding port 80 to pod 4711: "
                                  "container not running (4711)");
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await connection->error->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await connection->data->CloseWrite();
  co_return status;
}

TEST(RepeatTest, WhatReachedNobodyIsSaidAgain) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection connection;
    absl::Status status =
        co_await MeetAnotherSandbox(f, &connection, std::string(60000, 'x'));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&connection, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(60000, '\0');
    status = co_await net::ReadFull(*connection.data, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(got, std::string(60000, 'x'));
    // And from there on as ever.
    status = co_await f.Exchange(&connection);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await connection.local->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    absl::StatusOr<size_t> n =
        co_await connection.data->Read(absl::MakeSpan(got));
    EXPECT_EQ(n.value_or(1), 0u);
    EXPECT_EQ(f.forwarder->stats().sent_bytes, 60003u);
    EXPECT_EQ(f.err_out.str(), "");
    co_return absl::OkStatus();
  });
}

TEST(RepeatTest, WhatReachedNobodyIsSaidToTheNextPod) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    f.pods["A"].hold_from = 2;
    f.pods["B"].hold = true;
    Connection connection;
    absl::Status status = co_await MeetAnotherSandbox(f, &connection, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.pods.WaitDials("A", 2);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Set({Pod("web-1", "B")});
    // For longer than a gone pod's connection may stand still.
    status = co_await Sleep(absl::Milliseconds(800));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    f.pods.Release("B");
    status = co_await f.Arrive(&connection, "B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(3, '\0');
    status = co_await net::ReadFull(*connection.data, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(got, "ask");
    status = co_await f.Exchange(&connection);
    co_return status;
  });
}

// The program of a pod that was just started does not listen yet.
TEST(RepeatTest, SuccessorThatRefusesAtFirstIsAskedAgain) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    f.pods.Set({Pod("web-0", "B")});
    Connection connection;
    absl::Status status = co_await f.Connect(&connection, "B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    Connection early;
    status = co_await f.Dial(&early);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::WriteAll(*early.local, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(3, '\0');
    for (int refused = 0; refused < 3; ++refused) {
      status = co_await f.Arrive(&early, "B", 0);
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await net::ReadFull(*early.data, absl::MakeSpan(got));
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      EXPECT_EQ(got, "ask");
      status = co_await net::WriteAll(*early.error, "connection refused");
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await early.error->CloseWrite();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
      status = co_await early.data->CloseWrite();
      FAIRWAY_CO_RETURN_IF_ERROR(status);
    }
    status = co_await f.Arrive(&early, "B", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::ReadFull(*early.data, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(got, "ask");
    status = co_await f.Exchange(&early);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(f.pods["B"].dials, 1u);
    EXPECT_THAT(f.err_out.str(), Not(HasSubstr("refused")));
    co_return absl::OkStatus();
  });
}

TEST(RepeatTest, WhatReachedNobodyTwiceIsAnError) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection connection;
    absl::Status status = co_await MeetAnotherSandbox(f, &connection, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.Arrive(&connection, "A", 1);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Say(&connection, "container not running (4712)");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.WaitNoneOpen();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.err_out.str(),
                MatchesRegex("E[^\n]*: container not running .4712.\n"));
    co_return absl::OkStatus();
  });
}

TEST(RepeatTest, MoreThanCanBeKeptIsNotSaidAgain) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection connection;
    absl::Status status = co_await MeetAnotherSandbox(
        f, &connection, std::string(kMaxRepeatedBytes + 1, 'x'));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string end = co_await End(&connection);
    EXPECT_EQ(end, "");
    status = co_await f.WaitNoneOpen();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.err_out.str(), HasSubstr("container not running (4711)\n"));
    EXPECT_EQ(f.pods["A"].sessions[0]->streams.size(), 0u);
    co_return absl::OkStatus();
  });
}

TEST(RepeatTest, WhoWasAnsweredSaysNothingAgain) {
  RunForwarder(OnePod, [](Forwarding& f) -> Task<absl::Status> {
    Connection connection;
    absl::Status status = co_await f.Connect(&connection, "A", 0);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    // What was made right now is beyond doubt.
    status = co_await Sleep(absl::Milliseconds(1100));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Say(&connection, "container not running (4711)");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await f.WaitNoneOpen();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_THAT(f.err_out.str(), HasSubstr("container not running (4711)\n"));
    FakeSession* fresh = co_await f.pods.WaitSession("A", 1);
    EXPECT_TRUE(fresh != nullptr && fresh->streams.empty());
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::portforward
