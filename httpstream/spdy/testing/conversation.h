// SPDX-License-Identifier: Apache-2.0
// Recorded conversations: what each side said, and when. A test plays one side
// of it against ours.
#ifndef HTTPSTREAM_SPDY_TESTING_CONVERSATION_H_
#define HTTPSTREAM_SPDY_TESTING_CONVERSATION_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "httpstream/spdy/framer.h"

namespace fairway::httpstream::spdy {

// What a side has said so far, however it was cut into frames.
struct Said {
  using Fields = std::map<std::string, std::string>;

  std::string head;                    // of its HTTP message, once it is whole
  std::map<uint32_t, Fields> streams;  // that it opened, by their headers
  std::set<uint32_t> replies;
  std::map<uint32_t, std::string> data;
  std::vector<uint32_t> ends;  // by FIN or RST, in their order
  std::vector<uint32_t> fins;
  std::vector<uint32_t> pings;
  bool went_away = false;

  // Whether all of `other`, which was said in such a conversation, has been
  // said here too; pings aside.
  bool Covers(const Said& other) const;
};

// Takes in what a side sends, from the first byte of its HTTP head.
class Ear {
 public:
  void Hear(absl::string_view bytes);
  const Said& said() const { return said_; }

 private:
  void HearFrame(const Frame& frame);

  FrameParser parser_;
  std::string head_;  // so far
  Said said_;
};

// The last connection of a conversation in testdata/, with `player` as the side
// that the test plays: "client" or "server".
struct Recording {
  Recording(absl::string_view name, absl::string_view player);

  struct Line {
    Said behind;  // what the other side had said before it
    std::string bytes;
  };
  std::vector<Line> lines;  // of the player
  Said other;               // all that the other side said
};

// Speaks a player's lines, each once what it answers has been said.
class Player {
 public:
  explicit Player(const Recording& recording) : recording_(recording) {}

  // The lines that may follow now that so much has been said; empty if the next
  // has to wait.
  std::string Next(const Said& said);

 private:
  const Recording& recording_;
  size_t next_ = 0;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_CONVERSATION_H_
