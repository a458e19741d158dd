// SPDX-License-Identifier: Apache-2.0
// One direction of a SPDY connection: what any peer may send must neither crash
// the parser nor make it grow, must mean the same however it is cut, and what
// was understood must mean the same when it is written again.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "httpstream/spdy/framer.h"

namespace fairway::httpstream::spdy {
namespace {

using fuzz::Require;

// What a direction said: the control frames, and each stream's DATA without
// regard to its pieces, in their order.
struct Said {
  std::string text;
  bool failed = false;
  // The frames written again; not all can be, see Rewrite().
  std::string again;
  bool again_whole = true;
  FrameWriter writer;
  // DATA whose end has not come.
  uint32_t data_stream = 0;
  std::string data;
};

std::string Describe(const net::http::Headers& headers) {
  std::string out;
  size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    absl::StrAppend(&out, " ", name, "=", value);
    bytes += name.size() + value.size();
    Require(name.size() <= kMaxHeaderNameBytes, "a name is bounded");
    Require(value.size() <= kMaxHeaderValueBytes, "a value is bounded");
  }
  Require(headers.size() <= kMaxHeaderCount, "the headers' number is bounded");
  Require(bytes <= 2 * kMaxHeaderBlockBytes, "a block is bounded");
  return out;
}

void FlushData(Said& said) {
  if (said.data_stream == 0) return;
  absl::StrAppend(&said.text, "data ", said.data_stream, " ", said.data, "\n");
  const auto head = DataHead(said.data_stream, said.data.size(), Fin::kNo);
  said.again.append(head.data(), head.size());
  said.again += said.data;
  said.data_stream = 0;
  said.data.clear();
}

// Header blocks that are larger than any of ours are not written.
void Rewrite(absl::Status appended, Said& said) {
  if (!appended.ok()) said.again_whole = false;
}

struct Noter {
  Said& said;

  void operator()(const std::monostate&) {}
  void operator()(const SynStreamFrame& f) {
    absl::StrAppend(&said.text, "syn ", f.stream_id, " ",
                    f.associated_stream_id, " ", f.priority, " ", f.slot, f.fin,
                    f.unidirectional, Describe(f.headers), "\n");
    Require(f.stream_id != 0, "a stream has a number");
    Rewrite(said.writer.AppendSynStream(f, &said.again), said);
  }
  void operator()(const SynReplyFrame& f) {
    absl::StrAppend(&said.text, "reply ", f.stream_id, f.fin,
                    Describe(f.headers), "\n");
    Rewrite(said.writer.AppendSynReply(f, &said.again), said);
  }
  void operator()(const HeadersFrame& f) {
    absl::StrAppend(&said.text, "headers ", f.stream_id, f.fin,
                    Describe(f.headers), "\n");
    Rewrite(said.writer.AppendHeaders(f, &said.again), said);
  }
  void operator()(const RstStreamFrame& f) {
    absl::StrAppend(&said.text, "rst ", f.stream_id, " ",
                    static_cast<uint32_t>(f.status), "\n");
    AppendRstStream(f, &said.again);
  }
  void operator()(const SettingsFrame& f) {
    absl::StrAppend(&said.text, "settings ", f.clear_persisted);
    Require(f.settings.size() <= kMaxSettings, "SETTINGS is bounded");
    for (const Setting& setting : f.settings) {
      absl::StrAppend(&said.text, " ", setting.flags, " ", setting.id, " ",
                      setting.value);
    }
    said.text += "\n";
    AppendSettings(f, &said.again);
  }
  void operator()(const PingFrame& f) {
    absl::StrAppend(&said.text, "ping ", f.id, "\n");
    AppendPing(f, &said.again);
  }
  void operator()(const GoAwayFrame& f) {
    absl::StrAppend(&said.text, "goaway ", f.last_good_stream_id, " ",
                    static_cast<uint32_t>(f.status), "\n");
    AppendGoAway(f, &said.again);
  }
  void operator()(const WindowUpdateFrame& f) {
    absl::StrAppend(&said.text, "window ", f.stream_id, " ", f.delta_bytes,
                    "\n");
    Require(f.delta_bytes <= kMaxWindowBytes, "a delta has 31 bits");
    AppendWindowUpdate(f, &said.again);
  }
  void operator()(const DataPiece& f) {
    Require(f.stream_id != 0, "a stream has a number");
    if (f.stream_id != said.data_stream) FlushData(said);
    said.data_stream = f.stream_id;
    said.data.append(f.payload.data(), f.payload.size());
    if (!f.fin) return;
    FlushData(said);
    absl::StrAppend(&said.text, "fin ", f.stream_id, "\n");
    const auto head = DataHead(f.stream_id, 0, Fin::kYes);
    said.again.append(head.data(), head.size());
  }
};

void Parse(const fuzz::Pieces& pieces, Said& said) {
  FrameParser parser;
  for (absl::string_view piece : pieces) {
    while (!said.failed) {
      absl::StatusOr<Frame> frame = parser.Next(&piece);
      if (!frame.ok()) {
        said.failed = true;
        FlushData(said);
        absl::StrAppend(&said.text, frame.status().ToString(), "\n");
        break;
      }
      if (std::holds_alternative<std::monostate>(*frame)) {
        Require(piece.empty(), "input is left only behind a frame");
        break;
      }
      if (!std::holds_alternative<DataPiece>(*frame)) FlushData(said);
      std::visit(Noter{said}, *frame);
    }
  }
  FlushData(said);
}

void Check(absl::string_view bytes) {
  Said whole;
  Parse({bytes}, whole);
  for (const fuzz::Pieces& pieces : fuzz::Cuts(bytes)) {
    Said cut;
    Parse(pieces, cut);
    Require(cut.text == whole.text, "a cut changes nothing");
  }
  if (!whole.again_whole) return;
  Said again;
  Parse({whole.again}, again);
  Require(!again.failed, "what was written again is understood");
  // All but the error that the first may have ended with.
  Require(whole.text.compare(0, again.text.size(), again.text) == 0,
          "what was written again means the same");
  Require(whole.failed || again.text.size() == whole.text.size(),
          "nothing is lost when it is written again");
}

}  // namespace
}  // namespace fairway::httpstream::spdy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::httpstream::spdy::Check(fairway::fuzz::View(data, size));
  return 0;
}
