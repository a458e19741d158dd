// SPDX-License-Identifier: Apache-2.0
// A response as a client reads it: what comes before it (1xx), head and body.
// However it is cut it is the same response.
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/http1/fuzz/message.h"
#include "net/http1/message_head.h"
#include "net/http1/message_parser.h"

namespace fairway::net::http1 {
namespace {

using fuzz::Require;

constexpr size_t kMaxBytes = 6000;  // of a head

std::string Describe(const ResponseHead& head) {
  return absl::StrCat(head.status, " ", DescribeFields(head.headers));
}

void CheckSentOn(const ResponseHead& head) {
  Require(head.status >= 200 || head.status == 101, "1xx is skipped, but 101");
  Require(head.raw.size() <= kMaxBytes, "a head is bounded");
  ResponseHeadParser parser(4 * kMaxBytes);
  absl::StatusOr<std::optional<ResponseHead>> again =
      parser.Feed(SerializeResponseHead(head.status, head.headers));
  Require(again.ok() && again->has_value(), "what was taken may be sent on");
  Require(Describe(**again) == Describe(head), "a head stays what it is");
}

// An answer to HEAD has no body, whatever its fields say.
void CheckWithoutBody(const ResponseHead& head) {
  MessageParser parser(MessageParser::Kind::kResponse);
  parser.SkipBody();
  Require(parser.ParseHead(head.raw).ok(), "a head is taken again");
  Require(parser.done() && parser.Finish().ok(), "there is no body");
}

// The body behind a head that is not an upgrade's.
std::string ReadBody(const ResponseHead& head, const fuzz::Pieces& rest) {
  MessageParser parser(MessageParser::Kind::kResponse);
  Require(parser.ParseHead(head.raw).ok(), "a head is taken again");
  Require(parser.status() == head.status && parser.reason() == head.reason,
          "a head is taken for the same");
  BodyText body(parser);
  for (absl::string_view piece : rest) body.Feed(piece);
  return body.End();
}

std::string Read(const fuzz::Pieces& pieces) {
  ResponseHeadParser parser(kMaxBytes);
  for (size_t i = 0; i < pieces.size(); ++i) {
    absl::StatusOr<std::optional<ResponseHead>> head = parser.Feed(pieces[i]);
    if (!head.ok()) return head.status().ToString();
    if (!head->has_value()) continue;
    CheckSentOn(**head);
    CheckWithoutBody(**head);
    fuzz::Pieces rest(pieces.begin() + i, pieces.end());
    rest[0] = (*head)->rest;
    Require(rest[0].size() <= pieces[i].size(), "the rest is the last piece's");
    return absl::StrCat(Describe(**head), ReadBody(**head, rest));
  }
  return "incomplete";
}

void Check(absl::string_view bytes) {
  const std::string whole = Read({bytes});
  for (const fuzz::Pieces& pieces : fuzz::Cuts(bytes)) {
    if (pieces.empty()) continue;
    Require(Read(pieces) == whole, "a cut changes nothing");
  }
}

}  // namespace
}  // namespace fairway::net::http1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::net::http1::Check(fairway::fuzz::View(data, size));
  return 0;
}
