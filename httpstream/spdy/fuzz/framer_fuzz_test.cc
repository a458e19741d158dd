// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: what any peer may send must neither crash the parser nor
// make it grow, and must mean the same however it is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <variant>

#include "httpstream/spdy/framer.h"

namespace fairway::httpstream::spdy {
namespace {

struct Summary {
  size_t control_frames = 0;
  size_t data_bytes = 0;
  size_t fins = 0;
  bool failed = false;
};

void Feed(FrameParser& parser, absl::string_view bytes, Summary* summary) {
  while (!summary->failed) {
    absl::StatusOr<Frame> frame = parser.Next(&bytes);
    if (!frame.ok()) {
      summary->failed = true;
    } else if (const auto* piece = std::get_if<DataPiece>(&*frame)) {
      summary->data_bytes += piece->payload.size();
      summary->fins += piece->fin ? 1 : 0;
    } else if (std::holds_alternative<std::monostate>(*frame)) {
      return;
    } else {
      ++summary->control_frames;
    }
  }
}

void Check(absl::string_view bytes) {
  Summary whole, cut;
  FrameParser whole_parser, cut_parser;
  Feed(whole_parser, bytes, &whole);
  // The first byte of the input says where it is cut.
  const size_t step = bytes.empty() ? 1 : 1 + (bytes[0] & 15);
  for (size_t i = 0; i < bytes.size(); i += step) {
    Feed(cut_parser, bytes.substr(i, step), &cut);
  }
  if (whole.failed != cut.failed ||
      whole.control_frames != cut.control_frames ||
      whole.data_bytes != cut.data_bytes || whole.fins != cut.fins) {
    std::abort();
  }
}

}  // namespace
}  // namespace fairway::httpstream::spdy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::httpstream::spdy::Check(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
