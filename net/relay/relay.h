// SPDX-License-Identifier: Apache-2.0
// Moves bytes both ways between two streams.
#ifndef NET_RELAY_RELAY_H_
#define NET_RELAY_RELAY_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::net {

// A source that breaks while it is not read, because the other side takes
// nothing, is given up after so long.
inline constexpr absl::Duration kPatienceWithBrokenSource =
    absl::Milliseconds(500);

struct RelayCounts {
  uint64_t a_to_b_bytes = 0;
  uint64_t b_to_a_bytes = 0;
};

// Copies a to b and b to a, each until its FIN, which is passed on with
// CloseWrite(); the other direction lives on. Returns when both have ended:
// OK, or after an error in either direction that direction's error, both
// streams aborted. No buffer is held while nothing comes. Both streams must
// outlive the Task; neither is closed on success.
Task<absl::Status> Relay(ByteStream& a, ByteStream& b,
                         RelayCounts* counts = nullptr);

// One direction: `from` to `to` until FIN, which is passed on. Neither stream
// is aborted on an error, with one exception: where `from` is given up as
// broken, both are. Then `on_given_up`, which must outlive the Task, is called
// between the two: the Task may have to wait for `to`, which holds on to the
// bytes that it is writing.
Task<absl::Status> CopyUntilFin(ByteStream& from, ByteStream& to,
                                uint64_t* bytes = nullptr);
Task<absl::Status> CopyUntilFin(ByteStream& from, ByteStream& to,
                                uint64_t* bytes,
                                const std::function<void()>& on_given_up);

}  // namespace fairway::net

#endif  // NET_RELAY_RELAY_H_
