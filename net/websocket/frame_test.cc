// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/frame.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/escaping.h"

namespace fairway::net::websocket {
namespace {

std::string Head(Opcode opcode, uint64_t payload_bytes, bool fin = true) {
  FrameHead head;
  head.opcode = opcode;
  head.fin = fin;
  head.payload_bytes = payload_bytes;
  std::string out;
  AppendFrameHead(head, &out);
  return absl::BytesToHexString(out);
}

// The examples of RFC 6455, section 5.7.
TEST(FrameTest, HeadsAreThoseOfTheRfc) {
  EXPECT_EQ(Head(Opcode::kText, 5), "8105");
  EXPECT_EQ(Head(Opcode::kText, 3, false), "0103");
  EXPECT_EQ(Head(Opcode::kContinuation, 2), "8002");
  EXPECT_EQ(Head(Opcode::kPing, 5), "8905");
  EXPECT_EQ(Head(Opcode::kPong, 5), "8a05");
  EXPECT_EQ(Head(Opcode::kBinary, 256), "827e0100");
  EXPECT_EQ(Head(Opcode::kBinary, 65536), "827f0000000000010000");
}

TEST(FrameTest, LengthsAreInTheShortestForm) {
  EXPECT_EQ(Head(Opcode::kBinary, 0), "8200");
  EXPECT_EQ(Head(Opcode::kBinary, 125), "827d");
  EXPECT_EQ(Head(Opcode::kBinary, 126), "827e007e");
  EXPECT_EQ(Head(Opcode::kBinary, 65535), "827effff");
  EXPECT_EQ(Head(Opcode::kBinary, 0x123456789a), "827f000000123456789a");
}

TEST(FrameTest, MaskedTextIsThatOfTheRfc) {
  const MaskKey key = {0x37, static_cast<char>(0xfa), 0x21, 0x3d};
  FrameHead head;
  head.opcode = Opcode::kText;
  head.payload_bytes = 5;
  head.mask = key;
  std::string frame;
  AppendFrameHead(head, &frame);
  std::string payload = "Hello";
  Mask(key, 0, payload, payload.data());
  EXPECT_EQ(absl::BytesToHexString(frame + payload), "818537fa213d7f9f4d5158");
}

TEST(FrameTest, MaskGoesOnWhereverItStarts) {
  const MaskKey key = {1, 2, 4, static_cast<char>(0x88)};
  std::string bytes;
  for (int i = 0; i < 61; ++i) bytes.push_back(static_cast<char>(i * 7));
  std::string want = bytes;
  for (size_t i = 0; i < want.size(); ++i) {
    want[i] = static_cast<char>(want[i] ^ key[i % 4]);
  }
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    std::string got(bytes.size(), '?');
    const absl::string_view all = bytes;
    Mask(key, 0, all.substr(0, cut), got.data());
    Mask(key, cut, all.substr(cut), got.data() + cut);
    EXPECT_EQ(got, want) << cut;
  }
}

TEST(FrameTest, MaskMayWriteOverWhatItReads) {
  const MaskKey key = {1, 2, 4, static_cast<char>(0x88)};
  for (size_t size : {1, 7, 8, 63, 64, 65, 127, 128, 1000}) {
    for (size_t back : {0, 1, 2, 6, 8, 14, 63, 64, 100}) {
      std::string bytes(back, '.');
      std::string want;
      for (size_t i = 0; i < size; ++i) {
        bytes.push_back(static_cast<char>(i * 7));
        want.push_back(static_cast<char>(bytes.back() ^ key[(i + 3) % 4]));
      }
      Mask(key, 3, absl::string_view(bytes).substr(back), bytes.data());
      EXPECT_TRUE(bytes.substr(0, size) == want) << size << " back " << back;
    }
  }
}

TEST(FrameTest, ClientsMaskControlFramesWithAKeyOfTheirOwn) {
  std::set<std::string> frames;
  for (int i = 0; i < 10; ++i) {
    std::string frame;
    AppendControlFrame(Role::kClient, Opcode::kPing, "Hello", &frame);
    ASSERT_EQ(frame.size(), 2u + 4u + 5u);
    EXPECT_EQ(absl::BytesToHexString(frame.substr(0, 2)), "8985");
    MaskKey key;
    std::copy_n(frame.begin() + 2, 4, key.begin());
    std::string payload = frame.substr(6);
    Mask(key, 0, payload, payload.data());
    EXPECT_EQ(payload, "Hello");
    frames.insert(frame);
  }
  EXPECT_GT(frames.size(), 8u);
}

TEST(FrameTest, CloseHasCodeAndReason) {
  std::string frame;
  AppendCloseFrame(Role::kServer, {kCloseNormal, ""}, &frame);
  AppendCloseFrame(Role::kServer, {kCloseInternalError, "why"}, &frame);
  AppendCloseFrame(Role::kServer, {kCloseNoStatus, "dropped"}, &frame);
  EXPECT_EQ(absl::BytesToHexString(frame),
            "880203e8"
            "880503f3776879"
            "8800");
}

TEST(FrameTest, LongReasonIsCutAtACharactersEnd) {
  // Character 122 to 124 is one of three bytes.
  const std::string reason = std::string(122, 'x') + "\xe2\x82\xac" + "y";
  std::string frame;
  AppendCloseFrame(Role::kServer, {kCloseNormal, reason}, &frame);
  EXPECT_EQ(frame.substr(4), std::string(122, 'x'));
  EXPECT_EQ(static_cast<uint8_t>(frame[1]), 124);
}

TEST(FrameTest, CloseCodesOfTheRegistryMayBeSent) {
  for (uint16_t code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                        1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    EXPECT_TRUE(IsValidCloseCode(code)) << code;
  }
  for (uint16_t code :
       {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_FALSE(IsValidCloseCode(code)) << code;
  }
}

TEST(FrameTest, CloseErrorsAreGorillas) {
  EXPECT_EQ(CloseErrorText({1006, "unexpected EOF"}),
            "websocket: close 1006 (abnormal closure): unexpected EOF");
  EXPECT_EQ(CloseErrorText({1000, ""}), "websocket: close 1000 (normal)");
  EXPECT_EQ(CloseErrorText({4001, "x"}), "websocket: close 4001: x");
}

}  // namespace
}  // namespace fairway::net::websocket
