// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::net::websocket {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<http::Headers::Field> FieldsOf(const http::Headers& headers) {
  return {headers.begin(), headers.end()};
}

http::Headers GoodRequest() {
  return {{"Host", "server.example.com"},
          {"Upgrade", "websocket"},
          {"Connection", "Upgrade"},
          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
          {"Origin", "http://example.com"},
          {"Sec-WebSocket-Protocol", "chat, superchat"},
          {"Sec-WebSocket-Version", "13"}};
}

// Section 1.3.
TEST(HandshakeTest, AcceptIsThatOfTheRfc) {
  EXPECT_EQ(AcceptFor("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(HandshakeTest, ServerAnswersInGorillasOrder) {
  const std::vector<std::string> protocols = {"superchat"};
  ServerAnswer answer = AnswerRequest("GET", GoodRequest(), protocols);
  ASSERT_THAT(answer.status, IsOk());
  EXPECT_EQ(answer.http_status, 101);
  EXPECT_EQ(answer.protocol, "superchat");
  EXPECT_THAT(
      FieldsOf(answer.headers),
      ElementsAre(Pair("Upgrade", "websocket"), Pair("Connection", "Upgrade"),
                  Pair("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                  Pair("Sec-WebSocket-Protocol", "superchat")));
}

TEST(HandshakeTest, ClientsOrderOfProtocolsCounts) {
  const std::vector<std::string> protocols = {"superchat", "chat"};
  EXPECT_EQ(AnswerRequest("GET", GoodRequest(), protocols).protocol, "chat");
}

TEST(HandshakeTest, ProtocolsMayStandInSeveralFields) {
  http::Headers headers = GoodRequest();
  headers.Add("Sec-Websocket-Protocol", " third ,, fourth");
  EXPECT_THAT(RequestedProtocols(headers),
              ElementsAre("chat", "superchat", "third", "fourth"));
}

TEST(HandshakeTest, NoProtocolIsNamedWhereNoneWasAsked) {
  http::Headers headers = GoodRequest();
  headers.Remove("Sec-WebSocket-Protocol");
  for (const std::vector<std::string>& protocols :
       std::vector<std::vector<std::string>>{{}, {"", "chat"}}) {
    ServerAnswer answer = AnswerRequest("GET", headers, protocols);
    ASSERT_THAT(answer.status, IsOk());
    EXPECT_EQ(answer.protocol, "");
    EXPECT_FALSE(answer.headers.Has("Sec-WebSocket-Protocol"));
  }
}

TEST(HandshakeTest, NoExtensionIsAgreedOn) {
  http::Headers headers = GoodRequest();
  headers.Add("Sec-WebSocket-Extensions", "permessage-deflate");
  ServerAnswer answer = AnswerRequest("GET", headers, {});
  ASSERT_THAT(answer.status, IsOk());
  EXPECT_FALSE(answer.headers.Has("Sec-WebSocket-Extensions"));
}

struct Refusal {
  std::string name;
  std::string field;
  std::string value;  // empty: the field is removed
  int want_status;
  std::string want_message;
  std::string method = "GET";
};

void PrintTo(const Refusal& r, std::ostream* out) { *out << r.name; }

class Refusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refusals, SayWhy) {
  const Refusal& r = GetParam();
  http::Headers headers = GoodRequest();
  headers.Remove(r.field);
  if (!r.value.empty()) headers.Add(r.field, r.value);
  const std::vector<std::string> protocols = {"chat"};
  ServerAnswer answer = AnswerRequest(r.method, headers, protocols);
  EXPECT_EQ(answer.http_status, r.want_status);
  EXPECT_EQ(answer.status.message(), r.want_message);
  EXPECT_THAT(FieldsOf(answer.headers),
              ElementsAre(Pair("Sec-WebSocket-Version", "13")));
}

constexpr char kBadKey[] =
    "websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be "
    "Base64 encoded value of 16-byte in length";

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    ::testing::Values(
        Refusal{"NotGet", "X", "", 405,
                "websocket: the client is not using the websocket protocol: "
                "request method is not GET",
                "POST"},
        Refusal{"NoConnection", "Connection", "keep-alive", 400,
                "websocket: the client is not using the websocket protocol: "
                "'upgrade' token not found in 'Connection' header"},
        Refusal{"OtherUpgrade", "Upgrade", "SPDY/3.1", 400,
                "websocket: the client is not using the websocket protocol: "
                "'websocket' token not found in 'Upgrade' header"},
        Refusal{"OldVersion", "Sec-WebSocket-Version", "8", 400,
                "websocket: unsupported version: 13 not found in "
                "'Sec-Websocket-Version' header"},
        Refusal{"NoKey", "Sec-WebSocket-Key", "", 400, kBadKey},
        Refusal{"KeyOf15Bytes", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j",
                400, kBadKey},
        Refusal{"KeyOf17Bytes", "Sec-WebSocket-Key",
                "dGhlIHNhbXBsZSBub25jZTE=", 400, kBadKey},
        Refusal{"KeyNoBase64", "Sec-WebSocket-Key",
                "dGhlIHNhbXBsZSBub25j!Q==", 400, kBadKey},
        Refusal{"NoCommonProtocol", "Sec-WebSocket-Protocol", "a, \"b", 403,
                "requested protocol(s) are not supported: [\"a\" \"\\\"b\"]; "
                "supports [\"chat\"]"},
        Refusal{"NoProtocol", "Sec-WebSocket-Protocol", "", 403,
                "requested protocol(s) are not supported: [\"\"]; supports "
                "[\"chat\"]"}),
    [](const auto& info) { return info.param.name; });

TEST(HandshakeTest, WebSocketRequestsAreKnownByTheirFields) {
  EXPECT_TRUE(IsWebSocketRequest(
      {{"connection", "keep-alive, upgrade"}, {"upgrade", "WebSocket"}}));
  EXPECT_FALSE(
      IsWebSocketRequest({{"Connection", "Upgrade"}, {"Upgrade", "SPDY/3.1"}}));
  EXPECT_FALSE(IsWebSocketRequest({{"Upgrade", "websocket"}}));
  EXPECT_FALSE(IsWebSocketRequest(
      {{"Connection", "upgraded"}, {"Upgrade", "websocket"}}));
}

TEST(HandshakeTest, ClientAsksWithAKeyOfItsOwn) {
  ClientHandshake handshake = NewClientHandshake({"a", "b"});
  std::string key;
  ASSERT_TRUE(absl::Base64Unescape(handshake.key, &key));
  EXPECT_EQ(key.size(), 16u);
  EXPECT_NE(NewClientHandshake({}).key, handshake.key);
  EXPECT_THAT(
      FieldsOf(RequestHeaders(handshake)),
      ElementsAre(Pair("Upgrade", "websocket"), Pair("Connection", "Upgrade"),
                  Pair("Sec-WebSocket-Key", handshake.key),
                  Pair("Sec-WebSocket-Version", "13"),
                  Pair("Sec-WebSocket-Protocol", "a, b")));
}

TEST(HandshakeTest, BothSidesUnderstandOneAnother) {
  ClientHandshake handshake = NewClientHandshake({"a", "b"});
  const std::vector<std::string> protocols = {"b"};
  ServerAnswer answer =
      AnswerRequest("GET", RequestHeaders(handshake), protocols);
  ASSERT_THAT(answer.status, IsOk());
  absl::StatusOr<std::string> chosen =
      CheckAnswer(handshake, answer.http_status, answer.headers);
  ASSERT_THAT(chosen.status(), IsOk());
  EXPECT_EQ(*chosen, "b");
}

TEST(HandshakeTest, ClientChecksTheAnswer) {
  const ClientHandshake handshake = NewClientHandshake({"a", "b"});
  const http::Headers good = {
      {"Upgrade", "WebSocket"},
      {"Connection", "upgrade"},
      {"Sec-WebSocket-Accept", AcceptFor(handshake.key)},
      {"Sec-WebSocket-Protocol", "a"}};
  ASSERT_THAT(CheckAnswer(handshake, 101, good).status(), IsOk());
  auto with = [&good](absl::string_view name, absl::string_view value) {
    http::Headers headers = good;
    headers.Set(name, value);
    return headers;
  };
  const std::vector<http::Headers> bad = {
      with("Upgrade", "SPDY/3.1"), with("Connection", "close"),
      with("Sec-WebSocket-Accept", AcceptFor("other")),
      with("Sec-WebSocket-Extensions", "permessage-deflate")};
  for (const http::Headers& headers : bad) {
    EXPECT_THAT(
        CheckAnswer(handshake, 101, headers).status(),
        StatusIs(StatusCode::kInvalidArgument, "websocket: bad handshake"));
  }
  EXPECT_THAT(
      CheckAnswer(handshake, 200, good).status(),
      StatusIs(StatusCode::kInvalidArgument, "websocket: bad handshake"));
  EXPECT_THAT(
      CheckAnswer(handshake, 101, with("Sec-WebSocket-Protocol", "c")).status(),
      StatusIs(StatusCode::kInvalidArgument,
               "invalid protocol, expected one of [\"a\" \"b\"], got \"c\""));
  EXPECT_THAT(
      CheckAnswer(handshake, 101, with("Sec-WebSocket-Protocol", "")).status(),
      StatusIs(StatusCode::kInvalidArgument,
               "invalid protocol, expected one of [\"a\" \"b\"], got \"\""));
}

TEST(HandshakeTest, ProtocolThatNobodyAskedForIsRefused) {
  const ClientHandshake handshake = NewClientHandshake({});
  http::Headers answer = {{"Upgrade", "websocket"},
                          {"Connection", "Upgrade"},
                          {"Sec-WebSocket-Accept", AcceptFor(handshake.key)}};
  EXPECT_THAT(CheckAnswer(handshake, 101, answer).status(), IsOk());
  answer.Add("Sec-WebSocket-Protocol", "x");
  EXPECT_THAT(CheckAnswer(handshake, 101, answer).status(),
              StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace fairway::net::websocket
