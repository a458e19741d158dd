// SPDX-License-Identifier: Apache-2.0
// Conversations of Kubernetes' own kubectl, with our server in the place of
// Kubernetes'.
#include "httpstream/spdy/testing/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>

#include "absl/strings/strip.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/framer.h"
#include "kubelet/cri/streaming/portforward/portforward.h"
#include "net/http1/server_connection.h"
#include "net/io/pipe.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using httpstream::spdy::DataPiece;
using httpstream::spdy::Frame;
using httpstream::spdy::FrameParser;
using httpstream::spdy::ReadGolden;
using httpstream::spdy::SpdyChunks;
using httpstream::spdy::SynReplyFrame;

constexpr absl::string_view kHeadEnd("\r\n\r\n");
const std::string kRst("\x80\x03\x00\x03", 4);
const std::string kGoAway("\x80\x03\x00\x07", 4);

// What a client saw of a stream.
struct Seen {
  bool replied = false;
  std::string data;
  bool fin = false;
  bool operator==(const Seen&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << "{replied " << seen.replied << ", fin " << seen.fin << ", \""
             << seen.data << "\"}";
}
using SeenStreams = std::map<uint32_t, Seen>;

void See(FrameParser& parser, absl::string_view bytes, SeenStreams* streams) {
  while (true) {
    absl::StatusOr<Frame> frame = parser.Next(&bytes);
    ASSERT_THAT(frame, IsOk());
    if (std::holds_alternative<std::monostate>(*frame)) return;
    if (const auto* reply = std::get_if<SynReplyFrame>(&*frame)) {
      (*streams)[reply->stream_id].replied = true;
    } else if (const auto* piece = std::get_if<DataPiece>(&*frame)) {
      Seen& seen = (*streams)[piece->stream_id];
      seen.data.append(piece->payload.data(), piece->payload.size());
      seen.fin = seen.fin || piece->fin;
    }
  }
}

SeenStreams SeenInGolden(const nlohmann::json& golden) {
  FrameParser parser;
  SeenStreams streams;
  for (const std::string& chunk : SpdyChunks(golden, "server")) {
    See(parser, chunk, &streams);
  }
  return streams;
}

std::string Joined(const std::vector<std::string>& chunks) {
  std::string all;
  for (const std::string& chunk : chunks) all += chunk;
  return all;
}

// Port 7007 echoes; 7001 refuses as the recorded pod did.
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
      if (*n == 0) break;
      absl::string_view bytes(buf, *n);
      absl::Status written = co_await net::WriteAll(stream, bytes);
      if (!written.ok()) co_return written;
    }
    absl::Status closed = co_await stream.CloseWrite();
    co_return closed;
  }

 private:
  const std::string error_;
};

// Plays the client's side and collects what the server answers.
Task<absl::Status> Play(net::ByteStream& wire, std::string client_bytes,
                        const SeenStreams& want, std::string* head,
                        SeenStreams* seen) {
  // Its RSTs and its GOAWAY come once everything else has come.
  const size_t leave =
      std::min(client_bytes.find(kRst), client_bytes.find(kGoAway));
  const std::string farewell = client_bytes.substr(leave);
  client_bytes.resize(leave);
  absl::Status status = co_await net::WriteAll(wire, client_bytes);
  if (!status.ok()) co_return status;
  FrameParser parser;
  while (*seen != want) {
    char buf[4096];
    absl::StatusOr<size_t> n = co_await wire.Read(absl::MakeSpan(buf));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::UnavailableError("the server closed");
    absl::string_view bytes(buf, *n);
    if (head->find(std::string(kHeadEnd)) == std::string::npos) {
      head->append(buf, *n);
      const size_t end = head->find(std::string(kHeadEnd));
      if (end == std::string::npos) continue;
      bytes.remove_prefix(*n - (head->size() - end - kHeadEnd.size()));
      head->resize(end + kHeadEnd.size());
    }
    See(parser, bytes, seen);
  }
  status = co_await net::WriteAll(wire, farewell);
  if (!status.ok()) co_return status;
  status = co_await wire.Close();
  co_return status;
}

class GoldenConversation : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenConversation, OurServerAnswersAsKubernetes) {
  const nlohmann::json golden = ReadGolden(GetParam());
  const SeenStreams want = SeenInGolden(golden);
  ASSERT_EQ(want.size(), 4u);

  // "error forwarding port 7001 to pod POD, uid : ERROR"
  const std::string text = want.at(5).data;
  absl::string_view rest = text;
  ASSERT_TRUE(absl::ConsumePrefix(&rest, "error forwarding port 7001 to pod "));
  const size_t uid = rest.find(", uid : ");
  ServeOptions options;
  options.pod_name = std::string(rest.substr(0, uid));
  RecordedPod pod(std::string(rest.substr(uid + 8)));

  std::string client_bytes;
  std::string want_head;
  for (const auto& chunk : golden["connections"].back()) {
    std::string bytes =
        absl::HexStringToBytes(chunk.value("hex", std::string()));
    if (chunk["from"] == "client" && client_bytes.empty()) client_bytes = bytes;
    if (chunk["from"] == "server" && want_head.empty()) want_head = bytes;
  }
  client_bytes += Joined(SpdyChunks(golden, "client"));

  std::string head;
  SeenStreams seen;
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
        absl::Seconds(5), "play", [&]() -> Task<absl::Status> {
          return Play(wire, client_bytes, want, &head, &seen);
        });
    if (!played.ok()) tasks.Cancel();
    absl::Status joined = co_await tasks.Join();
    if (!joined.ok() && played.ok()) co_return joined;
    co_return played;
  });
  EXPECT_THAT(result, IsOk());
  EXPECT_EQ(head, want_head);
  EXPECT_EQ(seen, want);
}

INSTANTIATE_TEST_SUITE_P(Kubectl, GoldenConversation,
                         ::testing::Values("session-kubectl-1.20.json",
                                           "session-kubectl-1.36.json"),
                         [](const auto& info) {
                           return info.index == 0 ? "V1_20" : "V1_36";
                         });

}  // namespace
}  // namespace fairway::kubelet::cri::streaming::portforward
