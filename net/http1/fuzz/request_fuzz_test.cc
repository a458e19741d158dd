// SPDX-License-Identifier: Apache-2.0
// A request as a server reads it: head, target, Host, body. However it is cut
// it is the same request, and sent on it is still the same.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/http/request_target.h"
#include "net/http/url.h"
#include "net/http1/fuzz/message.h"
#include "net/http1/message_head.h"
#include "net/http1/message_parser.h"

namespace fairway::net::http1 {
namespace {

using fuzz::Require;

constexpr size_t kMaxBytes = 6000;  // of a head

std::string Describe(MessageParser& parser) {
  return absl::StrCat(parser.method(), " ", parser.target(), "\n",
                      DescribeFields(parser.headers()),
                      parser.content_length().value_or(0), parser.chunked());
}

void CheckTarget(MessageParser& parser) {
  absl::StatusOr<http::Url> url = http::ParseRequestTarget(
      parser.method(), parser.target(), parser.headers().Get("Host"));
  if (!url.ok() || parser.method() == "CONNECT") return;
  const std::string target = url->RequestTarget();
  absl::StatusOr<http::Url> again =
      http::ParseRequestTarget(parser.method(), target, url->HostPort());
  Require(again.ok(), "a target that was taken may be sent on");
  Require(again->RequestTarget() == target, "a target stays what it is");
  Require(again->HostPort() == url->HostPort(), "a host stays what it is");
}

void CheckSentOn(MessageParser& parser) {
  const std::string head =
      SerializeRequestHead(parser.method(), parser.target(), parser.headers());
  MessageParser again(MessageParser::Kind::kRequest);
  Require(again.ParseHead(head).ok(), "a head that was taken may be sent on");
  Require(Describe(again) == Describe(parser), "a head stays what it is");
  Require(
      parser.minor_version() == 0 || again.keep_alive() == parser.keep_alive(),
      "a connection stays as long");
}

// What the bytes say, in words.
std::string Read(const fuzz::Pieces& pieces) {
  std::string head;
  size_t searched = 0;
  std::unique_ptr<MessageParser> parser;
  std::unique_ptr<BodyText> body;
  std::string said;
  for (absl::string_view piece : pieces) {
    if (body != nullptr) {
      body->Feed(piece);
      continue;
    }
    absl::StrAppend(&head, piece);
    absl::StatusOr<size_t> end = FindHeadEnd(head, kMaxBytes, searched);
    if (!end.ok()) return end.status().ToString();
    Require(*end <= kMaxBytes, "a head is bounded");
    if (*end == 0) continue;
    parser = std::make_unique<MessageParser>(MessageParser::Kind::kRequest);
    absl::Status parsed =
        parser->ParseHead(absl::string_view(head).substr(0, *end));
    if (!parsed.ok()) return parsed.ToString();
    CheckTarget(*parser);
    CheckSentOn(*parser);
    said = Describe(*parser);
    body = std::make_unique<BodyText>(*parser);
    body->Feed(absl::string_view(head).substr(*end));
  }
  return body == nullptr ? "incomplete" : absl::StrCat(said, body->End());
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
