// SPDX-License-Identifier: Apache-2.0
#include "net/http1/message_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::net::http1 {
namespace {

using absl::StatusCode;
using Kind = MessageParser::Kind;

// Feeds `wire` in pieces of `step` bytes, as a connection would, and reads the
// body into rooms of `room` bytes.
struct Parsed {
  absl::Status status;
  std::string body;
  size_t consumed = 0;
};
Parsed Feed(MessageParser& parser, const std::string& wire, size_t step,
            size_t room) {
  Parsed out;
  std::string buffered;
  size_t fed = 0;
  size_t searched = 0;
  bool head = false;
  while (!head || !parser.done()) {
    if (!head) {
      absl::StatusOr<size_t> end = FindHeadEnd(buffered, 1 << 16, searched);
      if (!end.ok()) {
        out.status = end.status();
        return out;
      }
      if (*end > 0) {
        out.status = parser.ParseHead(buffered.substr(0, *end));
        if (!out.status.ok()) return out;
        buffered.erase(0, *end);
        out.consumed += *end;
        head = true;
        continue;
      }
    } else {
      std::string piece(room, '\0');
      absl::StatusOr<MessageParser::Progress> progress =
          parser.ParseBody(buffered, absl::MakeSpan(&piece[0], piece.size()));
      if (!progress.ok()) {
        out.status = progress.status();
        return out;
      }
      buffered.erase(0, progress->consumed);
      out.consumed += progress->consumed;
      out.body += piece.substr(0, progress->produced);
      if (progress->consumed > 0) continue;
    }
    if (fed == wire.size()) {
      out.status =
          head ? parser.Finish() : absl::UnavailableError("no head came");
      return out;
    }
    const std::string next = wire.substr(fed, step);
    fed += next.size();
    buffered += next;
  }
  return out;
}

struct RefusedCase {
  std::string name;
  std::string wire;
  StatusCode want;
};
void PrintTo(const RefusedCase& c, std::ostream* out) { *out << c.name; }

class RefusedRequestTest : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedRequestTest, IsRefusedHoweverItIsSplit) {
  for (size_t step : {size_t{1}, size_t{2}, size_t{7}, size_t{100000}}) {
    MessageParser parser(Kind::kRequest);
    Parsed parsed = Feed(parser, GetParam().wire, step, 64);
    EXPECT_THAT(parsed.status, StatusIs(GetParam().want)) << "step " << step;
  }
}

const char kPost[] = "POST / HTTP/1.1\r\nHost: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Smuggling, RefusedRequestTest,
    ::testing::Values(
        RefusedCase{"LengthAndChunked",
                    absl::StrCat(kPost,
                                 "Content-Length: 3\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"ChunkedAndLength",
                    absl::StrCat(kPost,
                                 "Transfer-Encoding: chunked\r\n"
                                 "Content-Length: 3\r\n\r\n0\r\n\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"GzipAndLength",
                    absl::StrCat(kPost,
                                 "Transfer-Encoding: gzip\r\n"
                                 "Content-Length: 3\r\n\r\nabc"),
                    StatusCode::kUnimplemented},
        RefusedCase{"DifferingLengths",
                    absl::StrCat(kPost,
                                 "Content-Length: 3\r\n"
                                 "Content-Length: 4\r\n\r\nabcd"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"DifferingLengthsInOneField",
                    absl::StrCat(kPost, "Content-Length: 3, 4\r\n\r\nabcd"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"NegativeLength",
                    absl::StrCat(kPost, "Content-Length: -1\r\n\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"SignedLength",
                    absl::StrCat(kPost, "Content-Length: +1\r\n\r\na"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"HugeLength",
                    absl::StrCat(kPost,
                                 "Content-Length: 99999999999999999999\r\n"
                                 "\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"TwoEncodings",
                    absl::StrCat(kPost,
                                 "Transfer-Encoding: chunked\r\n"
                                 "Transfer-Encoding: identity\r\n\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{
            "EncodingList",
            absl::StrCat(kPost, "Transfer-Encoding: gzip, chunked\r\n\r\n"),
            StatusCode::kUnimplemented},
        RefusedCase{
            "ChunkedNotLast",
            absl::StrCat(kPost, "Transfer-Encoding: chunked, gzip\r\n\r\n"),
            StatusCode::kUnimplemented},
        RefusedCase{"ChunkedInHttp10",
                    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"FoldedField",
                    "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"FoldedByTab",
                    "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"BareNewlines", "GET / HTTP/1.1\nHost: a\n\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"NoColon", "GET / HTTP/1.1\r\nHost\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"NulInField",
                    std::string("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 27),
                    StatusCode::kInvalidArgument},
        RefusedCase{"NoTarget", "GET HTTP/1.1\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"EmptyLineFirst", "\r\nGET / HTTP/1.1\r\n\r\n",
                    StatusCode::kInvalidArgument},
        RefusedCase{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                    StatusCode::kOutOfRange},
        RefusedCase{
            "NegativeChunk",
            absl::StrCat(kPost, "Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
            StatusCode::kInvalidArgument},
        RefusedCase{"HexPrefixedChunk",
                    absl::StrCat(kPost,
                                 "Transfer-Encoding: chunked\r\n\r\n"
                                 "0x2\r\nab\r\n0\r\n\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"HugeChunk",
                    absl::StrCat(kPost,
                                 "Transfer-Encoding: chunked\r\n\r\n"
                                 "11111111111111111\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"ChunkWithoutEnd",
                    absl::StrCat(kPost,
                                 "Transfer-Encoding: chunked\r\n\r\n"
                                 "2\r\nabXX0\r\n\r\n"),
                    StatusCode::kInvalidArgument},
        RefusedCase{"EndlessChunkHeader",
                    absl::StrCat(kPost, "Transfer-Encoding: chunked\r\n\r\n2;",
                                 std::string(20000, 'x')),
                    StatusCode::kInvalidArgument},
        RefusedCase{
            "HeadTooLong",
            absl::StrCat("GET / HTTP/1.1\r\nX: ", std::string(1 << 16, 'x')),
            StatusCode::kResourceExhausted}),
    [](const auto& info) { return info.param.name; });

TEST(MessageParserTest, RefusesTooManyFields) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (size_t i = 0; i <= kMaxHeaderFields; ++i) head += "A:b\r\n";
  MessageParser parser(Kind::kRequest);
  EXPECT_THAT(parser.ParseHead(head + "\r\n"),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST(MessageParserTest, ReadsEveryBodyHoweverItIsSplit) {
  const std::string chunked = absl::StrCat(
      kPost,
      "Transfer-Encoding: Chunked\r\n\r\n"
      "5;name=\"v\"\r\nhello\r\n006\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
  const std::string counted =
      absl::StrCat(kPost, "Content-Length: 11\r\n\r\nhello world");
  for (const std::string& wire : {chunked, counted}) {
    for (size_t step = 1; step <= wire.size(); ++step) {
      for (size_t room : {1, 3, 64}) {
        MessageParser parser(Kind::kRequest);
        Parsed parsed = Feed(parser, wire + "GET /next", step, room);
        ASSERT_THAT(parsed.status, IsOk());
        EXPECT_EQ(parsed.body, "hello world");
        // What follows belongs to the next message.
        EXPECT_EQ(parsed.consumed, wire.size());
        EXPECT_TRUE(parser.keep_alive());
        EXPECT_FALSE(parser.headers().Has("Trailer"));
      }
    }
  }
}

TEST(MessageParserTest, GivesTheHead) {
  MessageParser parser(Kind::kRequest);
  ASSERT_THAT(parser.ParseHead("PATCH /a?b=c HTTP/1.0\r\nHost: h\r\n"
                               "x-A:  1 \r\nX-a: 2\r\n\r\n"),
              IsOk());
  EXPECT_EQ(parser.method(), "PATCH");
  EXPECT_EQ(parser.target(), "/a?b=c");
  EXPECT_EQ(parser.minor_version(), 0);
  EXPECT_THAT(parser.headers().Values("X-A"), ::testing::ElementsAre("1", "2"));
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_TRUE(parser.done());
}

struct ResponseCase {
  std::string name;
  std::string wire;
  std::string want_body;
  bool want_keep_alive;
};
void PrintTo(const ResponseCase& c, std::ostream* out) { *out << c.name; }

class ResponseTest : public ::testing::TestWithParam<ResponseCase> {};

TEST_P(ResponseTest, IsReadToItsEnd) {
  for (size_t step : {size_t{1}, size_t{5}, size_t{100000}}) {
    MessageParser parser(Kind::kResponse);
    Parsed parsed = Feed(parser, GetParam().wire, step, 4);
    ASSERT_THAT(parsed.status, IsOk());
    EXPECT_EQ(parsed.body, GetParam().want_body);
    EXPECT_EQ(parser.keep_alive(), GetParam().want_keep_alive);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ResponseTest,
    ::testing::Values(
        ResponseCase{"Counted",
                     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab",
                     true},
        ResponseCase{"UntilClose", "HTTP/1.1 200 OK\r\n\r\nabcdef", "abcdef",
                     false},
        ResponseCase{"NoContent", "HTTP/1.1 204 No Content\r\n\r\n", "", true},
        ResponseCase{"NotModified",
                     "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
                     "", true},
        ResponseCase{"NoReason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
                     "", true},
        ResponseCase{"ClosedByServer",
                     "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                     "Content-Length: 1\r\n\r\na",
                     "a", false},
        ResponseCase{"Chunked",
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "A\r\n0123456789\r\n0\r\n\r\n",
                     "0123456789", true}),
    [](const auto& info) { return info.param.name; });

TEST(MessageParserTest, EmptyChunkedBodyArrivesByteByByte) {
  MessageParser parser(Kind::kRequest);
  const Parsed parsed = Feed(parser,
                             "POST / HTTP/1.1\r\nHost: a\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n"
                             "0\r\n\r\n",
                             1, 100);
  EXPECT_THAT(parsed.status, IsOk());
  EXPECT_TRUE(parser.done());
}

TEST(MessageParserTest, LongChunkHeaderIsRefusedHoweverItIsSplit) {
  const std::string wire = absl::StrCat(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;",
      std::string(kMaxChunkHeaderBytes, 'x'), "\r\na\r\n0\r\n\r\n");
  for (size_t step : {size_t{100}, wire.size()}) {
    MessageParser parser(Kind::kRequest);
    EXPECT_THAT(
        Feed(parser, wire, step, 100).status,
        StatusIs(StatusCode::kInvalidArgument, "http: chunk header too long"));
  }
}

TEST(MessageParserTest, GivesTheBodyBeforeABadChunk) {
  MessageParser parser(Kind::kRequest);
  const Parsed parsed = Feed(parser,
                             "POST / HTTP/1.1\r\nHost: a\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n"
                             "3\r\nabc\r\nx\r\n",
                             1000, 100);
  EXPECT_THAT(parsed.status, StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(parsed.body, "abc");
}

TEST(MessageParserTest, BodyCutOffIsAnError) {
  for (std::string wire :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
    MessageParser parser(Kind::kResponse);
    EXPECT_THAT(Feed(parser, wire, 100, 10).status,
                StatusIs(StatusCode::kUnavailable));
  }
}

TEST(MessageParserTest, ResponseToHeadHasNoBody) {
  MessageParser parser(Kind::kResponse);
  parser.SkipBody();
  ASSERT_THAT(parser.ParseHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
              IsOk());
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(parser.keep_alive());
}

}  // namespace
}  // namespace fairway::net::http1
