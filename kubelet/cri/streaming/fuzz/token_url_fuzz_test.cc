// SPDX-License-Identifier: Apache-2.0
// The URL that holds a token, as the streaming server reads it from a request
// line: a token comes out of one path only, and comes out as it went in.
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "kubelet/cri/streaming/token_path.h"
#include "net/http/request_target.h"
#include "net/http/url.h"

namespace fairway::kubelet::cri::streaming {
namespace {

using fuzz::Require;

void CheckTarget(absl::string_view prefix, absl::string_view target) {
  absl::StatusOr<net::http::Url> url =
      net::http::ParseRequestTarget("GET", target, "127.0.0.1:10250");
  if (!url.ok()) return;
  const std::optional<absl::string_view> token = TokenOfPath(prefix, url->path);
  if (!token.has_value()) return;
  Require(TokenPath(prefix, *token) == url->path, "a token has one path");
  Require(!absl::StrContains(*token, '/'), "a token is one segment");
}

// What a runtime hands out arrives, through URLs of any shape.
void CheckToken(absl::string_view prefix, absl::string_view bytes) {
  const std::string token = absl::WebSafeBase64Escape(bytes);
  net::http::Url url;
  url.path = TokenPath(prefix, token);
  for (const char* host : {"", "127.0.0.1", "::1"}) {
    url.host = host;
    for (const char* scheme : {"", "http"}) {
      url.scheme = scheme;
      absl::StatusOr<net::http::Url> got = net::http::ParseUrl(url.ToString());
      Require(got.ok(), "a token's URL is one");
      absl::StatusOr<net::http::Url> asked =
          net::http::ParseRequestTarget("POST", got->RequestTarget(), "node");
      Require(asked.ok(), "a token's URL may be asked for");
      Require(TokenOfPath(prefix, asked->path) == token, "a token arrives");
    }
  }
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace streaming = fairway::kubelet::cri::streaming;
  const absl::string_view text = fairway::fuzz::View(data, size);
  for (const char* prefix : {"", "/cri"}) {
    streaming::CheckTarget(prefix, text);
    streaming::CheckToken(prefix, text);
  }
  return 0;
}
