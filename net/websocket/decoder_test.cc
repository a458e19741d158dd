// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/decoder.h"

#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fairway::net::websocket {
namespace {

constexpr absl::string_view kMaskBytes = "\x37\xfa\x21\x3d";

std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

// A frame as a server writes it (or, masked, a client); `first`: FIN, reserved
// bits and opcode.
std::string Frame(uint8_t first, absl::string_view payload,
                  Role from = Role::kServer) {
  FrameHead head;
  head.opcode = static_cast<Opcode>(first & 0x0f);
  head.fin = (first & 0x80) != 0;
  head.payload_bytes = payload.size();
  std::string body(payload);
  if (from == Role::kClient) {
    MaskKey key;
    std::copy(kMaskBytes.begin(), kMaskBytes.end(), key.begin());
    head.mask = key;
    Mask(key, 0, body, body.data());
  }
  std::string out;
  AppendFrameHead(head, &out);
  out[0] = static_cast<char>(first);
  return out + body;
}

std::string CloseFrame(uint16_t code, absl::string_view reason) {
  std::string payload = {static_cast<char>(code >> 8),
                         static_cast<char>(code & 0xff)};
  absl::StrAppend(&payload, reason);
  return Frame(0x88, payload);
}

// What a decoder makes of `bytes`, fed in pieces of `split`; the pieces of a
// message are joined: "T:text." "B:6279746573." "ping(x)" "close(1000,why)"
// "error(1002)". A message that has not ended has no dot.
std::string Decode(std::string wire, size_t split, Role role,
                   Limits limits = {}) {
  Decoder decoder(role, limits);
  absl::Span<char> bytes = absl::MakeSpan(wire);
  std::string log;
  bool in_message = false;
  while (true) {
    absl::Span<char> piece = bytes.subspan(0, split);
    bytes.remove_prefix(piece.size());
    const bool last = piece.empty();
    while (true) {
      absl::StatusOr<std::optional<Event>> event = decoder.Next(&piece);
      if (!event.ok()) {
        EXPECT_TRUE(piece.empty());
        return absl::StrCat(log, "error(", decoder.close_code(), ")");
      }
      if (!event->has_value()) break;
      switch ((*event)->type) {
        case Event::Type::kData: {
          const bool text = (*event)->opcode == Opcode::kText;
          if (!in_message) absl::StrAppend(&log, text ? "T:" : "B:");
          in_message = !(*event)->end_of_message;
          EXPECT_FALSE(in_message && (*event)->payload.empty());
          const std::string payload((*event)->payload);
          absl::StrAppend(&log,
                          text ? payload : absl::BytesToHexString(payload),
                          in_message ? "" : ".");
          break;
        }
        case Event::Type::kPing:
          absl::StrAppend(&log, "ping(", (*event)->payload, ")");
          break;
        case Event::Type::kPong:
          absl::StrAppend(&log, "pong(", (*event)->payload, ")");
          break;
        case Event::Type::kClose:
          absl::StrAppend(&log, "close(", (*event)->close_code, ",",
                          (*event)->payload, ")");
          break;
      }
    }
    EXPECT_TRUE(piece.empty());
    if (last) return log;
  }
}

struct Case {
  std::string name;
  std::string bytes;
  std::string want;
  Role role = Role::kClient;
  Limits limits = {};
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class DecoderCases : public ::testing::TestWithParam<Case> {};

TEST_P(DecoderCases, AreTheSameInAnySplit) {
  const Case& c = GetParam();
  for (size_t split : {1, 2, 3, 5, 7, 64, 4096, 1 << 20}) {
    EXPECT_EQ(Decode(c.bytes, split, c.role, c.limits), c.want)
        << "split " << split;
  }
}

std::string Repeat(absl::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) absl::StrAppend(&all, text);
  return all;
}

const Limits kSmall = {100, 150};

const Case kCases[] = {
    // The examples of RFC 6455, section 5.7.
    {"RfcText", Bytes("810548656c6c6f"), "T:Hello."},
    {"RfcMaskedText", Bytes("818537fa213d7f9f4d5158"), "T:Hello.",
     Role::kServer},
    {"RfcFragments", Bytes("010348656c80026c6f"), "T:Hello."},
    {"RfcPing", Bytes("890548656c6c6f"), "ping(Hello)"},
    {"RfcMaskedPong", Bytes("8a8537fa213d7f9f4d5158"), "pong(Hello)",
     Role::kServer},
    {"RfcBinary256", Bytes("827e0100") + std::string(256, '\x11'),
     absl::StrCat("B:", Repeat("11", 256), ".")},
    {"RfcBinary64K", Bytes("827f0000000000010000") + std::string(65536, '\x22'),
     absl::StrCat("B:", Repeat("22", 65536), ".")},

    {"Nothing", "", ""},
    {"EmptyText", Frame(0x81, ""), "T:."},
    {"EmptyBinaryMasked", Frame(0x82, "", Role::kClient), "B:.", Role::kServer},
    {"EmptyFragments", Frame(0x02, "") + Frame(0x00, "") + Frame(0x80, ""),
     "B:."},
    {"EmptyLastFragment", Frame(0x02, "a") + Frame(0x80, ""), "B:61."},
    {"MessagesInARow", Frame(0x81, "a") + Frame(0x82, "b") + Frame(0x81, "c"),
     "T:a.B:62.T:c."},
    {"ManyFragments",
     Frame(0x01, "x") + Repeat(Frame(0x00, "y"), 200) + Frame(0x80, "z"),
     absl::StrCat("T:x", Repeat("y", 200), "z.")},
    {"UnfinishedMessage", Frame(0x01, "par"), "T:par"},
    {"ControlWithinAMessage",
     Frame(0x01, "a") + Frame(0x89, "1") + Frame(0x00, "b") + Frame(0x8a, "2") +
         Frame(0x80, "c"),
     "T:aping(1)bpong(2)c."},
    {"EmptyPing", Frame(0x89, ""), "ping()"},
    {"LongestPing", Frame(0x89, std::string(125, 'p')),
     absl::StrCat("ping(", std::string(125, 'p'), ")")},
    {"CloseWithinAMessage", Frame(0x01, "a") + CloseFrame(1000, "bye"),
     "T:aclose(1000,bye)"},

    {"CloseWithoutCode", Frame(0x88, ""), "close(1005,)"},
    {"CloseOfAnApplication", CloseFrame(4999, ""), "close(4999,)"},
    {"NothingCountsBehindClose",
     CloseFrame(1001, "x") + Bytes("ffffffffff") + Frame(0x81, "late"),
     "close(1001,x)"},
    {"CloseWithHalfACode", Frame(0x88, "\x03"), "error(1002)"},
    {"CloseCodeZero", CloseFrame(0, ""), "error(1002)"},
    {"CloseCode1005", CloseFrame(1005, ""), "error(1002)"},
    {"CloseCode1006", CloseFrame(1006, ""), "error(1002)"},
    {"CloseCode5000", CloseFrame(5000, ""), "error(1002)"},
    {"CloseReasonNoUtf8", CloseFrame(1000, "\xff"), "error(1007)"},
    {"CloseReasonCutCharacter", CloseFrame(1000, "\xe2\x82"), "error(1007)"},

    {"Rsv1", Frame(0xc1, "x"), "error(1002)"},
    {"Rsv2", Frame(0xa2, "x"), "error(1002)"},
    {"Rsv3", Frame(0x99, ""), "error(1002)"},
    {"Opcode3", Frame(0x83, "x"), "error(1002)"},
    {"Opcode7", Frame(0x87, ""), "error(1002)"},
    {"Opcode11", Frame(0x8b, "x"), "error(1002)"},
    {"Opcode15", Frame(0x8f, ""), "error(1002)"},
    {"ErrorBehindAMessage", Frame(0x81, "ok") + Frame(0x8f, ""),
     "T:ok.error(1002)"},
    {"FragmentedPing", Frame(0x09, "x") + Frame(0x80, "y"), "error(1002)"},
    {"FragmentedClose", Frame(0x08, ""), "error(1002)"},
    {"PingOf126", Frame(0x89, std::string(126, 'p')), "error(1002)"},
    {"ContinuesNothing", Frame(0x80, "x"), "error(1002)"},
    {"ContinuesAFinishedMessage", Frame(0x81, "a") + Frame(0x80, "b"),
     "T:a.error(1002)"},
    {"MessageWithinAMessage", Frame(0x01, "a") + Frame(0x81, "b"),
     "T:aerror(1002)"},
    {"LengthNotMinimal16", Bytes("827e007d") + std::string(125, 'x'),
     "error(1002)"},
    {"LengthNotMinimal64", Bytes("827f000000000000ffff") + "x", "error(1002)"},
    {"LengthOf64Bits", Bytes("827f8000000000000000") + "x", "error(1002)"},
    {"LengthOf64BitsMasked",
     Bytes("82ffffffffffffffffff") + std::string(kMaskBytes) + "x",
     "error(1002)", Role::kServer},
    {"LengthNotMinimalOfAPing", Bytes("897e0005") + "Hello", "error(1002)"},
    {"LongestInASmallHead", Frame(0x82, std::string(125, 'x')),
     absl::StrCat("B:", Repeat("78", 125), ".")},
    {"ShortestInAMiddleHead",
     Bytes("827e007e") + std::string(126, 'x') + Frame(0x89, "!"),
     absl::StrCat("B:", Repeat("78", 126), ".ping(!)")},
    {"LongestInAMiddleHead",
     Bytes("827effff") + std::string(65535, 'x') + Frame(0x89, "!"),
     absl::StrCat("B:", Repeat("78", 65535), ".ping(!)")},
    {"MaskedByServer", Frame(0x81, "x", Role::kClient), "error(1002)"},
    {"NotMaskedByClient", Frame(0x81, "x"), "error(1002)", Role::kServer},
    {"EmptyNotMaskedByClient", Frame(0x89, ""), "error(1002)", Role::kServer},

    {"Utf8", Frame(0x81, "\xce\xba\xe1\xbd\xb9\xf0\x9f\x9a\x80"),
     "T:\xce\xba\xe1\xbd\xb9\xf0\x9f\x9a\x80."},
    {"Utf8AcrossFragments", Frame(0x01, "\xf0\x9f") + Frame(0x80, "\x9a\x80"),
     "T:\xf0\x9f\x9a\x80."},
    {"Utf8CutAtTheEnd", Frame(0x81, "\xce"), "error(1007)"},
    {"BinaryNeedNotBeUtf8", Frame(0x82, "\xff"), "B:ff."},

    {"FrameAtTheLimit", Frame(0x82, std::string(100, 'x')),
     absl::StrCat("B:", Repeat("78", 100), "."), Role::kClient, kSmall},
    {"FrameBeyondTheLimit", Frame(0x82, std::string(101, 'x')), "error(1009)",
     Role::kClient, kSmall},
    {"LengthOf63Bits", Bytes("827f7fffffffffffffff") + "x", "error(1009)"},
    {"MessageAtTheLimit",
     Frame(0x01, std::string(75, 'x')) + Frame(0x80, std::string(75, 'x')) +
         Frame(0x81, "next"),
     absl::StrCat("T:", std::string(150, 'x'), ".T:next."), Role::kClient,
     kSmall},
    {"MessageBeyondTheLimit",
     Frame(0x01, std::string(75, 'x')) + Frame(0x80, std::string(76, 'x')),
     absl::StrCat("T:", std::string(75, 'x'), "error(1009)"), Role::kClient,
     kSmall},
};

INSTANTIATE_TEST_SUITE_P(All, DecoderCases, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(DecoderTest, ErrorsAreToldAgain) {
  Decoder decoder(Role::kClient);
  std::string bad = Frame(0x8f, "x");
  absl::Span<char> input = absl::MakeSpan(bad);
  const absl::Status first = decoder.Next(&input).status();
  EXPECT_EQ(first.code(), absl::StatusCode::kInvalidArgument);
  std::string good = Frame(0x81, "x");
  input = absl::MakeSpan(good);
  EXPECT_EQ(decoder.Next(&input).status(), first);
  EXPECT_TRUE(input.empty());
}

// A peer that says nonsense is not waited for.
TEST(DecoderTest, TheFirstTwoBytesAreEnoughForTheirErrors) {
  const struct {
    Role role;
    const char* hex;
  } cases[] = {
      {Role::kClient, "f000"}, {Role::kClient, "8300"}, {Role::kClient, "8280"},
      {Role::kServer, "8200"}, {Role::kClient, "0900"}, {Role::kClient, "897e"},
      {Role::kServer, "88ff"}, {Role::kClient, "8000"}, {Role::kServer, "8080"},
  };
  for (const auto& c : cases) {
    Decoder decoder(c.role);
    std::string bytes = Bytes(c.hex);
    absl::Span<char> input = absl::MakeSpan(bytes);
    EXPECT_EQ(decoder.Next(&input).status().code(),
              absl::StatusCode::kInvalidArgument)
        << c.hex;
  }
}

// Read byte for byte as it says, a decoder is never given a byte of data that
// was not asked for.
TEST(DecoderTest, SaysHowMuchIsMissingBeforeData) {
  std::string wire = Frame(0x02, std::string(5, 'a'), Role::kClient) +
                     Frame(0x89, "ping", Role::kClient) +
                     Frame(0x00, std::string(200, 'b'), Role::kClient) +
                     Frame(0x00, "", Role::kClient) +
                     Frame(0x80, std::string(70'000, 'c'), Role::kClient) +
                     Frame(0x88, "", Role::kClient);
  Decoder decoder(Role::kServer);
  absl::Span<char> rest = absl::MakeSpan(wire);
  std::vector<uint64_t> data;
  std::vector<size_t> missing;
  while (!rest.empty()) {
    const uint64_t due = decoder.due_data_bytes();
    if (due > 0) data.push_back(due);
    if (due == 0) missing.push_back(decoder.missing_bytes());
    EXPECT_TRUE(due == 0 || decoder.missing_bytes() == 0);
    absl::Span<char> input = rest.first(due > 0 ? due : missing.back());
    rest.remove_prefix(input.size());
    while (!input.empty()) {
      absl::StatusOr<std::optional<Event>> event = decoder.Next(&input);
      ASSERT_TRUE(event.ok());
      if (!event->has_value()) break;
      EXPECT_EQ((*event)->payload.empty(),
                (*event)->payload != "ping" && due == 0);
    }
  }
  EXPECT_EQ(data, (std::vector<uint64_t>{5, 200, 70'000}));
  EXPECT_EQ(missing, (std::vector<size_t>{6, 6, 4, 6, 2, 6, 6, 8, 6}));
  EXPECT_EQ(decoder.missing_bytes(), 0u);
  EXPECT_EQ(decoder.due_data_bytes(), 0u);
}

// The data of all frames that one read brought, moved to its front.
TEST(DecoderTest, DataIsMovedOverTheHeadsBeforeIt) {
  for (Role from : {Role::kClient, Role::kServer}) {
    const Role to = from == Role::kClient ? Role::kServer : Role::kClient;
    std::string wire;
    std::string want;
    for (size_t size : {1, 7, 64, 65, 0, 1000, 70'000, 3}) {
      const std::string payload(size, static_cast<char>('a' + size % 26));
      wire += Frame(0x82, payload, from) + Frame(0x89, "?", from);
      want += payload;
    }
    Decoder decoder(to);
    absl::Span<char> input = absl::MakeSpan(wire);
    std::string pings;
    size_t bytes = 0;
    while (true) {
      absl::StatusOr<std::optional<Event>> event =
          decoder.Next(&input, wire.data() + bytes);
      ASSERT_TRUE(event.ok());
      if (!event->has_value()) break;
      if ((*event)->type == Event::Type::kPing) {
        absl::StrAppend(&pings, (*event)->payload);
        continue;
      }
      EXPECT_EQ((*event)->payload.data(), wire.data() + bytes);
      bytes += (*event)->payload.size();
    }
    EXPECT_EQ(pings, "????????");
    EXPECT_TRUE(wire.substr(0, bytes) == want);
  }
}

// Messages of random sizes, in random fragments, with pings between, in random
// splits.
TEST(DecoderTest, RandomMessagesArriveExactly) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::minstd_rand random(seed);
    const Role from = random() % 2 == 0 ? Role::kClient : Role::kServer;
    const Role to = from == Role::kClient ? Role::kServer : Role::kClient;
    std::string wire;
    std::string want;
    for (unsigned messages = random() % 5 + 1; messages > 0; --messages) {
      uint8_t opcode = 0x1;
      absl::StrAppend(&want, "T:");
      for (unsigned left = random() % 4 + 1; left > 0; --left) {
        const size_t size = random() % 3 == 0 ? random() % 9000 : random() % 9;
        const std::string payload(size, static_cast<char>('a' + random() % 26));
        const uint8_t fin = left == 1 ? 0x80 : 0;
        wire += Frame(fin | opcode, payload, from);
        want += payload;
        opcode = 0;
        if (left > 1 && size > 0 && random() % 2 == 0) {
          wire += Frame(0x89, "?", from);
          want += "ping(?)";
        }
      }
      absl::StrAppend(&want, ".");
    }
    const size_t split = 1 + random() % (random() % 2 == 0 ? 20 : 20000);
    EXPECT_TRUE(Decode(wire, split, to) == want) << "seed " << seed;
  }
}

TEST(Utf8ValidatorTest, KnowsWhatUtf8Is) {
  struct {
    absl::string_view bytes;
    bool feeds;
    bool ends;
  } cases[] = {
      {"", true, true},
      {"plain", true, true},
      {"\xc2\x80", true, true},
      {"\xdf\xbf", true, true},
      {"\xe0\xa0\x80", true, true},
      {"\xed\x9f\xbf", true, true},
      {"\xee\x80\x80", true, true},
      {"\xf0\x90\x80\x80", true, true},
      {"\xf4\x8f\xbf\xbf", true, true},
      {"\xe2\x82", true, false},
      {"\x80", false, false},
      {"\xc0\x80", false, false},
      {"\xc1\xbf", false, false},
      {"\xe0\x9f\xbf", false, false},
      {"\xed\xa0\x80", false, false},
      {"\xf0\x8f\xbf\xbf", false, false},
      {"\xf4\x90\x80\x80", false, false},
      {"\xf5", false, false},
      {"\xff", false, false},
      {"\xe2(\xa1", false, false},
  };
  for (const auto& c : cases) {
    Utf8Validator whole;
    EXPECT_EQ(whole.Feed(c.bytes), c.feeds) << absl::CHexEscape(c.bytes);
    EXPECT_EQ(c.feeds && whole.End(), c.ends) << absl::CHexEscape(c.bytes);
    Utf8Validator split;
    bool feeds = true;
    for (size_t i = 0; feeds && i < c.bytes.size(); ++i) {
      feeds = split.Feed(c.bytes.substr(i, 1));
    }
    EXPECT_EQ(feeds, c.feeds) << absl::CHexEscape(c.bytes);
  }
}

}  // namespace
}  // namespace fairway::net::websocket
