// SPDX-License-Identifier: Apache-2.0
// The opening handshake's checks, on both sides. An input is lines: a method
// and a status, then header fields.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/http/headers.h"
#include "net/websocket/handshake.h"

namespace fairway::net::websocket {
namespace {

using fuzz::Require;

bool Contains(const std::vector<std::string>& texts, absl::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

void CheckServer(absl::string_view method, const http::Headers& headers,
                 const std::vector<std::string>& protocols) {
  const ServerAnswer answer = AnswerRequest(method, headers, protocols);
  for (const auto& [name, value] : answer.headers) {
    Require(http::IsValidHeader(name, value), "an answer may be sent");
  }
  if (answer.http_status != 101) {
    Require(answer.http_status == 400 || answer.http_status == 403 ||
                answer.http_status == 405,
            "a refusal is one of three");
    Require(!answer.status.ok() && !answer.status.message().empty(),
            "a refusal has words");
    return;
  }
  Require(answer.status.ok() && method == "GET", "a GET is upgraded");
  Require(protocols.empty() || Contains(protocols, answer.protocol),
          "a protocol is one of ours");
  Require(answer.protocol.empty() ||
              Contains(RequestedProtocols(headers), answer.protocol),
          "a protocol is one of the client's");
  const ClientHandshake client = {std::string(headers.Get("Sec-WebSocket-Key")),
                                  RequestedProtocols(headers)};
  absl::StatusOr<std::string> checked =
      CheckAnswer(client, answer.http_status, answer.headers);
  // A client that asks for protocols insists on one of them.
  if (!answer.protocol.empty() || client.protocols.empty()) {
    Require(checked.ok() && *checked == answer.protocol,
            "our client takes our server's answer");
  }
}

void CheckClient(int status, const http::Headers& headers) {
  const ClientHandshake client = {"dGhlIHNhbXBsZSBub25jZQ==",
                                  {"SPDY/3.1+portforward.k8s.io", "b"}};
  absl::StatusOr<std::string> protocol = CheckAnswer(client, status, headers);
  if (!protocol.ok()) return;
  Require(status == 101, "101 is the only answer");
  Require(Contains(client.protocols, *protocol), "a protocol is one of ours");
  Require(headers.Get("Sec-WebSocket-Accept") == AcceptFor(client.key),
          "an answer is to our key");
}

// What our client asks for, with the protocols that `headers` name, our server
// agrees to.
void CheckOurs(const http::Headers& headers) {
  const std::vector<std::string> protocols = RequestedProtocols(headers);
  const ClientHandshake client = NewClientHandshake(protocols);
  const http::Headers asked = RequestHeaders(client);
  Require(IsWebSocketRequest(asked), "a request of ours is one");
  const ServerAnswer answer = AnswerRequest("GET", asked, protocols);
  Require(answer.http_status == 101, "a request of ours is granted");
  absl::StatusOr<std::string> chosen =
      CheckAnswer(client, answer.http_status, answer.headers);
  Require(chosen.ok(), "an answer of ours is taken");
  Require(*chosen == (protocols.empty() ? "" : protocols[0]),
          "the first protocol is chosen");
}

void Check(absl::string_view bytes) {
  absl::string_view first = fuzz::TakeUntil(bytes, '\n');
  const absl::string_view method = fuzz::TakeUntil(first, ' ');
  int status = 0;
  if (!absl::SimpleAtoi(first, &status)) status = 101;
  http::Headers headers;
  while (!bytes.empty()) {
    absl::string_view value = fuzz::TakeUntil(bytes, '\n');
    const absl::string_view name = fuzz::TakeUntil(value, ':');
    absl::ConsumePrefix(&value, " ");
    // The parser of heads lets no others through.
    if (http::IsValidHeader(name, value)) headers.Add(name, value);
  }
  CheckClient(status, headers);
  CheckOurs(headers);
  CheckServer(method, headers, {});
  CheckServer(method, headers, {"SPDY/3.1+portforward.k8s.io"});
  CheckServer(method, headers,
              {"v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""});
}

}  // namespace
}  // namespace fairway::net::websocket

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairway::net::websocket::Check(fairway::fuzz::View(data, size));
  return 0;
}
