// SPDX-License-Identifier: Apache-2.0
// The table of upstream's TestHandshake.
#include "httpstream/httpstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::httpstream {
namespace {

using absl::StatusCode;
using net::http::Headers;

class FakeWriter final : public net::http::ResponseWriter {
 public:
  Headers& headers() override { return headers_; }
  Task<absl::Status> WriteHeader(int status) override {
    status_ = status;
    co_return absl::OkStatus();
  }
  Task<absl::Status> Write(absl::string_view bytes) override {
    body_.append(bytes.data(), bytes.size());
    co_return absl::OkStatus();
  }
  bool wrote_header() const override { return status_ != 0; }
  absl::StatusOr<std::unique_ptr<net::ByteStream>> Hijack() override {
    return absl::UnimplementedError("no connection");
  }
  Task<absl::Status> WaitPeerGone() override { co_return absl::OkStatus(); }

  Headers headers_;
  int status_ = 0;
  std::string body_;
};

absl::StatusOr<std::string> Shake(Headers headers,
                                  std::vector<std::string> server_protocols,
                                  FakeWriter* writer) {
  absl::StatusOr<std::string> chosen = absl::UnknownError("not run");
  absl::Status result = RunLoop([&]() -> Task<absl::Status> {
    net::http::ServerRequest request;
    request.headers = headers;
    chosen = co_await Handshake(request, *writer, server_protocols);
    co_return chosen.status();
  });
  EXPECT_EQ(result, chosen.status());
  return chosen;
}

TEST(HandshakeTest, ChoosesTheClientsFirstThatTheServerHas) {
  FakeWriter writer;
  EXPECT_EQ(*Shake({{"X-Stream-Protocol-Version", "a"},
                    {"x-stream-protocol-version", "c, b"}},
                   {"b", "c"}, &writer),
            "c");
  EXPECT_EQ(writer.headers_.Get(kHeaderProtocolVersion), "c");
  EXPECT_FALSE(writer.wrote_header());
}

TEST(HandshakeTest, NothingInCommonIsForbidden) {
  FakeWriter writer;
  const char kMessage[] =
      "unable to upgrade: unable to negotiate protocol: client supports [c], "
      "server accepts [a b]";
  EXPECT_THAT(Shake({{"X-Stream-Protocol-Version", "c"}}, {"a", "b"}, &writer),
              StatusIs(StatusCode::kPermissionDenied, kMessage));
  EXPECT_EQ(writer.status_, 403);
  EXPECT_EQ(writer.body_, std::string(kMessage) + "\n");
  EXPECT_THAT(writer.headers_.Values(kHeaderAcceptedProtocolVersions),
              ::testing::ElementsAre("a", "b"));
}

TEST(HandshakeTest, NoProtocolIsABadRequest) {
  FakeWriter writer;
  EXPECT_THAT(
      Shake({}, {"a"}, &writer),
      StatusIs(StatusCode::kInvalidArgument,
               "unable to upgrade: X-Stream-Protocol-Version is required"));
  EXPECT_EQ(writer.status_, 400);
}

TEST(IsUpgradeRequestTest, LooksForTheTokenWithoutCase) {
  EXPECT_TRUE(IsUpgradeRequest({{"connection", "keep-alive, UPGRADE"}}));
  EXPECT_FALSE(IsUpgradeRequest({{"Connection", "close"}}));
  EXPECT_FALSE(IsUpgradeRequest({{"Upgrade", "SPDY/3.1"}}));
}

}  // namespace
}  // namespace fairway::httpstream
