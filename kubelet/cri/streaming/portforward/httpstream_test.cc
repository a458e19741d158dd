// SPDX-License-Identifier: Apache-2.0
// The tables of upstream's httpstream_test.go and websocket_test.go.
#include "kubelet/cri/streaming/portforward/httpstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "kubelet/cri/streaming/portforward/options.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// Only headers and a number.
class FakeStream final : public httpstream::Stream {
 public:
  FakeStream(uint32_t id, net::http::Headers headers)
      : id_(id), headers_(std::move(headers)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char>) override {
    co_return size_t{0};
  }
  Task<absl::Status> WaitReadable() override { co_return absl::OkStatus(); }
  Task<absl::Status> Write(absl::Span<const absl::string_view>) override {
    co_return absl::OkStatus();
  }
  Task<absl::Status> CloseWrite() override { co_return absl::OkStatus(); }
  Task<absl::Status> Close() override { co_return absl::OkStatus(); }
  void Abort() override {}
  void Reset() override {}
  const net::http::Headers& headers() const override { return headers_; }
  uint32_t identifier() const override { return id_; }

 private:
  const uint32_t id_;
  const net::http::Headers headers_;
};

class FakeForwarder final : public PortForwarder {
 public:
  Task<absl::Status> PortForward(std::string, std::string, int32_t,
                                 net::ByteStream&) override {
    co_return absl::OkStatus();
  }
};

TEST(HttpStreamReceivedTest, Headers) {
  struct Case {
    const char* port;
    const char* stream_type;
    std::string want;  // empty: accepted
  };
  const Case kCases[] = {
      {"", "", "\"port\" header is required"},
      {"abc", "",
       "unable to parse \"abc\" as a port: strconv.ParseUint: parsing "
       "\"abc\": invalid syntax"},
      {"-1", "",
       "unable to parse \"-1\" as a port: strconv.ParseUint: parsing \"-1\": "
       "invalid syntax"},
      {"65536", "",
       "unable to parse \"65536\" as a port: strconv.ParseUint: parsing "
       "\"65536\": value out of range"},
      {"0", "", "port \"0\" must be > 0"},
      {"80", "", "\"streamType\" header is required"},
      {"80", "error", ""},
      {"80", "data", ""},
      {"80", "foo", "invalid stream type \"foo\""},
  };
  for (const Case& c : kCases) {
    FakeStream stream(1, {{"port", c.port}, {"streamType", c.stream_type}});
    absl::Status status = HttpStreamReceived(stream);
    if (c.want.empty()) {
      EXPECT_THAT(status, IsOk());
    } else {
      EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument, c.want));
    }
  }
}

TEST(HttpStreamHandlerTest, GetStreamPair) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    FakeForwarder forwarder;
    HttpStreamHandler handler(executor, forwarder, ServeOptions());
    auto first = handler.GetStreamPair("1");
    EXPECT_TRUE(first.created);
    EXPECT_TRUE(handler.HasStreamPair("1"));
    auto again = handler.GetStreamPair("1");
    EXPECT_FALSE(again.created);
    EXPECT_EQ(first.pair, again.pair);

    net::http::Headers data = {{"streamType", "data"}};
    net::http::Headers error = {{"streamType", "error"}};
    EXPECT_THAT(first.pair->Add(std::make_unique<FakeStream>(1, data)), IsOk());
    EXPECT_FALSE(first.pair->complete());
    EXPECT_THAT(
        first.pair->Add(std::make_unique<FakeStream>(3, data)),
        StatusIs(StatusCode::kAlreadyExists, "data stream already assigned"));
    absl::StatusOr<bool> complete =
        first.pair->Add(std::make_unique<FakeStream>(5, error));
    EXPECT_THAT(complete, IsOk());
    EXPECT_TRUE(*complete);
    EXPECT_THAT(
        first.pair->Add(std::make_unique<FakeStream>(7, error)),
        StatusIs(StatusCode::kAlreadyExists, "error stream already assigned"));

    handler.RemoveStreamPair(first.pair);
    EXPECT_FALSE(handler.HasStreamPair("1"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

TEST(HttpStreamHandlerTest, RequestId) {
  const auto id = [](uint32_t number, net::http::Headers headers) {
    return HttpStreamHandler::RequestId(FakeStream(number, headers));
  };
  EXPECT_EQ(id(1, {{"streamType", "error"}, {"requestID", "abc"}}), "abc");
  EXPECT_EQ(id(1, {{"streamType", "error"}}), "1");
  EXPECT_EQ(id(3, {{"streamType", "data"}}), "1");
  EXPECT_EQ(id(1, {{"streamType", "data"}}), "-1");
}

TEST(V4OptionsTest, PortsOfTheQuery) {
  struct Case {
    const char* upgrade;
    const char* query;
    std::vector<int32_t> want;
    std::string want_error;
  };
  const Case kCases[] = {
      {"SPDY/3.1", "", {}, ""},
      {"SPDY/3.1", "port=abc", {}, ""},
      {"websocket", "", {}, "query parameter \"port\" is required"},
      {"websocket", "port=", {}, "query parameter \"port\" cannot be empty"},
      {"websocket", "port=0", {}, "port \"0\" must be > 0"},
      {"websocket",
       "port=-1",
       {},
       "unable to parse \"-1\" as a port: strconv.ParseUint: parsing \"-1\": "
       "invalid syntax"},
      {"websocket",
       "port=80,abc",
       {},
       "unable to parse \"80,abc\" as a port: strconv.ParseUint: parsing "
       "\"abc\": invalid syntax"},
      {"WebSocket", "port=80,443&x=1&port=65535", {80, 443, 65535}, ""},
  };
  for (const Case& c : kCases) {
    net::http::ServerRequest request;
    request.headers = {{"Connection", "Upgrade"}, {"Upgrade", c.upgrade}};
    request.url.raw_query = c.query;
    absl::StatusOr<V4Options> options = NewV4Options(request);
    if (c.want_error.empty()) {
      ASSERT_THAT(options, IsOk()) << c.query;
      EXPECT_THAT(options->ports, ElementsAreArray(c.want)) << c.query;
    } else {
      EXPECT_THAT(options,
                  StatusIs(StatusCode::kInvalidArgument, c.want_error));
    }
  }
  EXPECT_THAT(BuildV4Options({1, 2}).ports, ElementsAre(1, 2));
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming::portforward
