// SPDX-License-Identifier: Apache-2.0
// A kubelet that is told to end, with sessions open through it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "httpstream/spdy/roundtripper.h"
#include "kubelet/server/testing/streaming_node.h"

namespace fairway::kubelet::server {
namespace {

using httpstream::Connection;
using httpstream::Stream;
using httpstream::spdy::SpdyRoundTripper;

constexpr absl::Duration kGrace = absl::Seconds(5);  // as the kubelet's

Task<absl::StatusOr<std::unique_ptr<Connection>>> Dial(net::http::Url url) {
  SpdyRoundTripper round_tripper{httpstream::spdy::RoundTripperOptions()};
  net::http::Request request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.Add(httpstream::kHeaderProtocolVersion,
                      httpstream::kPortForwardV1Name);
  absl::StatusOr<net::http::Response> response =
      co_await round_tripper.RoundTrip(std::move(request));
  if (!response.ok()) co_return response.status();
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      co_await round_tripper.NewConnection(*std::move(response));
  co_return connection;
}

Task<absl::StatusOr<std::unique_ptr<Stream>>> Open(Connection& connection,
                                                   std::string type, int port) {
  net::http::Headers headers = {
      {"streamType", type}, {"port", absl::StrCat(port)}, {"requestID", "0"}};
  absl::StatusOr<std::unique_ptr<Stream>> stream =
      co_await connection.CreateStream(std::move(headers));
  co_return stream;
}

class DrainTest : public ::testing::TestWithParam<Way> {};

TEST_P(DrainTest, IdleSessionDoesNotHoldTheKubelet) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    StreamingNode node(executor, GetParam());
    absl::Status started = node.Start();
    if (!started.ok()) co_return started;
    absl::StatusOr<std::unique_ptr<Connection>> session =
        co_await Dial(node.url);
    if (!session.ok()) co_return session.status();
    // It is served, and not only under way.
    absl::StatusOr<bool> apart = co_await (*session)->KeepsStreamsApart();
    if (!apart.ok()) co_return apart.status();

    const absl::Time began = absl::Now();
    absl::Status drained = co_await node.DrainKubelet(kGrace);
    EXPECT_THAT(drained, IsOk());
    EXPECT_LT(absl::Now() - began, absl::Seconds(1));
    // In good order, and the client knows.
    absl::Status closed = co_await (*session)->WaitClosed();
    EXPECT_THAT(closed, IsOk());
    absl::Status stopped = co_await node.Stop();
    co_return stopped;
  });
}

TEST_P(DrainTest, StreamThatMovesFinishes) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    StreamingNode node(executor, GetParam());
    absl::Status started = node.Start();
    if (!started.ok()) co_return started;
    absl::StatusOr<std::unique_ptr<Connection>> session =
        co_await Dial(node.url);
    if (!session.ok()) co_return session.status();
    absl::StatusOr<std::unique_ptr<Stream>> error =
        co_await Open(**session, "error", 3);
    if (!error.ok()) co_return error.status();
    absl::StatusOr<std::unique_ptr<Stream>> data =
        co_await Open(**session, "data", 3);
    if (!data.ok()) co_return data.status();

    TaskGroup draining(executor);
    absl::Time drained_at = absl::InfiniteFuture();
    draining.Spawn([&]() -> Task<absl::Status> {
      absl::Status drained = co_await node.DrainKubelet(kGrace);
      drained_at = absl::Now();
      co_return drained;
    });
    // The drain has come before the client has said anything.
    absl::StatusOr<std::unique_ptr<Stream>> refused =
        co_await Open(**session, "error", 3);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAborted));
    absl::Status status = co_await (*data)->CloseWrite();
    EXPECT_THAT(status, IsOk());
    status = co_await (*error)->CloseWrite();
    EXPECT_THAT(status, IsOk());
    status = co_await node.pod.WaitFor([&] { return !node.pod.heard.empty(); });
    EXPECT_THAT(status, IsOk());
    EXPECT_EQ(drained_at, absl::InfiniteFuture());
    const absl::Time released_at = absl::Now();
    node.pod.Release();
    char answer[4];
    status = co_await net::ReadFull(**data, absl::MakeSpan(answer));
    EXPECT_THAT(status, IsOk());
    EXPECT_EQ(std::string(answer, 4), "late");
    absl::StatusOr<size_t> end = co_await (*data)->Read(absl::MakeSpan(answer));
    EXPECT_THAT(end, IsOk());
    EXPECT_EQ(end.value_or(1), size_t{0});
    absl::Status drained = co_await draining.Join();
    EXPECT_THAT(drained, IsOk());
    EXPECT_LT(drained_at - released_at, absl::Seconds(1));
    absl::Status stopped = co_await node.Stop();
    co_return stopped;
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, DrainTest,
                         ::testing::Values(Way::kRelayed, Way::kHandedOver,
                                           Way::kRedirected),
                         [](const auto& info) {
                           if (info.param == Way::kRelayed) return "Relayed";
                           return info.param == Way::kHandedOver ? "HandedOver"
                                                                 : "Redirected";
                         });

}  // namespace
}  // namespace fairway::kubelet::server
