// SPDX-License-Identifier: Apache-2.0
// What two sessions, their streams and the transport between them do to one
// another in one run: a seed decides it.
#ifndef HTTPSTREAM_SPDY_TESTING_SCENARIO_H_
#define HTTPSTREAM_SPDY_TESTING_SCENARIO_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "httpstream/spdy/session_options.h"
#include "httpstream/spdy/testing/frame_gate.h"
#include "httpstream/spdy/testing/rough_transport.h"
#include "net/http/headers.h"

namespace fairway::httpstream::spdy {

// What one end of a stream does. "Later" is when everything that does not wait
// for it has come to rest.
struct EndPlan {
  std::string payload;  // what it writes
  size_t most_write_bytes = 1;
  enum class WriteEnd {
    kCloseWrite,
    kCloseWriteLater,
    kClose,  // the handle's Close(): hears no more
    kReset,
    kDropLater,  // the handle is destroyed, without a FIN
  };
  WriteEnd write_end = WriteEnd::kCloseWrite;

  // It reads so many bytes, and the rest later, or never.
  size_t read_bytes = SIZE_MAX;
  enum class Unread { kReadLater, kResetLater };
  Unread unread = Unread::kReadLater;
  size_t most_read_bytes = 1;
  size_t pause_odds = 0;  // one call in so many; 0: none

  // What happens in the middle of it, after so many pauses.
  enum class Interruption { kNone, kReset, kCancelAndAbort, kCancelAndDrop };
  Interruption interruption = Interruption::kNone;
  size_t interruption_pauses = 0;

  bool waits_broken = false;  // a WaitBroken() runs along
  bool close_handle = false;  // Close() before the handle is destroyed
  bool keep_handle = false;   // destroyed only later

  bool IsStill() const;  // waits for later
};

struct StreamPlan {
  net::http::Headers headers;
  size_t start_pauses = 0;
  enum class Answer { kAccept, kRefuse, kInvalid, kDrop, kReset };
  Answer answer = Answer::kAccept;
  EndPlan near;  // the client's
  EndPlan far;
};

// What happens to the session as a whole, after so many pauses.
enum class SessionEvent {
  kNone,
  kDrainClient,
  kDrainServer,
  kDrainBoth,
  kGoAway,  // the server's, without its knowing
  kCloseClient,
  kCloseServer,
  kCloseBoth,
  kAbortClient,
  kAbortServer,
  kCutTransport,
  kDestroyClient,
  kDestroyServer,
};

struct Scenario {
  uint64_t seed = 0;
  bool with_windows = true;
  SessionOptions client;
  SessionOptions server;
  Roughness roughness;
  size_t pipe_bytes = 64 * 1024;
  size_t ping_odds = 0;
  bool idle_timeout = false;  // one that never comes
  // One step in so many lets a paused task go on, besides those when nothing
  // else is left to do.
  size_t release_odds = 4;
  std::vector<StreamPlan> streams;
  SessionEvent event = SessionEvent::kNone;
  size_t event_pauses = 0;
  // Who closes a session that is still there in the end.
  enum class Farewell { kClient, kServer, kBoth };
  Farewell farewell = Farewell::kClient;
  GateFault fault;  // of what the client sends

  // What it is, on one line.
  std::string ToString() const;
};

Scenario MakeScenario(uint64_t seed);

// One without a disturbance but the transport's: `streams` streams that move
// `payload_bytes` each way.
Scenario MakeCalmScenario(uint64_t seed, size_t streams, size_t payload_bytes);

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_SCENARIO_H_
