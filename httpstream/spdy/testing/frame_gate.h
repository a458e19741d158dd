// SPDX-License-Identifier: Apache-2.0
// What lies between two sessions and sees one direction's frames: it holds the
// sender to SPDY's rules, plays a peer without windows, adds pings, and does
// what no transport may do, for tests that want to see it noticed.
#ifndef HTTPSTREAM_SPDY_TESTING_FRAME_GATE_H_
#define HTTPSTREAM_SPDY_TESTING_FRAME_GATE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "httpstream/spdy/frames.h"
#include "httpstream/spdy/testing/random.h"

namespace fairway::httpstream::spdy {

// What a gate does to the frames of `stream_id`.
struct GateFault {
  enum class Kind {
    kNone,
    kDropLastData,  // of a stream that sends `total_bytes`; its FIN passes
    kDropFin,
  };
  Kind kind = Kind::kNone;
  uint32_t stream_id = 0;
  size_t total_bytes = 0;
};

struct GateOptions {
  bool from_client = false;
  // Takes SETTINGS and WINDOW_UPDATE away, so that the other end sees a peer
  // without windows.
  bool without_windows = false;
  // A PING is added behind about one frame in so many; 0: none.
  size_t ping_odds = 0;
  GateFault fault;
};

class FrameGate {
 public:
  // `random` and `complaints` outlive the gate.
  FrameGate(GateOptions options, Random* random,
            std::vector<std::string>* complaints)
      : options_(options), random_(random), complaints_(complaints) {}

  // Takes what the sender wrote; appends to `out` what goes on.
  void Pass(absl::string_view bytes, std::string* out);

  // Adds a GOAWAY that refuses no stream, behind the next frame.
  void AddGoAway() { go_away_ = GoAway::kWanted; }
  bool added_go_away() const { return go_away_ == GoAway::kAdded; }

  // The payload of a stream that went on.
  size_t PayloadOf(uint32_t stream_id) const;

 private:
  struct Sent {
    size_t payload_bytes = 0;
    bool fin = false;
    bool reset = false;
  };

  // Of a frame whose head is in `frame_`.
  void PassHead(std::string* out);
  void PassDataHead(uint32_t stream_id, std::string* out);
  // Of a whole control frame.
  void PassControl(std::string* out);
  void OnRst(uint32_t stream_id, RstStatus status);
  void AddFrames(std::string* out);
  void Complain(absl::string_view what, uint32_t stream_id);

  const GateOptions options_;
  Random* const random_;
  std::vector<std::string>* const complaints_;
  std::string frame_;        // a head, or a control frame, so far
  size_t control_left_ = 0;  // bytes that `frame_` still lacks
  size_t data_left_ = 0;     // bytes of DATA that are still to come
  bool data_passes_ = true;
  std::map<uint32_t, Sent> streams_;
  size_t frames_ = 0;
  bool ping_passed_ = false;
  bool went_away_ = false;
  enum class GoAway { kNone, kWanted, kAdded };
  GoAway go_away_ = GoAway::kNone;
  uint32_t next_ping_id_ = 0x10000001;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_FRAME_GATE_H_
