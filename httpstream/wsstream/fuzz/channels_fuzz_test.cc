// SPDX-License-Identifier: Apache-2.0
// The channel protocols' messages. An input's first byte is the codec's; then
// come messages, each behind a byte that is its length.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "httpstream/wsstream/channel_codec.h"

namespace fairway::httpstream::wsstream {
namespace {

using fuzz::Require;

struct Said {
  absl::Status status;
  bool has_channel = false;
  uint8_t channel = 0;
  std::string bytes;
};

Said Decode(ChannelDecoder& decoder, const fuzz::Pieces& pieces) {
  Said said;
  for (size_t i = 0; i < pieces.size() && said.status.ok(); ++i) {
    std::string scratch;
    absl::StatusOr<ChannelDecoder::Piece> piece =
        decoder.Feed(pieces[i], i + 1 == pieces.size(), &scratch);
    said.status = piece.status();
    if (!piece.ok()) break;
    Require(piece->has_channel || piece->bytes.empty(),
            "bytes belong to a channel");
    said.has_channel = piece->has_channel;
    said.channel = piece->channel;
    absl::StrAppend(&said.bytes, piece->bytes);
  }
  return said;
}

bool Same(const Said& a, const Said& b) {
  return a.has_channel == b.has_channel && a.channel == b.channel &&
         a.bytes == b.bytes;
}

// How many channels can be named; more than any connection has.
int ChannelCount(ChannelCodec codec) {
  return codec == ChannelCodec::kBinary ? 256 : 0x80 - '0';
}

void CheckWritten(ChannelCodec codec, const Said& said) {
  if (!said.has_channel || said.channel >= ChannelCount(codec)) return;
  const absl::string_view bytes = said.bytes;
  std::string message;
  AppendChannelMessage(
      codec, said.channel,
      {bytes.substr(0, bytes.size() / 3), bytes.substr(bytes.size() / 3)},
      &message);
  ChannelDecoder decoder(codec);
  const Said again = Decode(decoder, {message});
  Require(again.status.ok() && Same(said, again),
          "a message that was written again is the same");
}

void Check(absl::string_view bytes) {
  const ChannelCodec codec = fuzz::TakeByte(bytes) % 2 == 0
                                 ? ChannelCodec::kBinary
                                 : ChannelCodec::kBase64;
  ChannelDecoder decoders[] = {ChannelDecoder(codec), ChannelDecoder(codec),
                               ChannelDecoder(codec), ChannelDecoder(codec)};
  while (!bytes.empty()) {
    const absl::string_view message = fuzz::Take(bytes, fuzz::TakeByte(bytes));
    const Said whole = Decode(decoders[0], {message});
    Require(whole.bytes.size() <= message.size(), "nothing grows");
    int next = 1;
    for (const fuzz::Pieces& pieces : fuzz::Cuts(message)) {
      // The end of an empty message comes in an empty piece.
      const Said cut = Decode(decoders[next++],
                              pieces.empty() ? fuzz::Pieces{message} : pieces);
      Require(cut.status == whole.status, "a cut changes no error");
      Require(!whole.status.ok() || Same(whole, cut), "a cut changes nothing");
    }
    if (!whole.status.ok()) return;
    CheckWritten(codec, whole);
  }
}

}  // namespace
}  // namespace fairway::httpstream::wsstream

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::httpstream::wsstream::Check(fairway::fuzz::View(data, size));
  return 0;
}
