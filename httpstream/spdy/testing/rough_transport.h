// SPDX-License-Identifier: Apache-2.0
// A session's end of a connection on which everything takes its time and comes
// in pieces, as chance will have it.
#ifndef HTTPSTREAM_SPDY_TESTING_ROUGH_TRANSPORT_H_
#define HTTPSTREAM_SPDY_TESTING_ROUGH_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "httpstream/spdy/testing/frame_gate.h"
#include "httpstream/spdy/testing/pauses.h"
#include "httpstream/spdy/testing/random.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream::spdy {

struct Roughness {
  size_t most_read_bytes = 64 * 1024;   // of one Read
  size_t most_write_bytes = 64 * 1024;  // handed on at a time
  size_t pause_odds = 4;  // one operation in so many pauses; 0: none
};

// What outlives a transport, for those who watch it. The pointers are the
// owner's.
struct Wire {
  Random* random = nullptr;
  Pauses* pauses = nullptr;
  FrameGate* sent = nullptr;      // what leaves goes through it
  FrameGate* received = nullptr;  // what has arrived; changes nothing
  // The transport, until it dies.
  net::ByteStream* transport = nullptr;
};

// `wire` outlives the transport.
std::unique_ptr<net::ByteStream> NewRoughTransport(
    std::unique_ptr<net::ByteStream> inner, Roughness roughness, Wire* wire);

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_ROUGH_TRANSPORT_H_
