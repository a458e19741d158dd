// SPDX-License-Identifier: Apache-2.0
// The bytes of other implementations: each frame has the fields that it was
// made with, and ours are the same bytes.
//
// But for compressed header blocks: those are Go's deflate with a window of
// 32 KiB at its best level, and zlib finds other matches than Go even with
// these settings; ours has a window of 2 KiB besides. There what is compressed
// is compared, byte for byte.
#include "httpstream/spdy/testing/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "base/status/testing/status_matchers.h"
#include "httpstream/spdy/framer.h"
#include "httpstream/spdy/header_dictionary.h"

namespace fairway::httpstream::spdy {
namespace {

using nlohmann::json;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// A frame and the bytes that it was parsed from.
struct GoldenFrame {
  Frame frame;
  std::string bytes;
  std::string data;  // a copy of a DATA frame's payload

  absl::string_view body() const {
    return absl::string_view(bytes).substr(kFrameHeadBytes);
  }
};

// Parses all of `bytes`, which belong to one direction of one connection.
std::vector<GoldenFrame> ParseAll(FrameParser& parser, std::string bytes) {
  std::vector<GoldenFrame> frames;
  absl::string_view input = bytes;
  while (!input.empty()) {
    const absl::string_view before = input;
    absl::StatusOr<Frame> frame = parser.Next(&input);
    EXPECT_THAT(frame, IsOk());
    if (!frame.ok() || std::holds_alternative<std::monostate>(*frame)) break;
    GoldenFrame golden;
    golden.bytes = std::string(before.substr(0, before.size() - input.size()));
    if (const auto* piece = std::get_if<DataPiece>(&*frame)) {
      golden.data = std::string(piece->payload);
    }
    golden.frame = *std::move(frame);
    frames.push_back(std::move(golden));
  }
  EXPECT_EQ(input, "");
  return frames;
}

json DataFields(const DataPiece& piece, const std::string& data) {
  json fields = {{"stream_id", piece.stream_id},
                 {"fin", piece.fin},
                 {"data_len", data.size()}};
  if (data.size() < 100) fields["data"] = data;
  if (data.find_first_not_of(data.substr(0, 1)) == std::string::npos) {
    fields["data_byte"] = absl::BytesToHexString(data.substr(0, 1));
  }
  return fields;
}

// What is told of a frame in spdy_frames.json, told of ours.
json FieldsOf(const GoldenFrame& golden) {
  return std::visit(
      Overloaded{
          [](const std::monostate&) { return json(); },
          [](const SynStreamFrame& f) {
            return json{{"stream_id", f.stream_id},
                        {"associated", f.associated_stream_id},
                        {"priority", f.priority},
                        {"slot", f.slot},
                        {"fin", f.fin},
                        {"unidirectional", f.unidirectional}};
          },
          [](const SynReplyFrame& f) {
            return json{{"stream_id", f.stream_id}, {"fin", f.fin}};
          },
          [](const HeadersFrame& f) {
            return json{{"stream_id", f.stream_id}, {"fin", f.fin}};
          },
          [](const RstStreamFrame& f) {
            return json{{"stream_id", f.stream_id},
                        {"status", static_cast<uint32_t>(f.status)}};
          },
          [](const SettingsFrame& f) {
            json entries = json::array();
            for (const Setting& s : f.settings) {
              entries.push_back(
                  {{"flags", s.flags}, {"id", s.id}, {"value", s.value}});
            }
            return json{{"entries", entries}};
          },
          [](const PingFrame& f) {
            return json{{"id", f.id}};
          },
          [](const GoAwayFrame& f) {
            return json{{"last_good", f.last_good_stream_id},
                        {"status", static_cast<uint32_t>(f.status)}};
          },
          [](const WindowUpdateFrame& f) {
            return json{{"stream_id", f.stream_id}, {"delta", f.delta_bytes}};
          },
          [&golden](const DataPiece& piece) {
            return DataFields(piece, golden.data);
          },
      },
      golden.frame);
}

const net::http::Headers* HeadersOf(const Frame& frame) {
  if (auto* f = std::get_if<SynStreamFrame>(&frame)) return &f->headers;
  if (auto* f = std::get_if<SynReplyFrame>(&frame)) return &f->headers;
  if (auto* f = std::get_if<HeadersFrame>(&frame)) return &f->headers;
  return nullptr;
}

std::string Encode(FrameWriter& writer, const GoldenFrame& golden) {
  std::string out;
  std::visit(
      Overloaded{
          [](const std::monostate&) {},
          [&](const SynStreamFrame& f) {
            EXPECT_THAT(writer.AppendSynStream(f, &out), IsOk());
          },
          [&](const SynReplyFrame& f) {
            EXPECT_THAT(writer.AppendSynReply(f, &out), IsOk());
          },
          [&](const HeadersFrame& f) {
            EXPECT_THAT(writer.AppendHeaders(f, &out), IsOk());
          },
          [&](const RstStreamFrame& f) { AppendRstStream(f, &out); },
          [&](const SettingsFrame& f) { AppendSettings(f, &out); },
          [&](const PingFrame& f) { AppendPing(f, &out); },
          [&](const GoAwayFrame& f) { AppendGoAway(f, &out); },
          [&](const WindowUpdateFrame& f) { AppendWindowUpdate(f, &out); },
          [&](const DataPiece& piece) {
            const auto head = DataHead(piece.stream_id, golden.data.size(),
                                       piece.fin ? Fin::kYes : Fin::kNo);
            out.append(head.data(), head.size());
            out += golden.data;
          },
      },
      golden.frame);
  return out;
}

// zlib's own inflater, with the context of one direction.
class Inflater {
 public:
  Inflater() { EXPECT_EQ(inflateInit(&stream_), Z_OK); }
  ~Inflater() { inflateEnd(&stream_); }

  std::string Inflate(absl::string_view block) {
    std::string out(64 * 1024, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
    stream_.avail_in = static_cast<uInt>(block.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    int result = inflate(&stream_, Z_SYNC_FLUSH);
    if (result == Z_NEED_DICT) {
      inflateSetDictionary(&stream_,
                           reinterpret_cast<const Bytef*>(kHeaderDictionary),
                           kHeaderDictionaryBytes);
      result = inflate(&stream_, Z_SYNC_FLUSH);
    }
    EXPECT_EQ(result, Z_OK);
    EXPECT_EQ(stream_.avail_in, 0u);
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_ = {};
};

// Encodes frames of one direction, and compares them with what they were
// parsed from.
class SameBytes {
 public:
  void Check(const GoldenFrame& golden) {
    const std::string ours = Encode(writer_, golden);
    if (HeadersOf(golden.frame) == nullptr) {
      EXPECT_EQ(absl::BytesToHexString(ours),
                absl::BytesToHexString(golden.bytes));
      return;
    }
    // The head but for its length, then what comes before the block.
    const bool is_syn = std::holds_alternative<SynStreamFrame>(golden.frame);
    const size_t block = kFrameHeadBytes + (is_syn ? 10 : 4);
    EXPECT_EQ(ours.substr(0, 5), golden.bytes.substr(0, 5));
    EXPECT_EQ(ours.substr(8, block - 8), golden.bytes.substr(8, block - 8));
    EXPECT_EQ(
        absl::BytesToHexString(our_blocks_.Inflate(ours.substr(block))),
        absl::BytesToHexString(blocks_.Inflate(golden.bytes.substr(block))));
  }

 private:
  FrameWriter writer_;
  Inflater blocks_;
  Inflater our_blocks_;
};

std::map<std::string, std::vector<std::string>> Sorted(
    const net::http::Headers& headers) {
  std::map<std::string, std::vector<std::string>> sorted;
  for (const auto& [name, value] : headers) sorted[name].push_back(value);
  return sorted;
}

TEST(GoldenTest, EachFrameHasItsFieldsAndIsTheSameBytes) {
  const json golden = ReadGolden("spdy_frames.json");
  ASSERT_EQ(golden["frames"].size(), 23u);
  FrameParser parser;
  SameBytes same_bytes;
  for (const json& entry : golden["frames"]) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const bool is_head = entry.contains("hex_head");
    std::string bytes = absl::HexStringToBytes(
        entry[is_head ? "hex_head" : "hex"].get<std::string>());
    if (is_head) {
      bytes.append(entry["fields"]["data_len"].get<size_t>(), '\xab');
    }
    const std::vector<GoldenFrame> frames = ParseAll(parser, bytes);
    ASSERT_EQ(frames.size(), 1u);
    const json fields = FieldsOf(frames[0]);
    for (const auto& [name, value] : entry["fields"].items()) {
      if (name == "note") continue;
      EXPECT_EQ(fields.value(name, json()), value) << name;
    }
    if (const net::http::Headers* headers = HeadersOf(frames[0].frame)) {
      std::map<std::string, std::vector<std::string>> want;
      const json want_headers = entry.value("headers", json::object());
      for (const auto& [name, values] : want_headers.items()) {
        want[absl::AsciiStrToLower(name)] =
            values.get<std::vector<std::string>>();
      }
      EXPECT_EQ(Sorted(*headers), want);
    }
    same_bytes.Check(frames[0]);
  }
}

TEST(GoldenTest, EachFrameOfAConversationIsTheSameBytes) {
  for (const char* name :
       {"session-kubectl-1.20.json", "session-kubectl-1.36.json"}) {
    for (const char* from : {"client", "server"}) {
      SCOPED_TRACE(absl::StrCat(name, " ", from));
      std::string all;
      for (const std::string& chunk : SpdyChunks(ReadGolden(name), from)) {
        all += chunk;
      }
      FrameParser parser;
      SameBytes same_bytes;
      const std::vector<GoldenFrame> frames = ParseAll(parser, all);
      EXPECT_GE(frames.size(), 9u);
      for (const GoldenFrame& frame : frames) same_bytes.Check(frame);
    }
  }
}

// As it came, in the pieces of each read, and byte by byte.
TEST(GoldenTest, ConversationsParseInAnyPieces) {
  for (const char* name :
       {"session-kubectl-1.20.json", "session-kubectl-1.36.json"}) {
    for (const char* from : {"client", "server"}) {
      SCOPED_TRACE(absl::StrCat(name, " ", from));
      FrameParser whole;
      FrameParser bytewise;
      size_t frames = 0;
      size_t bytewise_frames = 0;
      for (const std::string& chunk : SpdyChunks(ReadGolden(name), from)) {
        absl::string_view input = chunk;
        while (!input.empty()) {
          absl::StatusOr<Frame> frame = whole.Next(&input);
          ASSERT_THAT(frame, IsOk());
          frames +=
              frame->index() > 0 && !std::holds_alternative<DataPiece>(*frame);
        }
        for (const char& byte : chunk) {
          absl::string_view one(&byte, 1);
          absl::StatusOr<Frame> frame = bytewise.Next(&one);
          ASSERT_THAT(frame, IsOk());
          bytewise_frames +=
              frame->index() > 0 && !std::holds_alternative<DataPiece>(*frame);
        }
      }
      EXPECT_GE(frames, 4u);
      EXPECT_EQ(frames, bytewise_frames);
    }
  }
}

}  // namespace
}  // namespace fairway::httpstream::spdy
