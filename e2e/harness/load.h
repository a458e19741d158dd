// SPDX-License-Identifier: Apache-2.0
// Connections that move data without a pause, and what of it fell into which
// time: so that the times of two conditions can alternate in one run, and what
// else the machine does falls into both.
#ifndef E2E_HARNESS_LOAD_H_
#define E2E_HARNESS_LOAD_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "e2e/harness/socket.h"

namespace fairway::e2e {

using Clock = std::chrono::steady_clock;

// Local ports where pod_server's `echo`, `source` (endless) and `sink` come
// out, and how many connections each gets.
struct LoadOptions {
  uint16_t echo_port = 0;
  uint16_t source_port = 0;
  uint16_t sink_port = 0;
  int echoes = 0;
  int downloads = 0;
  int uploads = 0;
};

struct Span {
  Clock::time_point begin;
  Clock::time_point end;
};

// What a set of spans has seen.
struct Throughput {
  double megabytes_per_second = 0;  // of all connections together
  double p50_milliseconds = 0;      // of the echoes' round trips
  double p99_milliseconds = 0;
  size_t round_trips = 0;
};

// One thread a connection. Every echo sends 4 KiB and waits for them.
class Load {
 public:
  explicit Load(const LoadOptions& options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Ends all connections, at once. What failed before, a line each: none, if
  // all went well.
  std::vector<std::string> Stop();

  // After Stop(). Bytes count when their exchange ends in a span; a round trip
  // counts when any part of it is in one, so that none is too slow to be seen.
  Throughput During(const std::vector<Span>& spans) const;

 private:
  struct Exchange {
    Clock::time_point begin;
    Clock::time_point end;
    size_t bytes;
  };
  struct Worker {
    bool echo = false;
    std::vector<Exchange> exchanges;
    std::string failure;
    std::unique_ptr<Connection> connection;
    std::thread thread;
  };

  using Step = size_t (*)(Connection& connection);
  void Start(int count, uint16_t port, bool echo, Step step);
  void Run(Worker& worker, Step step);

  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_LOAD_H_
