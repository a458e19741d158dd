// SPDX-License-Identifier: Apache-2.0
// Connections that come and go, that stand idle, and that stall.
#ifndef BENCH_LOAD_CONNECTIONS_H_
#define BENCH_LOAD_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "bench/load_socket.h"

namespace fairway::bench {

struct SetUps {
  // From before connect until a byte came back from `echo`, of each.
  std::vector<double> milliseconds;
  double seconds = 0;  // for all of them
};

// Makes connections to an `echo`, `at_a_time` at a time, until `enough`, which
// is told how many there were; each is closed once its byte came back, or goes
// to `kept`. Errors: throws at `limit`.
SetUps MakeConnections(uint16_t port, int at_a_time, Clock::time_point limit,
                       const std::function<bool(size_t made)>& enough,
                       std::vector<Descriptor>* kept = nullptr);

// A download from `give` that nobody reads and an upload to `deaf`, which does
// not read. Returns once nothing of either has moved for a while.
// Errors: throws at `limit`.
std::vector<Descriptor> Stall(uint16_t source, uint16_t deaf,
                              Clock::time_point limit);

}  // namespace fairway::bench

#endif  // BENCH_LOAD_CONNECTIONS_H_
