// SPDX-License-Identifier: Apache-2.0
// Bytes in one direction, and back and forth.
#ifndef BENCH_LOAD_TRANSFER_H_
#define BENCH_LOAD_TRANSFER_H_

#include <cstdint>
#include <vector>

#include "bench/load_socket.h"

namespace fairway::bench {

// Moves `bytes` on each of `connections` connections at the same time, from
// pod_server's `give`, or to its `sink`. Returns the seconds from the first
// connect until the last one has ended by FIN. Errors: throws when the number
// of bytes was another, or when it is not done by `limit`.
double Download(uint16_t port, int connections, uint64_t bytes,
                Clock::time_point limit);
double Upload(uint16_t port, int connections, uint64_t bytes,
              Clock::time_point limit);

// The microseconds that each of many messages of 64 bytes took to an `echo` and
// back, one after another on one connection, for so many seconds.
// Errors: throws at `limit`.
std::vector<double> Echo(uint16_t port, double seconds,
                         Clock::time_point limit);

}  // namespace fairway::bench

#endif  // BENCH_LOAD_TRANSFER_H_
