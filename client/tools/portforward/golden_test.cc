// SPDX-License-Identifier: Apache-2.0
// Conversations of Kubernetes' own servers, with our kubectl's forwarder in the
// place of Kubernetes'.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/rest/config.h"
#include "client/tools/portforward/portforward.h"
#include "client/tools/portforward/text_observer.h"
#include "client/transport/spdy/spdy.h"
#include "httpstream/spdy/framer.h"
#include "httpstream/spdy/testing/conversation.h"
#include "net/http/url.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

using httpstream::spdy::Ear;
using httpstream::spdy::Player;
using httpstream::spdy::Recording;
using httpstream::spdy::Said;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Kubernetes' server, as far as it was recorded.
class RecordedServer {
 public:
  RecordedServer(Executor executor, const Recording& recording)
      : executor_(executor), player_(recording) {}

  absl::Status Listen() {
    auto listener = net::ListenTcp(executor_, "127.0.0.1", 0);
    if (!listener.ok()) return listener.status();
    listener_ = *std::move(listener);
    return absl::OkStatus();
  }

  std::string url() const {
    return absl::StrCat("http://", listener_->address().ToString());
  }
  const Said& said() const { return ear_.said(); }

  // Serves one connection until the client closes it.
  Task<absl::Status> Serve() {
    absl::StatusOr<std::unique_ptr<net::Socket>> accepted =
        co_await listener_->Accept(executor_);
    FAIRWAY_CO_RETURN_IF_ERROR(accepted.status());
    net::Socket& client = **accepted;
    size_t answered_pings = 0;
    while (true) {
      char buf[4096];
      absl::StatusOr<size_t> n = co_await client.Read(absl::MakeSpan(buf));
      FAIRWAY_CO_RETURN_IF_ERROR(n.status());
      if (*n == 0) co_return absl::OkStatus();
      ear_.Hear(absl::string_view(buf, *n));
      std::string out = player_.Next(said());
      while (answered_pings < said().pings.size()) {
        httpstream::spdy::AppendPing({said().pings[answered_pings++]}, &out);
      }
      absl::Status sent = co_await net::WriteAll(client, out);
      FAIRWAY_CO_RETURN_IF_ERROR(sent);
    }
  }

 private:
  const Executor executor_;
  std::unique_ptr<net::Listener> listener_;
  Player player_;
  Ear ear_;
};

absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewDialer(
    const std::string& url) {
  rest::Config config;
  config.host = url;
  config.bearer_token = "secrettoken";
  absl::StatusOr<transport::spdy::RoundTripperAndUpgrader> made =
      transport::spdy::RoundTripperFor(config, {});
  if (!made.ok()) return made.status();
  absl::StatusOr<net::http::Url> target = net::http::ParseUrl(
      absl::StrCat(url, "/api/v1/namespaces/default/pods/load/portforward"));
  if (!target.ok()) return target.status();
  return transport::spdy::NewDialer(made->upgrader, made->round_tripper, "POST",
                                    *target);
}

// What the local applications saw: an echo on 7007, and 7001, which refuses.
struct Heard {
  std::string echo;
  std::string refused;
  uint16_t refused_port = 0;
};

Task<std::string> ReadToEnd(net::ByteStream& stream) {
  std::string all;
  while (true) {
    char buf[256];
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
    if (!n.ok() || *n == 0) co_return all;
    all.append(buf, *n);
  }
}

Task<absl::Status> UsePorts(PortForwarder& forwarder, Heard* heard) {
  absl::Status status = co_await forwarder.WaitReady();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  absl::StatusOr<std::vector<ForwardedPort>> ports = forwarder.GetPorts();
  FAIRWAY_CO_RETURN_IF_ERROR(ports.status());
  absl::StatusOr<std::unique_ptr<net::Socket>> echo =
      co_await net::DialTcp("127.0.0.1", (*ports)[0].local);
  FAIRWAY_CO_RETURN_IF_ERROR(echo.status());
  status = co_await net::WriteAll(**echo, "hello\n");
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  heard->echo.resize(6);
  status = co_await net::ReadFull(**echo, absl::MakeSpan(heard->echo));
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await (*echo)->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  std::string rest = co_await ReadToEnd(**echo);
  heard->echo += rest;

  heard->refused_port = (*ports)[1].local;
  absl::StatusOr<std::unique_ptr<net::Socket>> refused =
      co_await net::DialTcp("127.0.0.1", heard->refused_port);
  FAIRWAY_CO_RETURN_IF_ERROR(refused.status());
  rest = co_await ReadToEnd(**refused);
  heard->refused = rest;
  forwarder.Stop();
  co_return absl::OkStatus();
}

class GoldenConversation : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenConversation, OurForwarderSaysWhatKubectlSaid) {
  const Recording recording(GetParam(), "server");
  ASSERT_EQ(recording.other.streams.size(), 4u);
  Heard heard;
  std::ostringstream out, err_out;
  TextObserver observer(&out, &err_out);
  Said said;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    RecordedServer server(executor, recording);
    FAIRWAY_CO_RETURN_IF_ERROR(server.Listen());
    auto dialer = NewDialer(server.url());
    FAIRWAY_CO_RETURN_IF_ERROR(dialer.status());
    auto forwarder = NewOnAddresses(executor, *std::move(dialer), {"127.0.0.1"},
                                    {":7007", ":7001"}, &observer,
                                    SessionPerConnection::kNever);
    FAIRWAY_CO_RETURN_IF_ERROR(forwarder.status());
    TaskGroup tasks(executor);
    tasks.SpawnOrCancelAll([&]() { return server.Serve(); });
    tasks.SpawnOrCancelAll([&]() { return (*forwarder)->ForwardPorts(); });
    tasks.SpawnOrCancelAll([&]() { return UsePorts(**forwarder, &heard); });
    absl::Status joined = co_await WithDeadline(
        absl::Seconds(8), "conversation",
        [&tasks]() -> Task<absl::Status> { return tasks.Join(); });
    said = server.said();
    co_return joined;
  });
  EXPECT_THAT(result, IsOk());
  EXPECT_THAT(said.head, HasSubstr("POST /api/v1/namespaces/default/pods/load/"
                                   "portforward HTTP/1.1\r\n"));
  for (const char* field :
       {"Authorization: Bearer secrettoken", "Connection: Upgrade",
        "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: portforward.k8s.io"}) {
    EXPECT_THAT(said.head, HasSubstr(absl::StrCat("\r\n", field, "\r\n")));
  }
  EXPECT_EQ(heard.echo, "hello\n");
  EXPECT_EQ(heard.refused, "");
  const std::string error =
      absl::StrCat("an error occurred forwarding ", heard.refused_port,
                   " -> 7001: error forwarding port 7001 to pod ");
  EXPECT_THAT(err_out.str(), HasSubstr(error));
  EXPECT_THAT(err_out.str(), HasSubstr(": Connection refused\n"));

  EXPECT_EQ(said.streams, recording.other.streams);
  EXPECT_EQ(said.data[3], "hello\n");
  for (const auto& [id, bytes] : said.data) {
    EXPECT_EQ(bytes, recording.other.data.at(id)) << id;
  }
  EXPECT_EQ(said.ends, recording.other.ends);
  // The refused connection's data stream, 7, was ended by FIN in 1.20 and by
  // RST in 1.36.
  said.fins.resize(std::min<size_t>(said.fins.size(), 3));
  EXPECT_THAT(said.fins, ElementsAre(1, 3, 5));
  EXPECT_TRUE(said.went_away);
}

INSTANTIATE_TEST_SUITE_P(Kubernetes, GoldenConversation,
                         ::testing::Values("session-kubectl-1.20.json",
                                           "session-kubectl-1.36.json"),
                         [](const auto& info) {
                           return info.index == 0 ? "V1_20" : "V1_36";
                         });

}  // namespace
}  // namespace fairway::portforward
