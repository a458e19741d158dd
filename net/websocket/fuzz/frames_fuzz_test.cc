// SPDX-License-Identifier: Apache-2.0
// One direction of a WebSocket. An input's first byte says whose end decodes.
// However the frames are cut they say the same, and written again they still
// do.
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/websocket/decoder.h"
#include "net/websocket/frame.h"

namespace fairway::net::websocket {
namespace {

using fuzz::Require;

constexpr Limits kLimits = {/*max_frame_bytes=*/2048,
                            /*max_message_bytes=*/4096};
constexpr MaskKey kKey = {'\x12', '\x00', '\xff', '\x7f'};

// What a direction said: messages and what came between their parts, without
// regard to the pieces.
struct Said {
  std::string text;
  absl::Status status;
  std::string again;  // the same in frames
  bool in_message = false;
  size_t message_bytes = 0;
  std::string part;  // of a message, as far as it came
};

// Writes what came of a message as one frame.
void FlushPart(Role sender, Opcode opcode, bool end, Said& said) {
  FrameHead head;
  head.opcode = said.in_message ? Opcode::kContinuation : opcode;
  head.fin = end;
  head.payload_bytes = said.part.size();
  if (sender == Role::kClient) head.mask = kKey;
  AppendFrameHead(head, &said.again);
  const size_t start = said.again.size();
  said.again += said.part;
  if (sender == Role::kClient) {
    // In two goes: the key goes on where the first ended.
    const size_t first = said.part.size() / 2;
    Mask(kKey, 0, absl::string_view(said.part).substr(0, first),
         said.again.data() + start);
    Mask(kKey, first, absl::string_view(said.part).substr(first),
         said.again.data() + start + first);
  }
  absl::StrAppend(&said.text, "part ", static_cast<int>(opcode), " ", said.part,
                  end ? " end\n" : "\n");
  said.part.clear();
  said.in_message = !end;
  if (end) said.message_bytes = 0;
}

void Note(Role sender, const Event& event, Opcode& opcode, Said& said) {
  if (event.type == Event::Type::kData) {
    opcode = event.opcode;
    absl::StrAppend(&said.part, event.payload);
    said.message_bytes += event.payload.size();
    Require(said.message_bytes <= kLimits.max_message_bytes,
            "a message is bounded");
    if (event.end_of_message) FlushPart(sender, opcode, true, said);
    return;
  }
  if (!said.part.empty()) FlushPart(sender, opcode, false, said);
  Require(event.payload.size() <= kMaxControlBytes, "control is bounded");
  switch (event.type) {
    case Event::Type::kPing:
      absl::StrAppend(&said.text, "ping ", event.payload, "\n");
      AppendControlFrame(sender, Opcode::kPing, event.payload, &said.again);
      break;
    case Event::Type::kPong:
      absl::StrAppend(&said.text, "pong ", event.payload, "\n");
      AppendControlFrame(sender, Opcode::kPong, event.payload, &said.again);
      break;
    default:
      absl::StrAppend(&said.text, "close ", event.close_code, " ",
                      event.payload, "\n");
      AppendCloseFrame(sender, {event.close_code, std::string(event.payload)},
                       &said.again);
  }
}

Said Decode(Role role, Limits limits, const fuzz::Pieces& pieces) {
  const Role sender = role == Role::kServer ? Role::kClient : Role::kServer;
  Decoder decoder(role, limits);
  Said said;
  Opcode opcode = Opcode::kBinary;
  for (absl::string_view bytes : pieces) {
    std::string memory(bytes);
    absl::Span<char> piece = absl::MakeSpan(memory);
    // Data is joined at the front, as a connection does it.
    char* front = memory.data();
    while (true) {
      absl::StatusOr<std::optional<Event>> event = decoder.Next(&piece, front);
      if (!event.ok()) {
        said.status = event.status();
        const uint16_t code = decoder.close_code();
        Require(IsValidCloseCode(code), "an error has a code to close with");
        break;
      }
      if (!event->has_value()) break;
      Require(said.status.ok(), "nothing follows an error");
      Note(sender, **event, opcode, said);
      if ((*event)->type == Event::Type::kData) {
        front += (*event)->payload.size();
      }
    }
    Require(piece.empty(), "all input is taken");
  }
  if (!said.part.empty()) FlushPart(sender, opcode, false, said);
  return said;
}

void Check(absl::string_view bytes) {
  const Role role =
      fuzz::TakeByte(bytes) % 2 == 0 ? Role::kServer : Role::kClient;
  const Said whole = Decode(role, kLimits, {bytes});
  for (const fuzz::Pieces& pieces : fuzz::Cuts(bytes)) {
    const Said cut = Decode(role, kLimits, pieces);
    Require(cut.status == whole.status, "a cut changes no error");
    // Text before what is not UTF-8 is given only if it came before.
    Require(cut.text == whole.text || !whole.status.ok(),
            "a cut changes nothing");
  }
  // What came in several frames is written in one.
  Limits limits = kLimits;
  limits.max_frame_bytes = limits.max_message_bytes;
  const Said again = Decode(role, limits, {whole.again});
  Require(again.status.ok(), "what was written again is understood");
  Require(again.text == whole.text, "what was written again means the same");
}

}  // namespace
}  // namespace fairway::net::websocket

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::net::websocket::Check(fairway::fuzz::View(data, size));
  return 0;
}
