// SPDX-License-Identifier: Apache-2.0
// What a peer sends to RecordLayer. An input's first byte says which end we
// are; then come records: a byte that says how, the length, and the inside of a
// record to be sealed, or bytes to be sent as they are. However they are cut
// they say the same.
#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/tls/bulk_gcm.h"
#include "net/tls/cipher_output.h"
#include "net/tls/records.h"
#include "net/tls/traffic_key.h"

namespace fairway::net {
namespace {

using fuzz::Require;

constexpr RecordCipher kCipher = RecordCipher::kAes128GcmSha256;
constexpr size_t kMaxPieces = 2000;
const char kSecret[] = "0123456789abcdef0123456789abcdef";

std::string Seal(TrafficKey& key, absl::string_view inside) {
  const size_t body = inside.size() + BulkGcm::kTagBytes;
  const std::string head = {23, 3, 3, static_cast<char>(body >> 8),
                            static_cast<char>(body)};
  key.gcm().Begin(key.NextNonce(), head);
  std::string sealed(inside.size(), '\0');
  key.gcm().Encrypt(inside, sealed.data());
  const BulkGcm::Tag tag = key.gcm().FinishEncrypt();
  return absl::StrCat(head, sealed, std::string(tag.begin(), tag.end()));
}

// The bytes that `input` asks for.
std::string Sent(absl::string_view input) {
  TrafficKey key(kCipher, absl::string_view(kSecret, 32), 0);
  std::string sent;
  while (!input.empty() && sent.size() < 2 * kMaxRecordContent) {
    const uint8_t how = fuzz::TakeByte(input);
    const size_t size = fuzz::TakeByte(input) * (how & 0x40 ? 70 : 1);
    std::string bytes(fuzz::Take(input, size));
    // A long one is of zeros, which is padding, or content before its type.
    if (how & 0x40) bytes.insert(how & 0x20 ? 0 : bytes.size(), size, '\0');
    absl::StrAppend(&sent, how & 1 ? bytes : Seal(key, bytes));
    if (how & 2) key.Update();
  }
  return sent;
}

struct Said {
  std::string text;
  std::string status;
  std::string answer;
};

Said Read(RecordLayer::Role role, const fuzz::Pieces& pieces, size_t room) {
  RecordLayer::Options options;
  options.role = role;
  options.cipher = kCipher;
  options.read.secret = absl::string_view(kSecret, 32);
  options.write.secret = absl::string_view(kSecret, 32);
  RecordLayer layer(options);
  CipherOutput output;
  Said said;
  std::string input;
  std::string out(room, '#');
  for (absl::string_view piece : pieces) {
    input.append(piece.data(), piece.size());
    while (said.status.empty() && !layer.fin_received()) {
      absl::StatusOr<RecordLayer::Opened> opened =
          layer.Open(absl::MakeSpan(input.data(), input.size()),
                     absl::MakeSpan(out.data(), out.size()), output);
      if (!opened.ok()) {
        said.status = opened.status().ToString();
        break;
      }
      Require(opened->consumed <= input.size(), "no more is taken than came");
      Require(opened->content.size() <= kMaxRecordContent,
              "a record is bounded");
      if (opened->consumed == 0) break;
      said.text.append(opened->content.data(), opened->content.size());
      input.erase(0, opened->consumed);
    }
  }
  if (layer.fin_received()) said.status = "fin";
  for (absl::string_view piece : output.pieces()) {
    absl::StrAppend(&said.answer, piece);
  }
  return said;
}

}  // namespace

int FuzzRecords(const uint8_t* data, size_t size) {
  Require(BulkGcm::Available(), "the library is installed");
  absl::string_view input = fuzz::View(data, size);
  const RecordLayer::Role role = fuzz::TakeByte(input) & 1
                                     ? RecordLayer::Role::kServer
                                     : RecordLayer::Role::kClient;
  const std::string sent = Sent(input);
  const Said whole = Read(role, {sent}, kMaxRecordContent);
  Require(whole.answer.empty() || !whole.status.empty(),
          "who answers has found a fault");
  size_t room = 0;
  for (const fuzz::Pieces& pieces : fuzz::Cuts(sent)) {
    // Byte by byte a long record says nothing that a short one does not.
    if (pieces.size() > kMaxPieces) continue;
    const Said said = Read(role, pieces, room);
    Require(said.text == whole.text, "cut otherwise, the same text");
    Require(said.status == whole.status, "cut otherwise, the same end");
    Require(said.answer == whole.answer, "cut otherwise, the same alert");
    room += 10;
  }
  return 0;
}

}  // namespace fairway::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fairway::net::FuzzRecords(data, size);
}
