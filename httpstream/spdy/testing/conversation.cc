// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "httpstream/spdy/testing/golden.h"

namespace fairway::httpstream::spdy {

bool Said::Covers(const Said& other) const {
  for (const auto& [id, bytes] : other.data) {
    auto it = data.find(id);
    if (it == data.end() || it->second.size() < bytes.size()) return false;
  }
  for (uint32_t id : other.ends) {
    if (std::count(ends.begin(), ends.end(), id) == 0) return false;
  }
  return head.empty() == other.head.empty() &&
         streams.size() >= other.streams.size() &&
         replies.size() >= other.replies.size() && went_away >= other.went_away;
}

void Ear::Hear(absl::string_view bytes) {
  while (said_.head.empty() && !bytes.empty()) {
    head_ += bytes.front();
    bytes.remove_prefix(1);
    if (absl::EndsWith(head_, "\r\n\r\n")) said_.head = head_;
  }
  while (!bytes.empty()) {
    absl::StatusOr<Frame> frame = parser_.Next(&bytes);
    ASSERT_TRUE(frame.ok()) << frame.status();
    HearFrame(*frame);
  }
}

void Ear::HearFrame(const Frame& frame) {
  if (const auto* syn = std::get_if<SynStreamFrame>(&frame)) {
    said_.streams[syn->stream_id] =
        Said::Fields(syn->headers.begin(), syn->headers.end());
  } else if (const auto* reply = std::get_if<SynReplyFrame>(&frame)) {
    said_.replies.insert(reply->stream_id);
  } else if (const auto* piece = std::get_if<DataPiece>(&frame)) {
    said_.data[piece->stream_id] += std::string(piece->payload);
    if (!piece->fin) return;
    said_.ends.push_back(piece->stream_id);
    said_.fins.push_back(piece->stream_id);
  } else if (const auto* rst = std::get_if<RstStreamFrame>(&frame)) {
    said_.ends.push_back(rst->stream_id);
  } else if (const auto* ping = std::get_if<PingFrame>(&frame)) {
    said_.pings.push_back(ping->id);
  } else if (std::holds_alternative<GoAwayFrame>(frame)) {
    said_.went_away = true;
  }
}

Recording::Recording(absl::string_view name, absl::string_view player) {
  const nlohmann::json golden = ReadGolden(name);
  Ear ear;
  for (const auto& chunk : golden["connections"].back()) {
    if (!chunk.contains("hex")) continue;
    std::string bytes = absl::HexStringToBytes(chunk["hex"].get<std::string>());
    if (chunk["from"] == std::string(player)) {
      lines.push_back({ear.said(), std::move(bytes)});
    } else {
      ear.Hear(bytes);
    }
  }
  other = ear.said();
}

std::string Player::Next(const Said& said) {
  std::string bytes;
  while (next_ < recording_.lines.size() &&
         said.Covers(recording_.lines[next_].behind)) {
    bytes += recording_.lines[next_++].bytes;
  }
  return bytes;
}

}  // namespace fairway::httpstream::spdy
