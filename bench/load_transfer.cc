// SPDX-License-Identifier: Apache-2.0
#include "bench/load_transfer.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

namespace fairway::bench {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;
constexpr size_t kMessageBytes = 64;

std::runtime_error TooSlow() {
  return std::runtime_error("not done within the time that it was given");
}

// One connection of many.
struct Transfer {
  Descriptor socket;
  uint64_t left = 0;   // to send or to receive
  std::string answer;  // of a sink
  bool finished = false;
};

// Calls `move` with each transfer that is ready, until all are finished.
template <typename Move>
void RunAll(Poller& poller, std::vector<Transfer>& transfers,
            Clock::time_point limit, Move move) {
  size_t open = transfers.size();
  while (open > 0) {
    const bool in_time = poller.Wait(limit, [&](uint32_t i) {
      move(transfers[i], i);
      if (!transfers[i].finished) return;
      transfers[i].socket = Descriptor();
      --open;
    });
    if (!in_time) throw TooSlow();
  }
}

}  // namespace

double Download(uint16_t port, int connections, uint64_t bytes,
                Clock::time_point limit) {
  const std::string order = std::to_string(bytes) + "\n";
  std::unique_ptr<char[]> buffer(new char[kPieceBytes]);
  std::vector<Transfer> transfers(connections);
  Poller poller;
  const auto start = Clock::now();
  for (int i = 0; i < connections; ++i) {
    transfers[i].socket = Connect(port);
    transfers[i].left = bytes;
    SendAll(transfers[i].socket.get(), order.data(), order.size());
    poller.Add(transfers[i].socket.get(), EPOLLIN, i);
  }
  RunAll(poller, transfers, limit, [&](Transfer& transfer, uint32_t) {
    const ptrdiff_t n =
        TryReceive(transfer.socket.get(), buffer.get(), kPieceBytes);
    if (n < 0) return;
    if (static_cast<uint64_t>(n) > transfer.left ||
        (n == 0 && transfer.left > 0)) {
      throw std::runtime_error("a download has not the size it was asked for");
    }
    transfer.left -= n;
    transfer.finished = n == 0;
    // kubectl 1.20.2 passes the server's FIN on only behind the client's.
    if (n > 0 && transfer.left == 0) shutdown(transfer.socket.get(), SHUT_WR);
  });
  return SecondsSince(start);
}

double Upload(uint16_t port, int connections, uint64_t bytes,
              Clock::time_point limit) {
  const std::string want = std::to_string(bytes) + "\n";
  const std::string piece(kPieceBytes, 'u');
  std::vector<Transfer> transfers(connections);
  Poller poller;
  const auto start = Clock::now();
  for (int i = 0; i < connections; ++i) {
    transfers[i].socket = Connect(port);
    transfers[i].left = bytes;
    poller.Add(transfers[i].socket.get(), EPOLLOUT, i);
  }
  RunAll(poller, transfers, limit, [&](Transfer& transfer, uint32_t i) {
    const int fd = transfer.socket.get();
    if (transfer.left > 0) {
      const ptrdiff_t n = TrySend(
          fd, piece.data(), std::min<uint64_t>(transfer.left, piece.size()));
      if (n < 0) return;
      transfer.left -= n;
      if (transfer.left > 0) return;
      shutdown(fd, SHUT_WR);
      poller.Modify(fd, EPOLLIN, i);
      return;
    }
    std::array<char, 32> text;
    const ptrdiff_t n = TryReceive(fd, text.data(), text.size());
    if (n < 0) return;
    transfer.answer.append(text.data(), n);
    transfer.finished = n == 0;
    if (transfer.answer.size() > want.size() ||
        (transfer.finished && transfer.answer != want)) {
      throw std::runtime_error("an upload arrived with another size");
    }
  });
  return SecondsSince(start);
}

std::vector<double> Echo(uint16_t port, double seconds,
                         Clock::time_point limit) {
  std::array<char, kMessageBytes> message;
  message.fill('e');
  Descriptor socket = Connect(port);
  // Nothing of one echo may wait for longer than all of them may take.
  const double left = -SecondsSince(limit);
  const timeval most = {static_cast<time_t>(std::ceil(left)), 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
  std::vector<double> microseconds;
  const auto start = Clock::now();
  while (microseconds.empty() || SecondsSince(start) < seconds) {
    const auto sent = Clock::now();
    SendAll(socket.get(), message.data(), message.size());
    ReceiveAll(socket.get(), message.data(), message.size());
    microseconds.push_back(SecondsSince(sent) * 1e6);
    if (Clock::now() > limit) throw TooSlow();
  }
  return microseconds;
}

}  // namespace fairway::bench
