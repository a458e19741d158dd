// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/handshake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "net/tls/crypto.h"

namespace fairway::net::websocket {
namespace {

constexpr absl::string_view kConnection = "Connection";
constexpr absl::string_view kUpgrade = "Upgrade";
constexpr absl::string_view kWebSocket = "websocket";
constexpr absl::string_view kKey = "Sec-WebSocket-Key";
constexpr absl::string_view kAccept = "Sec-WebSocket-Accept";
constexpr absl::string_view kVersion = "Sec-WebSocket-Version";
constexpr absl::string_view kSupportedVersion = "13";
constexpr absl::string_view kExtensions = "Sec-WebSocket-Extensions";

// Section 1.3.
constexpr absl::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyBytes = 16;

constexpr absl::string_view kBadHandshake =
    "websocket: the client is not using the websocket protocol: ";

// Base64 of exactly kKeyBytes: absl's decoder forgives too much.
bool IsKey(absl::string_view text) {
  if (text.size() != 24 || !absl::ConsumeSuffix(&text, "==")) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' ||
           c == '/';
  });
}

// As Go's %q has a list of strings.
std::string QuotedList(absl::Span<const std::string> texts) {
  return absl::StrCat(
      "[",
      absl::StrJoin(texts, " ",
                    [](std::string* out, const std::string& text) {
                      absl::StrAppend(out, "\"", absl::CHexEscape(text), "\"");
                    }),
      "]");
}

ServerAnswer Refuse(int http_status, std::string message) {
  ServerAnswer answer;
  answer.http_status = http_status;
  answer.headers.Add(kVersion, kSupportedVersion);
  answer.status = http_status == 403 ? absl::PermissionDeniedError(message)
                                     : absl::InvalidArgumentError(message);
  return answer;
}

// The index in `requested` of the first that is in `accepted`; its size if
// none is.
size_t FirstAccepted(absl::Span<const std::string> requested,
                     absl::Span<const std::string> accepted) {
  const auto chosen = std::find_first_of(requested.begin(), requested.end(),
                                         accepted.begin(), accepted.end());
  return static_cast<size_t>(chosen - requested.begin());
}

}  // namespace

bool IsWebSocketRequest(const http::Headers& headers) {
  return headers.HasToken(kConnection, kUpgrade) &&
         absl::EqualsIgnoreCase(headers.Get(kUpgrade), kWebSocket);
}

std::vector<std::string> RequestedProtocols(const http::Headers& headers) {
  std::vector<std::string> protocols;
  for (absl::string_view value : headers.Values(kProtocolHeader)) {
    for (absl::string_view protocol : absl::StrSplit(value, ',')) {
      protocol = absl::StripAsciiWhitespace(protocol);
      if (!protocol.empty()) protocols.emplace_back(protocol);
    }
  }
  return protocols;
}

std::string AcceptFor(absl::string_view key) {
  return absl::Base64Escape(Sha1(absl::StrCat(key, kGuid)));
}

ServerAnswer AnswerRequest(absl::string_view method,
                           const http::Headers& headers,
                           absl::Span<const std::string> protocols) {
  if (!headers.HasToken(kConnection, kUpgrade)) {
    return Refuse(400, absl::StrCat(kBadHandshake,
                                    "'upgrade' token not found in "
                                    "'Connection' header"));
  }
  if (!headers.HasToken(kUpgrade, kWebSocket)) {
    return Refuse(400, absl::StrCat(kBadHandshake,
                                    "'websocket' token not found in "
                                    "'Upgrade' header"));
  }
  if (method != "GET") {
    return Refuse(405,
                  absl::StrCat(kBadHandshake, "request method is not GET"));
  }
  if (!headers.HasToken(kVersion, kSupportedVersion)) {
    return Refuse(400,
                  "websocket: unsupported version: 13 not found in "
                  "'Sec-Websocket-Version' header");
  }
  const absl::string_view key = headers.Get(kKey);
  if (!IsKey(key)) {
    return Refuse(400,
                  "websocket: not a websocket handshake: 'Sec-WebSocket-Key' "
                  "header must be Base64 encoded value of 16-byte in length");
  }
  std::vector<std::string> requested = RequestedProtocols(headers);
  if (requested.empty()) requested.emplace_back();
  ServerAnswer answer;
  if (!protocols.empty()) {
    const size_t chosen = FirstAccepted(requested, protocols);
    if (chosen == requested.size()) {
      return Refuse(403, absl::StrCat("requested protocol(s) are not "
                                      "supported: ",
                                      QuotedList(requested), "; supports ",
                                      QuotedList(protocols)));
    }
    answer.protocol = requested[chosen];
  }
  answer.headers.Add(kUpgrade, kWebSocket);
  answer.headers.Add(kConnection, kUpgrade);
  answer.headers.Add(kAccept, AcceptFor(key));
  if (!answer.protocol.empty()) {
    answer.headers.Add(kProtocolHeader, answer.protocol);
  }
  return answer;
}

ClientHandshake NewClientHandshake(std::vector<std::string> protocols) {
  return {absl::Base64Escape(RandomBytes(kKeyBytes)), std::move(protocols)};
}

http::Headers RequestHeaders(const ClientHandshake& handshake) {
  http::Headers headers;
  headers.Add(kUpgrade, kWebSocket);
  headers.Add(kConnection, kUpgrade);
  headers.Add(kKey, handshake.key);
  headers.Add(kVersion, kSupportedVersion);
  if (!handshake.protocols.empty()) {
    headers.Add(kProtocolHeader, absl::StrJoin(handshake.protocols, ", "));
  }
  return headers;
}

absl::StatusOr<std::string> CheckAnswer(const ClientHandshake& handshake,
                                        int http_status,
                                        const http::Headers& headers) {
  if (http_status != 101 || !headers.HasToken(kUpgrade, kWebSocket) ||
      !headers.HasToken(kConnection, kUpgrade) ||
      headers.Get(kAccept) != AcceptFor(handshake.key) ||
      headers.Has(kExtensions)) {
    return absl::InvalidArgumentError("websocket: bad handshake");
  }
  const std::string protocol(headers.Get(kProtocolHeader));
  const std::vector<std::string> chosen = {protocol};
  const bool ours = handshake.protocols.empty()
                        ? protocol.empty()
                        : FirstAccepted(chosen, handshake.protocols) == 0;
  if (!ours) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid protocol, expected one of ", QuotedList(handshake.protocols),
        ", got \"", absl::CHexEscape(protocol), "\""));
  }
  return protocol;
}

}  // namespace fairway::net::websocket
