// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/framer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "absl/strings/escaping.h"
#include "base/status/testing/status_matchers.h"
#include "httpstream/spdy/header_dictionary.h"
#include "httpstream/spdy/wire.h"

namespace fairway::httpstream::spdy {
namespace {

using absl::StatusCode;
using net::http::Headers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// All frames of `bytes`, with the pieces of one DATA frame joined in `data`.
struct Parsed {
  std::vector<Frame> frames;  // payloads of DATA are empty here
  std::string data;
  absl::Status status;
};

void Feed(FrameParser& parser, absl::string_view bytes, Parsed* parsed) {
  while (parsed->status.ok()) {
    absl::StatusOr<Frame> frame = parser.Next(&bytes);
    parsed->status = frame.status();
    if (!frame.ok() || std::holds_alternative<std::monostate>(*frame)) return;
    if (auto* piece = std::get_if<DataPiece>(&*frame)) {
      parsed->data.append(piece->payload.data(), piece->payload.size());
      piece->payload = "";
    }
    parsed->frames.push_back(*std::move(frame));
  }
}

Parsed Parse(absl::string_view bytes) {
  FrameParser parser;
  Parsed parsed;
  Feed(parser, bytes, &parsed);
  return parsed;
}

std::string Hex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

std::vector<std::pair<std::string, std::string>> Fields(
    const Headers& headers) {
  return {headers.begin(), headers.end()};
}

// Compresses `plain` as a peer with zlib's widest window does.
std::string Compress(absl::string_view plain) {
  z_stream stream = {};
  deflateInit(&stream, Z_BEST_COMPRESSION);
  deflateSetDictionary(&stream,
                       reinterpret_cast<const Bytef*>(kHeaderDictionary),
                       kHeaderDictionaryBytes);
  std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = plain.size();
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = out.size();
  deflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string ControlFrame(FrameType type, absl::string_view body) {
  std::string frame;
  AppendUint32(0x80030000 | static_cast<uint32_t>(type), &frame);
  AppendUint32(static_cast<uint32_t>(body.size()), &frame);
  frame.append(body.data(), body.size());
  return frame;
}

std::string SynReplyWith(absl::string_view compressed_block) {
  return ControlFrame(FrameType::kSynReply,
                      absl::StrCat(Hex("00000001"), compressed_block));
}

std::string Entry(absl::string_view name, absl::string_view value) {
  std::string out;
  AppendUint32(static_cast<uint32_t>(name.size()), &out);
  absl::StrAppend(&out, name);
  AppendUint32(static_cast<uint32_t>(value.size()), &out);
  absl::StrAppend(&out, value);
  return out;
}

std::string Count(uint32_t count) {
  std::string out;
  AppendUint32(count, &out);
  return out;
}

TEST(FrameParserTest, AnySplitGivesTheSameFrames) {
  std::string bytes;
  FrameWriter writer;
  SynStreamFrame syn;
  syn.stream_id = 1;
  syn.headers = {{"streamType", "data"}, {"port", "80"}};
  ASSERT_THAT(writer.AppendSynStream(syn, &bytes), IsOk());
  bytes += Hex("80030063000000020102");  // of an unknown type
  const auto head = DataHead(1, 5, Fin::kYes);
  bytes.append(head.data(), head.size());
  bytes += "hello";
  AppendPing({7}, &bytes);

  for (size_t split = 0; split <= bytes.size(); ++split) {
    FrameParser parser;
    Parsed parsed;
    Feed(parser, bytes.substr(0, split), &parsed);
    Feed(parser, bytes.substr(split), &parsed);
    ASSERT_THAT(parsed.status, IsOk());
    EXPECT_EQ(parsed.data, "hello") << split;
    EXPECT_EQ(std::get<PingFrame>(parsed.frames.back()).id, 7u) << split;
  }
  FrameParser parser;
  Parsed parsed;
  for (char byte : bytes) Feed(parser, absl::string_view(&byte, 1), &parsed);
  ASSERT_THAT(parsed.status, IsOk());
  EXPECT_EQ(parsed.data, "hello");
  ASSERT_EQ(parsed.frames.size(), 7u);  // SYN_STREAM, five bytes, PING
  EXPECT_FALSE(std::get<DataPiece>(parsed.frames[4]).fin);
  EXPECT_TRUE(std::get<DataPiece>(parsed.frames[5]).fin);
}

TEST(FrameParserTest, DataIsHandedOnInPlace) {
  const auto head = DataHead(1, 5, Fin::kNo);
  const std::string bytes = std::string(head.data(), head.size()) + "hello";
  FrameParser parser;
  absl::string_view input = bytes;
  absl::StatusOr<Frame> frame = parser.Next(&input);
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(std::get<DataPiece>(*frame).payload.data(), bytes.data() + 8);
}

struct BadCase {
  const char* name;
  std::string bytes;
  StatusCode want;
};

class BadFrames : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadFrames, AreRefused) {
  EXPECT_THAT(Parse(GetParam().bytes).status, StatusIs(GetParam().want));
}

// A block that inflates to much more than it is long.
std::string Bomb() {
  std::string plain = Count(400);
  for (int i = 0; i < 400; ++i) {
    plain += Entry(absl::StrCat("n", i), std::string(60 * 1024, 'a'));
  }
  return Compress(plain);
}

std::string ManyHeaders() {
  std::string plain = Count(kMaxHeaderCount + 1);
  for (size_t i = 0; i <= kMaxHeaderCount; ++i) {
    plain += Entry(absl::StrCat("n", i), "");
  }
  return Compress(plain);
}

std::string ManyValues() {
  return Compress(Count(1) + Entry("n", std::string(kMaxHeaderCount, '\0')));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadFrames,
    ::testing::Values(
        BadCase{"Version2", Hex("8002000600000004"),
                StatusCode::kInvalidArgument},
        BadCase{"DataOfStreamZero", Hex("0000000000000001"),
                StatusCode::kInvalidArgument},
        BadCase{"RstOfStreamZero", Hex("80030003000000080000000000000001"),
                StatusCode::kInvalidArgument},
        BadCase{"SynReplyOfStreamZero", Hex("800300020000000400000000"),
                StatusCode::kInvalidArgument},
        BadCase{"ShortSynStream", Hex("80030001000000040000000100000000"),
                StatusCode::kInvalidArgument},
        BadCase{"ShortPing", Hex("80030006000000020000"),
                StatusCode::kInvalidArgument},
        BadCase{"LongPing", Hex("80030006000000080000000100000000"),
                StatusCode::kInvalidArgument},
        BadCase{"ShortGoAway", Hex("800300070000000400000001"),
                StatusCode::kInvalidArgument},
        BadCase{"ShortWindowUpdate", Hex("800300090000000400000001"),
                StatusCode::kInvalidArgument},
        BadCase{"LongControlFrame", Hex("80030001ff010001"),
                StatusCode::kResourceExhausted},
        BadCase{"LongUnknownControlFrame", Hex("8003006300ffffff"),
                StatusCode::kResourceExhausted},
        BadCase{"SettingsCountBeyondTheEnd",
                Hex("800300040000000c000000020000000700000001"),
                StatusCode::kInvalidArgument},
        BadCase{"SettingsCountHuge", Hex("8003000400000004ffffffff"),
                StatusCode::kResourceExhausted},
        BadCase{"NoZlib", SynReplyWith("garbage"),
                StatusCode::kInvalidArgument},
        BadCase{"OtherDictionary", SynReplyWith(Hex("78f900000001")),
                StatusCode::kInvalidArgument},
        BadCase{"EmptyBlock", SynReplyWith(""), StatusCode::kInvalidArgument},
        BadCase{"Bomb", SynReplyWith(Bomb()), StatusCode::kResourceExhausted},
        BadCase{"ManyHeaders", SynReplyWith(ManyHeaders()),
                StatusCode::kResourceExhausted},
        BadCase{"ManyValues", SynReplyWith(ManyValues()),
                StatusCode::kResourceExhausted},
        BadCase{"HugeCount", SynReplyWith(Compress(Count(0xffffffff))),
                StatusCode::kResourceExhausted},
        BadCase{"HugeName",
                SynReplyWith(Compress(Count(1) + Count(0xffffffff))),
                StatusCode::kResourceExhausted},
        BadCase{"NameBeyondTheEnd",
                SynReplyWith(Compress(Count(1) + Count(9) + "short")),
                StatusCode::kInvalidArgument},
        BadCase{"BytesLeftOver",
                SynReplyWith(Compress(Count(1) + Entry("a", "b") + "x")),
                StatusCode::kInvalidArgument},
        BadCase{"DuplicateName",
                SynReplyWith(Compress(Count(2) + Entry("a", "b") +
                                      Entry("a", "c"))),
                StatusCode::kInvalidArgument},
        BadCase{"UpperCaseName",
                SynReplyWith(Compress(Count(1) + Entry("Port", "80"))),
                StatusCode::kInvalidArgument},
        BadCase{"EmptyName", SynReplyWith(Compress(Count(1) + Entry("", "b"))),
                StatusCode::kInvalidArgument}),
    [](const auto& info) { return std::string(info.param.name); });

// spdystream up to 0.5.0 took memory for whatever a few bytes announced. For
// each number of the peer's: the limit passes, one more does not.
absl::Status StatusOf(const std::string& bytes) { return Parse(bytes).status; }

TEST(FrameParserTest, CVE_2026_35469_SettingsAreCounted) {
  SettingsFrame settings;
  settings.settings.resize(kMaxSettings);
  std::string bytes;
  AppendSettings(settings, &bytes);
  EXPECT_THAT(StatusOf(bytes), IsOk());
  settings.settings.emplace_back();
  bytes.clear();
  AppendSettings(settings, &bytes);
  EXPECT_THAT(StatusOf(bytes), StatusIs(StatusCode::kResourceExhausted));
}

TEST(FrameParserTest, CVE_2026_35469_HeadersAreCounted) {
  std::string entries;
  for (size_t i = 0; i < kMaxHeaderCount; ++i) {
    entries += Entry(absl::StrCat("n", i), "");
  }
  EXPECT_THAT(
      StatusOf(SynReplyWith(Compress(Count(kMaxHeaderCount) + entries))),
      IsOk());
  EXPECT_THAT(StatusOf(SynReplyWith(Compress(Count(kMaxHeaderCount + 1) +
                                             entries + Entry("n", "")))),
              StatusIs(StatusCode::kResourceExhausted));
  // The announcement is enough.
  EXPECT_THAT(StatusOf(SynReplyWith(Compress(Count(kMaxHeaderCount + 1)))),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST(FrameParserTest, CVE_2026_35469_HeadersAreMeasured) {
  const auto with = [](size_t name_bytes, size_t value_bytes) {
    return StatusOf(SynReplyWith(
        Compress(Count(1) + Entry(std::string(name_bytes, 'n'),
                                  std::string(value_bytes, 'v')))));
  };
  EXPECT_THAT(with(kMaxHeaderNameBytes, kMaxHeaderValueBytes), IsOk());
  EXPECT_THAT(with(kMaxHeaderNameBytes + 1, 1),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(with(1, kMaxHeaderValueBytes + 1),
              StatusIs(StatusCode::kResourceExhausted));
  // Also all of them together.
  EXPECT_THAT(StatusOf(SynReplyWith(Bomb())),
              StatusIs(StatusCode::kResourceExhausted,
                       "spdy header block: inflates to too much"));
}

TEST(FrameParserTest, CVE_2026_35469_FramesAreMeasuredByTheirHead) {
  // A SETTINGS head of `length`, and nothing behind it.
  const auto with = [](size_t length) {
    std::string head = Hex("8003000400000000");
    StoreUint32(static_cast<uint32_t>(length), head.data() + 4);
    return StatusOf(head);
  };
  EXPECT_THAT(with(kMaxControlFrameBytes), IsOk());
  EXPECT_THAT(with(kMaxControlFrameBytes + 1),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST(FrameParserTest, FrameOfUnknownTypeIsSkipped) {
  const Parsed parsed =
      Parse(Hex("800300630000000201028003000600000004") + Hex("00000001"));
  EXPECT_THAT(parsed.status, IsOk());
  ASSERT_EQ(parsed.frames.size(), 1u);
  EXPECT_EQ(std::get<PingFrame>(parsed.frames[0]).id, 1u);
}

TEST(FrameWriterTest, HeaderBlocksShareOneContext) {
  FrameWriter writer;
  std::string bytes;
  std::vector<size_t> sizes;
  for (uint32_t id = 1; id <= 199; id += 2) {
    SynStreamFrame frame;
    frame.stream_id = id;
    frame.headers = {{"streamType", id % 4 == 1 ? "error" : "data"},
                     {"port", "8080"},
                     {"requestID", absl::StrCat(id / 4)}};
    const size_t before = bytes.size();
    ASSERT_THAT(writer.AppendSynStream(frame, &bytes), IsOk());
    sizes.push_back(bytes.size() - before);
  }
  EXPECT_LT(sizes.back(), sizes.front() / 2);
  const Parsed parsed = Parse(bytes);
  ASSERT_THAT(parsed.status, IsOk());
  ASSERT_EQ(parsed.frames.size(), 100u);
  const auto last = std::get<SynStreamFrame>(parsed.frames.back());
  EXPECT_THAT(Fields(last.headers),
              ElementsAre(Pair("streamtype", "data"), Pair("port", "8080"),
                          Pair("requestid", "49")));
}

TEST(FrameWriterTest, JoinsValuesOfOneName) {
  FrameWriter writer;
  std::string bytes;
  HeadersFrame frame;
  frame.stream_id = 1;
  frame.headers = {{"Multi", "a"}, {"Other", "x"}, {"multi", "b"}};
  ASSERT_THAT(writer.AppendHeaders(frame, &bytes), IsOk());
  const Parsed parsed = Parse(bytes);
  ASSERT_THAT(parsed.status, IsOk());
  EXPECT_THAT(
      Fields(std::get<HeadersFrame>(parsed.frames[0]).headers),
      ElementsAre(Pair("multi", "a"), Pair("multi", "b"), Pair("other", "x")));
}

TEST(FrameWriterTest, RefusedHeadersLeaveTheContextWhole) {
  FrameWriter writer;
  std::string bytes;
  SynReplyFrame bad;
  bad.stream_id = 1;
  bad.headers = {{"a", std::string("x\0y", 3)}};
  EXPECT_THAT(writer.AppendSynReply(bad, &bytes),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("NUL")));
  bad.headers = {{"a", std::string(kMaxHeaderValueBytes + 1, 'x')}};
  EXPECT_THAT(writer.AppendSynReply(bad, &bytes),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(bytes, "");
  bad.headers = {{"a", "b"}};
  EXPECT_THAT(writer.AppendSynReply(bad, &bytes), IsOk());
  EXPECT_THAT(Parse(bytes).status, IsOk());
}

}  // namespace
}  // namespace fairway::httpstream::spdy
