// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_TESTING_TRY_PATH_H_
#define BENCH_TESTING_TRY_PATH_H_

#include <string>
#include <vector>

#include "bench/path_type.h"

namespace fairway::bench {

// Expects that the servers answer through the path, and that its hops have
// those roles while one connection is open; returns them.
std::vector<Hop> TryPath(const Path& path,
                         const std::vector<std::string>& roles);

// Expects that the process ends within some seconds, or has ended.
void ExpectEnd(const Hop& hop);

}  // namespace fairway::bench

#endif  // BENCH_TESTING_TRY_PATH_H_
