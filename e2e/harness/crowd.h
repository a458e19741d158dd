// SPDX-License-Identifier: Apache-2.0
// Very many connections at once, driven by one thread.
#ifndef E2E_HARNESS_CROWD_H_
#define E2E_HARNESS_CROWD_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "e2e/harness/process.h"

namespace fairway::e2e {

// Connections to one port of 127.0.0.1, where an echo server comes out. Each
// call is about all of them and gives up after the timeout. Failures throw
// std::runtime_error.
class Crowd {
 public:
  Crowd(uint16_t port, Seconds timeout);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Makes so many more, all at once, and waits until each has echoed a byte.
  void Grow(int count);
  // Sends one byte on each; returns when each has it back.
  void Echo(char byte);
  // Sends FIN on each; returns when each has the peer's FIN.
  void End();

 private:
  void EchoOn(std::vector<int> fds, char byte);
  // Calls `done` for each of `fds` once it can be read.
  void UntilEach(const std::vector<int>& fds,
                 const std::function<void(int fd)>& done);

  const uint16_t port_;
  const Seconds timeout_;
  int epoll_ = -1;
  std::vector<int> fds_;
};

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_CROWD_H_
