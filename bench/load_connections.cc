// SPDX-License-Identifier: Apache-2.0
#include "bench/load_connections.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace fairway::bench {
namespace {

// Far more than all buffers of a path take.
constexpr char kEndless[] = "1000000000000000\n";
constexpr double kStillSeconds = 0.3;

struct Attempt {
  Descriptor socket;
  Clock::time_point start;
};

}  // namespace

SetUps MakeConnections(uint16_t port, int at_a_time, Clock::time_point limit,
                       const std::function<bool(size_t made)>& enough,
                       std::vector<Descriptor>* kept) {
  SetUps made;
  Poller poller;
  std::vector<Attempt> attempts(at_a_time);
  size_t started = 0;
  size_t open = 0;
  const auto start = [&](uint32_t i) {
    ++started;
    ++open;
    attempts[i].start = Clock::now();
    attempts[i].socket = Connect(port);
    SendAll(attempts[i].socket.get(), "x", 1);
    poller.Add(attempts[i].socket.get(), EPOLLIN, i);
  };
  const auto begin = Clock::now();
  for (int i = 0; i < at_a_time && !enough(started); ++i) start(i);
  while (open > 0) {
    const bool in_time = poller.Wait(limit, [&](uint32_t i) {
      char byte;
      ReceiveAll(attempts[i].socket.get(), &byte, 1);
      made.milliseconds.push_back(SecondsSince(attempts[i].start) * 1e3);
      --open;
      if (kept != nullptr) {
        poller.Modify(attempts[i].socket.get(), 0, i);
        kept->push_back(std::move(attempts[i].socket));
      }
      attempts[i].socket = Descriptor();
      if (!enough(started)) start(i);
    });
    if (!in_time || Clock::now() > limit) {
      throw std::runtime_error("only " +
                               std::to_string(made.milliseconds.size()) +
                               " connections within the time");
    }
  }
  made.seconds = SecondsSince(begin);
  return made;
}

std::vector<Descriptor> Stall(uint16_t source, uint16_t deaf,
                              Clock::time_point limit) {
  std::vector<Descriptor> stalled;
  stalled.push_back(Connect(source));
  stalled.push_back(Connect(deaf));
  // Nobody waits any more for what a stalled one has not sent when it ends.
  const linger reset = {.l_onoff = 1, .l_linger = 0};
  for (const Descriptor& socket : stalled) {
    setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  SendAll(stalled[0].get(), kEndless, sizeof(kEndless) - 1);
  const std::string piece(64 * 1024, 's');
  int unread = 0;
  Poller poller;
  poller.Add(stalled[1].get(), EPOLLOUT, 0);
  for (auto moved = Clock::now(); SecondsSince(moved) < kStillSeconds;) {
    const auto nap = Clock::now() + std::chrono::milliseconds(10);
    poller.Wait(nap, [&](uint32_t) {
      if (TrySend(stalled[1].get(), piece.data(), piece.size()) > 0) {
        moved = Clock::now();
      }
    });
    int waiting = 0;
    ioctl(stalled[0].get(), FIONREAD, &waiting);
    if (std::exchange(unread, waiting) != waiting) moved = Clock::now();
    if (Clock::now() > limit) {
      throw std::runtime_error("what nobody reads does not stall");
    }
  }
  return stalled;
}

}  // namespace fairway::bench
