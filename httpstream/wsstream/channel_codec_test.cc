// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/channel_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::httpstream::wsstream {
namespace {

using absl::StatusCode;

std::string Encode(ChannelCodec codec, uint8_t channel,
                   std::vector<absl::string_view> pieces) {
  std::string out;
  AppendChannelMessage(codec, channel, pieces, &out);
  return out;
}

// One message, fed in pieces of `split`: "3:bytes", "" without a channel, or
// "error".
std::string Decode(ChannelDecoder& decoder, absl::string_view message,
                   size_t split) {
  std::string log;
  std::string scratch;
  do {
    const absl::string_view piece = message.substr(0, split);
    message.remove_prefix(piece.size());
    absl::StatusOr<ChannelDecoder::Piece> got =
        decoder.Feed(piece, message.empty(), &scratch);
    if (!got.ok()) {
      EXPECT_THAT(got, StatusIs(StatusCode::kInvalidArgument));
      return "error";
    }
    if (log.empty() && got->has_channel)
      absl::StrAppend(&log, got->channel, ":");
    log.append(got->bytes.data(), got->bytes.size());
  } while (!message.empty());
  return log;
}

// The examples of wsstream/conn.go.
TEST(ChannelCodecTest, MessagesAreThoseOfUpstream) {
  EXPECT_EQ(Encode(ChannelCodec::kBinary, 0, {"foo\n"}),
            std::string("\0foo\n", 5));
  EXPECT_EQ(Encode(ChannelCodec::kBinary, 1, {"\n"}), "\1\n");
  EXPECT_EQ(Encode(ChannelCodec::kBase64, 0, {"foo\n"}), "0Zm9vCg==");
  EXPECT_EQ(Encode(ChannelCodec::kBase64, 1, {"\n"}), "1Cg==");
  EXPECT_EQ(OpcodeOf(ChannelCodec::kBinary), net::websocket::Opcode::kBinary);
  EXPECT_EQ(OpcodeOf(ChannelCodec::kBase64), net::websocket::Opcode::kText);
}

TEST(ChannelCodecTest, PiecesAreGathered) {
  EXPECT_EQ(Encode(ChannelCodec::kBinary, 7, {"a", "", "bc"}), "\7abc");
  EXPECT_EQ(Encode(ChannelCodec::kBase64, 7, {"a", "", "bc"}), "7YWJj");
}

TEST(ChannelCodecTest, TextNamesHighChannelsAsGoDoes) {
  EXPECT_EQ(Encode(ChannelCodec::kBase64, 79, {""}), "\x7f");
  EXPECT_EQ(Encode(ChannelCodec::kBase64, 80, {""}), "\xc2\x80");
  EXPECT_EQ(Encode(ChannelCodec::kBase64, 207, {""}), "\xc3\xbf");
}

TEST(ChannelCodecTest, EachSplitDecodesTheSame) {
  std::minstd_rand random(1);
  for (ChannelCodec codec : {ChannelCodec::kBinary, ChannelCodec::kBase64}) {
    ChannelDecoder decoder(codec);
    for (size_t size : {0, 1, 2, 3, 4, 5, 63, 64, 1000}) {
      std::string bytes;
      while (bytes.size() < size) {
        bytes.push_back(static_cast<char>(random() % 256));
      }
      const std::string message = Encode(codec, 5, {bytes});
      for (size_t split : {1, 2, 3, 4, 5, 7, 10'000}) {
        EXPECT_EQ(Decode(decoder, message, split), absl::StrCat("5:", bytes))
            << size << " bytes, split " << split;
      }
    }
  }
}

TEST(ChannelCodecTest, EmptyMessageMeansNothing) {
  for (ChannelCodec codec : {ChannelCodec::kBinary, ChannelCodec::kBase64}) {
    ChannelDecoder decoder(codec);
    EXPECT_EQ(Decode(decoder, "", 1), "");
    EXPECT_EQ(Decode(decoder, Encode(codec, 2, {"x"}), 9), "2:x");
  }
}

TEST(ChannelCodecTest, LineBreaksWithinBase64AreSkipped) {
  ChannelDecoder decoder(ChannelCodec::kBase64);
  for (size_t split : {1, 2, 100}) {
    EXPECT_EQ(Decode(decoder, "0Zm\r\n9v\nCg==\r\n", split), "0:foo\n");
  }
}

TEST(ChannelCodecTest, WhatIsNoBase64IsAnError) {
  for (const char* text :
       {"0Z", "0Zm", "0Zm9", "0Zm9v=", "0=", "0====", "0Z===", "0Zm=v",
        "0Zm9v Zm9v", "0Zm9v-_==", "0Zg==Zg==", "0Zg===", "0Zm9v\x7f"}) {
    for (size_t split : {1, 3, 100}) {
      ChannelDecoder decoder(ChannelCodec::kBase64);
      EXPECT_EQ(Decode(decoder, text, split), "error")
          << absl::CHexEscape(text) << ", split " << split;
    }
  }
}

}  // namespace
}  // namespace fairway::httpstream::wsstream
