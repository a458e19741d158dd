// SPDX-License-Identifier: Apache-2.0
// Where and of what a number was measured.
#ifndef BENCH_MACHINE_H_
#define BENCH_MACHINE_H_

#include <string>

namespace fairway::bench {

struct Machine {
  std::string processors;          // "2 x AMD EPYC"
  std::string kernel;              // "6.1.0"
  std::string congestion_control;  // of TCP, the default: "cubic"
  std::string memory;              // "24 GiB"
  std::string file_limit;          // the hard one of open files: "20,000"
  std::string commit;              // "1a2b3c4", "1a2b3c4 with changes"
  std::string date;                // UTC
};

// What cannot be found is "unknown".
Machine ThisMachine();

}  // namespace fairway::bench

#endif  // BENCH_MACHINE_H_
