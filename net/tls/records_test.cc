// SPDX-License-Identifier: Apache-2.0
#include "net/tls/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::net {
namespace {

using absl::StatusCode;
using ::testing::SizeIs;

constexpr int kAlert = 21;
constexpr int kHandshake = 22;
constexpr int kData = 23;

std::string Hex(absl::string_view text) {
  return absl::HexStringToBytes(
      absl::StrReplaceAll(text, {{" ", ""}, {"\n", ""}}));
}

std::string Sent(const CipherOutput& output) {
  std::string bytes;
  for (absl::string_view piece : output.pieces()) {
    absl::StrAppend(&bytes, piece);
  }
  return bytes;
}

std::string Secret(RecordCipher cipher, char fill) {
  return std::string(cipher == RecordCipher::kAes128GcmSha256 ? 32 : 48, fill);
}

RecordLayer::Options OptionsOf(RecordLayer::Role role, RecordCipher cipher,
                               const std::string& client,
                               const std::string& server) {
  RecordLayer::Options options;
  options.role = role;
  options.cipher = cipher;
  options.read.secret = role == RecordLayer::Role::kClient ? server : client;
  options.write.secret = role == RecordLayer::Role::kClient ? client : server;
  return options;
}

// Opens records until the input ends, or an error.
struct Reader {
  explicit Reader(RecordLayer* record_layer) : layer(record_layer) {}

  absl::Status Take(std::string bytes) {
    input += bytes;
    while (!layer->fin_received()) {
      std::string out(room, '#');
      absl::StatusOr<RecordLayer::Opened> opened =
          layer->Open(absl::MakeSpan(input.data(), input.size()),
                      absl::MakeSpan(out.data(), out.size()), answer);
      if (!opened.ok()) return opened.status();
      if (opened->consumed == 0) break;
      text.append(opened->content.data(), opened->content.size());
      input.erase(0, opened->consumed);
    }
    return absl::OkStatus();
  }

  RecordLayer* layer;
  size_t room = kMaxRecordContent;
  std::string input;
  std::string text;
  CipherOutput answer;
};

std::string SealAll(RecordLayer& layer, std::vector<absl::string_view> pieces,
                    size_t most = 1 << 30) {
  WriteCursor cursor(pieces);
  CipherOutput output;
  while (!cursor.done()) layer.Seal(cursor, most, output);
  return Sent(output);
}

// A peer that says what it likes: records by hand.
class Forger {
 public:
  explicit Forger(RecordCipher cipher, const std::string& secret)
      : key_(cipher, secret, 0) {}

  // `inner`: content, type and padding.
  std::string Seal(std::string inner) {
    const size_t body = inner.size() + BulkGcm::kTagBytes;
    std::string record = {kData, 3, 3, static_cast<char>(body >> 8),
                          static_cast<char>(body)};
    key_.gcm().Begin(key_.NextNonce(), record);
    std::string sealed(inner.size(), '\0');
    key_.gcm().Encrypt(inner, sealed.data());
    const BulkGcm::Tag tag = key_.gcm().FinishEncrypt();
    return absl::StrCat(record, sealed, std::string(tag.begin(), tag.end()));
  }
  std::string Seal(int type, absl::string_view content, size_t padding = 0) {
    return Seal(absl::StrCat(content, std::string(1, static_cast<char>(type)),
                             std::string(padding, '\0')));
  }
  void Update() { key_.Update(); }

 private:
  TrafficKey key_;
};

class RecordLayerTest : public ::testing::TestWithParam<RecordCipher> {
 protected:
  void SetUp() override { ASSERT_TRUE(BulkGcm::Available()); }

  const std::string client_secret_ = Secret(GetParam(), 'c');
  const std::string server_secret_ = Secret(GetParam(), 's');
  RecordLayer client_{OptionsOf(RecordLayer::Role::kClient, GetParam(),
                                client_secret_, server_secret_)};
  RecordLayer server_{OptionsOf(RecordLayer::Role::kServer, GetParam(),
                                client_secret_, server_secret_)};
  Forger forger_{GetParam(), server_secret_};
  Reader reader_{&client_};
};

INSTANTIATE_TEST_SUITE_P(Ciphers, RecordLayerTest,
                         ::testing::Values(RecordCipher::kAes128GcmSha256,
                                           RecordCipher::kAes256GcmSha384),
                         [](const auto& info) {
                           return info.param == RecordCipher::kAes128GcmSha256
                                      ? "Aes128"
                                      : "Aes256";
                         });

// RFC 8448, section 3.
constexpr char kRfcClientSecret[] =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
constexpr char kRfcServerSecret[] =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
constexpr char kRfcTicket[] =
    "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b5"
    "80dcf3d11d63c758db289a015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad"
    "3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba1e62972ac46f75f7b981be63"
    "439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77f81b5ab0"
    "5b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca"
    "49fe5137121c74bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37b"
    "f15985684f";
constexpr char kRfcClientData[] =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5"
    "b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
constexpr char kRfcServerData[] =
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d"
    "90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
constexpr char kRfcClientClose[] =
    "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
constexpr char kRfcServerClose[] =
    "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

TEST(Rfc8448Test, RecordsAreOpenedAndSealedToTheByte) {
  ASSERT_TRUE(BulkGcm::Available());
  const std::string client_secret = Hex(kRfcClientSecret);
  const std::string server_secret = Hex(kRfcServerSecret);
  RecordLayer client(OptionsOf(RecordLayer::Role::kClient,
                               RecordCipher::kAes128GcmSha256, client_secret,
                               server_secret));
  RecordLayer server(OptionsOf(RecordLayer::Role::kServer,
                               RecordCipher::kAes128GcmSha256, client_secret,
                               server_secret));
  std::string data;
  for (int i = 0; i < 50; ++i) data.push_back(static_cast<char>(i));

  EXPECT_EQ(SealAll(client, {data}), Hex(kRfcClientData));
  CipherOutput output;
  client.SealCloseNotify(output);
  EXPECT_EQ(Sent(output), Hex(kRfcClientClose));

  Reader at_server(&server);
  EXPECT_THAT(at_server.Take(Hex(kRfcClientData)), IsOk());
  EXPECT_EQ(at_server.text, data);
  EXPECT_THAT(at_server.Take(Hex(kRfcClientClose)), IsOk());
  EXPECT_TRUE(server.fin_received());

  Reader at_client(&client);
  EXPECT_THAT(at_client.Take(Hex(kRfcTicket)), IsOk());
  EXPECT_EQ(at_client.text, "");
  EXPECT_THAT(at_client.Take(Hex(kRfcServerData)), IsOk());
  EXPECT_EQ(at_client.text, data);
  EXPECT_THAT(at_client.Take(Hex(kRfcServerClose)), IsOk());
  EXPECT_TRUE(client.fin_received());
}

TEST_P(RecordLayerTest, GatheredPiecesFillRecords) {
  std::string text;
  for (int i = 0; i < 50000; ++i) text.push_back(static_cast<char>(i * 7));
  const absl::string_view whole = text;
  const std::string sealed =
      SealAll(server_, {whole.substr(0, 8), "", whole.substr(8, 16376),
                        whole.substr(16384, 1), whole.substr(16385, 30000),
                        whole.substr(46385), ""});
  EXPECT_THAT(sealed, SizeIs(50000 + 4 * 22));
  EXPECT_THAT(reader_.Take(sealed), IsOk());
  EXPECT_EQ(reader_.text, text);
}

TEST_P(RecordLayerTest, OneSealTakesNoMoreThanItIsTold) {
  const std::string text(3 * kMaxRecordContent, 'x');
  const absl::string_view piece = text;
  WriteCursor cursor(absl::MakeSpan(&piece, 1));
  CipherOutput output;
  server_.Seal(cursor, 20000, output);
  EXPECT_EQ(cursor.left(), text.size() - 20000);
  EXPECT_THAT(reader_.Take(Sent(output)), IsOk());
  EXPECT_THAT(reader_.text, SizeIs(20000));
}

TEST_P(RecordLayerTest, ContentLandsWhereItFits) {
  const std::string text(100, 'x');
  for (size_t room : {0, 99, 100, 101, 200}) {
    std::string input = SealAll(server_, {text});
    std::string out(room, '#');
    CipherOutput answer;
    absl::StatusOr<RecordLayer::Opened> opened =
        client_.Open(absl::MakeSpan(input.data(), input.size()),
                     absl::MakeSpan(out.data(), out.size()), answer);
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(opened->consumed, input.size());
    EXPECT_EQ(absl::string_view(opened->content.data(), 100), text);
    EXPECT_EQ(opened->content.data() == out.data(), room >= 100) << room;
  }
}

TEST_P(RecordLayerTest, PaddingIsNoContent) {
  EXPECT_THAT(reader_.Take(forger_.Seal(kData, "abc", 1000)), IsOk());
  EXPECT_THAT(reader_.Take(forger_.Seal(kData, "", 5)), IsOk());
  EXPECT_THAT(reader_.Take(forger_.Seal(kData, "", kMaxRecordContent)), IsOk());
  const std::string zeros(10, '\0');
  EXPECT_THAT(reader_.Take(forger_.Seal(kData, zeros, 3)), IsOk());
  EXPECT_EQ(reader_.text, "abc" + zeros);
}

TEST_P(RecordLayerTest, EachChangedByteIsFound) {
  const std::string sealed = SealAll(server_, {"hello"});
  for (size_t i = 0; i < sealed.size(); ++i) {
    if (i == 3 || i == 4) continue;  // the length: another record then
    RecordLayer client(OptionsOf(RecordLayer::Role::kClient, GetParam(),
                                 client_secret_, server_secret_));
    Reader reader(&client);
    std::string changed = sealed;
    changed[i] ^= 0x10;
    EXPECT_THAT(reader.Take(changed), StatusIs(StatusCode::kUnavailable)) << i;
    EXPECT_EQ(reader.text, "");
  }
}

TEST_P(RecordLayerTest, ContentOfAChangedRecordIsNotLeftBehind) {
  std::string sealed = SealAll(server_, {"hello"});
  sealed.back() ^= 1;
  std::string out(16, '#');
  CipherOutput answer;
  EXPECT_THAT(client_.Open(absl::MakeSpan(sealed.data(), sealed.size()),
                           absl::MakeSpan(out.data(), out.size()), answer),
              StatusIs(StatusCode::kUnavailable,
                       "tls: decryption failed or bad record mac"));
  EXPECT_EQ(out.find("hello"), std::string::npos);
}

TEST_P(RecordLayerTest, RecordsCannotBeDroppedOrRepeated) {
  const std::string first = SealAll(server_, {"1"});
  const std::string second = SealAll(server_, {"2"});
  EXPECT_THAT(reader_.Take(first), IsOk());
  EXPECT_THAT(reader_.Take(first), StatusIs(StatusCode::kUnavailable));
  RecordLayer other(OptionsOf(RecordLayer::Role::kClient, GetParam(),
                              client_secret_, server_secret_));
  Reader reader(&other);
  EXPECT_THAT(reader.Take(second), StatusIs(StatusCode::kUnavailable));
}

TEST_P(RecordLayerTest, SplitInputOpensAlike) {
  std::string sealed;
  std::string text;
  uint32_t random = 1;
  for (int i = 0; i < 40; ++i) {
    random = random * 1664525 + 1013904223;
    std::string piece(random % (i % 4 == 0 ? 40000 : 300),
                      static_cast<char>('a' + i % 26));
    if (piece.empty()) continue;
    sealed += SealAll(server_, {piece});
    text += piece;
  }
  for (size_t begin = 0; begin < sealed.size();) {
    random = random * 1664525 + 1013904223;
    const size_t n = 1 + (random >> 8) % (random % 3 == 0 ? 30000 : 20);
    reader_.room = random % 20000;
    ASSERT_THAT(reader_.Take(sealed.substr(begin, n)), IsOk());
    begin += n;
  }
  EXPECT_EQ(reader_.text, text);
}

TEST_P(RecordLayerTest, OurKeyChangesInTime) {
  RecordLayer::Options options = OptionsOf(
      RecordLayer::Role::kServer, GetParam(), client_secret_, server_secret_);
  options.records_per_key = 3;
  options.write.next_record = 2;
  RecordLayer server(options);
  options = OptionsOf(RecordLayer::Role::kClient, GetParam(), client_secret_,
                      server_secret_);
  options.read.next_record = 2;
  RecordLayer client(options);
  Reader reader(&client);
  std::string text;
  for (int i = 0; i < 10; ++i) {
    const std::string sealed = SealAll(server, {"hello"});
    // After the first, then after every third.
    EXPECT_THAT(sealed, SizeIs(27 + (i % 3 == 1 ? 27 : 0))) << i;
    EXPECT_THAT(reader.Take(sealed), IsOk());
    text += "hello";
  }
  EXPECT_EQ(reader.text, text);
}

TEST_P(RecordLayerTest, KeyUpdateIsAnsweredBeforeData) {
  const std::string asking("\x18\0\0\1\1", 5);
  Reader at_server(&server_);
  EXPECT_THAT(reader_.Take(forger_.Seal(kHandshake, asking)), IsOk());
  forger_.Update();
  // Two questions are one answer.
  EXPECT_THAT(reader_.Take(forger_.Seal(kHandshake, asking)), IsOk());
  forger_.Update();
  EXPECT_THAT(reader_.Take(forger_.Seal(kData, "under the new key")), IsOk());
  EXPECT_EQ(reader_.text, "under the new key");
  EXPECT_TRUE(reader_.answer.empty());
  const std::string answered = SealAll(client_, {"data"});
  EXPECT_THAT(answered, SizeIs(27 + 26));
  EXPECT_THAT(at_server.Take(answered), IsOk());
  EXPECT_EQ(at_server.text, "data");
  EXPECT_THAT(SealAll(client_, {"data"}), SizeIs(26));

  // And one that does not ask gets none.
  const std::string telling("\x18\0\0\1\0", 5);
  EXPECT_THAT(reader_.Take(forger_.Seal(kHandshake, telling)), IsOk());
  EXPECT_THAT(SealAll(client_, {"data"}), SizeIs(26));
}

TEST_P(RecordLayerTest, MessagesMayComeInPieces) {
  const std::string ticket =
      absl::StrCat(std::string("\4\0\x01\0", 4), std::string(256, 't'));
  const std::string update("\x18\0\0\1\0", 5);
  for (char byte : absl::StrCat(ticket, update)) {
    EXPECT_THAT(
        reader_.Take(forger_.Seal(kHandshake, absl::string_view(&byte, 1))),
        IsOk());
  }
  forger_.Update();
  // Several tickets in one record, and part of the next.
  EXPECT_THAT(
      reader_.Take(forger_.Seal(
          kHandshake, absl::StrCat(ticket, ticket, ticket.substr(0, 9)))),
      IsOk());
  EXPECT_THAT(reader_.Take(forger_.Seal(
                  kHandshake, absl::StrCat(ticket.substr(9), update))),
              IsOk());
  forger_.Update();
  EXPECT_THAT(reader_.Take(forger_.Seal(kData, "x")), IsOk());
  EXPECT_EQ(reader_.text, "x");
}

TEST_P(RecordLayerTest, TicketIsNoMessageForAServer) {
  Forger client(GetParam(), client_secret_);
  Reader reader(&server_);
  EXPECT_THAT(
      reader.Take(client.Seal(kHandshake, absl::string_view("\4\0\0\0", 4))),
      StatusIs(StatusCode::kUnavailable, "tls: unexpected message"));
}

TEST_P(RecordLayerTest, UserCanceledIsIgnoredAndOtherAlertsEnd) {
  EXPECT_THAT(reader_.Take(forger_.Seal(kAlert, "\1\x5a")), IsOk());
  EXPECT_THAT(
      reader_.Take(forger_.Seal(kAlert, "\2\x16")),
      StatusIs(StatusCode::kUnavailable, "remote error: tls: record overflow"));
  EXPECT_TRUE(reader_.answer.empty());
}

TEST_P(RecordLayerTest, BehindCloseNotifyNothingIsRead) {
  std::string records = forger_.Seal(kData, "a");
  records += forger_.Seal(kAlert, absl::string_view("\1\0", 2));
  records += forger_.Seal(kData, "b");
  EXPECT_THAT(reader_.Take(records), IsOk());
  EXPECT_TRUE(client_.fin_received());
  EXPECT_EQ(reader_.text, "a");
}

struct BadCase {
  const char* name;
  // What a peer that forges sends.
  std::string (*records)(Forger& forger);
  const char* error;
  int alert;
};

std::string Header(size_t body, char type = kData) {
  return {type, 3, 3, static_cast<char>(body >> 8), static_cast<char>(body)};
}

const BadCase kBadCases[] = {
    {"OuterType", [](Forger&) { return Header(40, kHandshake); },
     "invalid outer record type", 10},
    {"ChangeCipherSpec",
     [](Forger&) { return Header(1, 20) + std::string("\1"); },
     "invalid outer record type", 10},
    {"LengthBeyondAll", [](Forger&) { return Header(16384 + 257); },
     "encrypted length too long", 22},
    {"LengthBeyondPlaintext", [](Forger&) { return Header(16384 + 18); },
     "data length too long", 22},
    {"ShorterThanATag", [](Forger&) { return Header(15) + std::string(15, 0); },
     "decryption failed or bad record mac", 20},
    {"NothingInside", [](Forger& f) { return f.Seal(""); }, "unexpected record",
     10},
    {"OnlyPadding", [](Forger& f) { return f.Seal(std::string(100, '\0')); },
     "unexpected record", 10},
    {"UnknownType", [](Forger& f) { return f.Seal(99, "x"); },
     "unexpected record", 10},
    {"EmptyHandshake", [](Forger& f) { return f.Seal(kHandshake, ""); },
     "unexpected record", 10},
    {"ManyEmptyRecords",
     [](Forger& f) {
       std::string records;
       for (int i = 0; i < 33; ++i) records += f.Seal(kData, "", i);
       return records;
     },
     "too many empty fragments", 10},
    {"ManyKeyUpdates",
     [](Forger& f) {
       std::string records;
       for (int i = 0; i < 33; ++i) {
         records += f.Seal(kHandshake, absl::string_view("\x18\0\0\1\0", 5));
         f.Update();
       }
       return records;
     },
     "too many key updates", 10},
    {"ManyWarnings",
     [](Forger& f) {
       std::string records;
       for (int i = 0; i < 5; ++i) records += f.Seal(kAlert, "\1\x5a");
       return records;
     },
     "too many warning alerts", 10},
    {"ShortAlert", [](Forger& f) { return f.Seal(kAlert, "\1"); }, "bad alert",
     50},
    {"TwoAlerts", [](Forger& f) { return f.Seal(kAlert, "\1\x5a\1\x5a"); },
     "bad alert", 50},
    {"DataInsideAMessage",
     [](Forger& f) {
       std::string records =
           f.Seal(kHandshake, absl::string_view("\4\0\0\x10x", 5));
       records += f.Seal(kData, "x");
       return records;
     },
     "unexpected record", 10},
    {"OtherMessage",
     [](Forger& f) {
       return f.Seal(kHandshake, absl::string_view("\xd\0\0\0", 4));
     },
     "unexpected message", 10},
    {"LongTicket",
     [](Forger& f) {
       return f.Seal(kHandshake, absl::string_view("\4\0\x40\1", 4));
     },
     "excessive message size", 47},
    {"KeyUpdateOfAnotherLength",
     [](Forger& f) {
       return f.Seal(kHandshake, absl::string_view("\x18\0\0\2\0\0", 6));
     },
     "decode error", 50},
    {"KeyUpdateOfAnotherKind",
     [](Forger& f) {
       return f.Seal(kHandshake, absl::string_view("\x18\0\0\1\2", 5));
     },
     "decode error", 47},
    {"MessageBehindKeyUpdate",
     [](Forger& f) {
       return f.Seal(kHandshake, absl::string_view("\x18\0\0\1\0\4", 6));
     },
     "excess handshake data", 10},
};

TEST_P(RecordLayerTest, WhatBreaksTheProtocolIsNamedAndToldToThePeer) {
  for (const BadCase& c : kBadCases) {
    SCOPED_TRACE(c.name);
    RecordLayer client(OptionsOf(RecordLayer::Role::kClient, GetParam(),
                                 client_secret_, server_secret_));
    RecordLayer server(OptionsOf(RecordLayer::Role::kServer, GetParam(),
                                 client_secret_, server_secret_));
    Forger forger(GetParam(), server_secret_);
    Reader reader(&client);
    EXPECT_THAT(
        reader.Take(c.records(forger)),
        StatusIs(StatusCode::kUnavailable, absl::StrCat("tls: ", c.error)));
    // What the client answers is an alert under its key.
    std::string answer = Sent(reader.answer);
    ASSERT_THAT(answer, SizeIs(5 + 2 + 1 + 16));
    TrafficKey key(GetParam(), client_secret_, 0);
    std::string alert(3, '\0');
    key.gcm().Begin(key.NextNonce(), answer.substr(0, 5));
    key.gcm().Decrypt(answer.substr(5, 3), alert.data());
    EXPECT_EQ(alert, std::string({2, static_cast<char>(c.alert), kAlert}));
  }
}

TEST_P(RecordLayerTest, NoAlertFollowsCloseNotify) {
  CipherOutput output;
  client_.SealCloseNotify(output);
  EXPECT_THAT(reader_.Take(forger_.Seal(99, "x")),
              StatusIs(StatusCode::kUnavailable, "tls: unexpected record"));
  EXPECT_TRUE(reader_.answer.empty());
}

TEST_P(RecordLayerTest, AnyBytesAreAnErrorOrWait) {
  uint32_t random = 7;
  for (int i = 0; i < 2000; ++i) {
    RecordLayer client(OptionsOf(RecordLayer::Role::kClient, GetParam(),
                                 client_secret_, server_secret_));
    Reader reader(&client);
    Forger forger(GetParam(), server_secret_);
    std::string inner;
    for (random = random * 1664525 + 1013904223; inner.size() < random % 64;) {
      inner.push_back(static_cast<char>((random >> 8) % 30));
      random = random * 1664525 + 1013904223;
    }
    // Sealed by one who has the key, and not.
    (void)reader.Take(forger.Seal(inner));
    (void)reader.Take(inner);
    EXPECT_LE(reader.text.size(), inner.size());
  }
}

}  // namespace
}  // namespace fairway::net
