// SPDX-License-Identifier: Apache-2.0
// Conversations of Kubernetes' own kubectl, with our server in the place of
// Kubernetes'.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/strip.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/conversation.h"
#include "kubelet/cri/streaming/portforward/portforward.h"
#include "net/http1/server_connection.h"
#include "net/io/pipe.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using httpstream::spdy::Ear;
using httpstream::spdy::Player;
using httpstream::spdy::Recording;
using httpstream::spdy::Said;

// Port 7007 echoes; 7001 refuses as the recorded pod did. As Kubernetes'
// dockershim did, it leaves the end of the data stream to the server.
class RecordedPod final : public PortForwarder {
 public:
  explicit RecordedPod(std::string error) : error_(std::move(error)) {}

  Task<absl::Status> PortForward(std::string, std::string, int32_t port,
                                 net::ByteStream& stream) override {
    if (port == 7001) co_return absl::UnknownError(error_);
    while (true) {
      char buf[1024];
      absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
      if (!n.ok()) co_return n.status();
      if (*n == 0) co_return absl::OkStatus();
      absl::string_view bytes(buf, *n);
      absl::Status written = co_await net::WriteAll(stream, bytes);
      if (!written.ok()) co_return written;
    }
  }

 private:
  const std::string error_;
};

// Plays the client's side, to its end, and hears what the server answers.
Task<absl::Status> Play(net::ByteStream& wire, const Recording& recording,
                        Ear* ear) {
  Player player(recording);
  while (true) {
    const std::string bytes = player.Next(ear->said());
    absl::Status written = co_await net::WriteAll(wire, bytes);
    if (!written.ok()) co_return written;
    if (ear->said().Covers(recording.other)) break;
    char buf[4096];
    absl::StatusOr<size_t> n = co_await wire.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::UnavailableError("the server closed");
    ear->Hear(absl::string_view(buf, *n));
  }
  absl::Status closed = co_await wire.Close();
  co_return closed;
}

class GoldenConversation : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenConversation, OurServerAnswersAsKubernetes) {
  const Recording recording(GetParam(), "client");
  const Said& want = recording.other;
  ASSERT_EQ(want.replies.size(), 4u);

  // "error forwarding port 7001 to pod POD, uid : ERROR"
  const std::string text = want.data.at(5);
  absl::string_view rest = text;
  ASSERT_TRUE(absl::ConsumePrefix(&rest, "error forwarding port 7001 to pod "));
  const size_t uid = rest.find(", uid : ");
  ServeOptions options;
  options.pod_name = std::string(rest.substr(0, uid));
  RecordedPod pod(std::string(rest.substr(uid + 8)));

  Ear ear;
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [near, far] = net::MakePipe(executor);
    net::ByteStream& wire = *near;
    net::http::Handler handler =
        [&](net::http::ServerRequest& request,
            net::http::ResponseWriter& writer) -> Task<absl::Status> {
      return ServePortForward(request, writer, pod, options);
    };
    net::http::ServerOptions server_options;
    net::http::DrainState drain(executor);
    TaskGroup tasks(executor);
    tasks.Spawn([&, &far = far]() -> Task<absl::Status> {
      return net::http1::ServeConnection(std::move(far),
                                         net::http::ConnectionInfo(), handler,
                                         server_options, drain);
    });
    absl::Status played = co_await WithDeadline(
        absl::Seconds(5), "play",
        [&]() -> Task<absl::Status> { return Play(wire, recording, &ear); });
    if (!played.ok()) tasks.Cancel();
    absl::Status joined = co_await tasks.Join();
    if (!joined.ok() && played.ok()) co_return joined;
    co_return played;
  });
  EXPECT_THAT(result, IsOk());
  const Said& said = ear.said();
  EXPECT_EQ(said.head, want.head);
  EXPECT_EQ(said.replies, want.replies);
  EXPECT_EQ(said.data, want.data);
  EXPECT_EQ(said.ends, want.ends);
  EXPECT_EQ(said.fins, want.fins);
}

INSTANTIATE_TEST_SUITE_P(Kubectl, GoldenConversation,
                         ::testing::Values("session-kubectl-1.20.json",
                                           "session-kubectl-1.36.json"),
                         [](const auto& info) {
                           return info.index == 0 ? "V1_20" : "V1_36";
                         });

}  // namespace
}  // namespace fairway::kubelet::cri::streaming::portforward
