// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/network_path.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "e2e/harness/process.h"

namespace fairway::e2e {
namespace {

constexpr size_t kHeldBytes = 64 * 1024;

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

NetworkPath::NetworkPath(uint16_t to_port)
    : to_port_(to_port),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || wake_ < 0 || bind(listener_, generic, size) != 0 ||
      listen(listener_, 4096) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    Fail("network path");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

NetworkPath::~NetworkPath() {
  Become(State::kOver);
  thread_.join();
  for (const Way& way : ways_) CloseWay(way, true);
  close(listener_);
  close(wake_);
}

void NetworkPath::Become(State state) {
  state_ = state;
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) < 0 && !WouldBlock()) Fail("eventfd");
  while (reached_ != state) NapMilliseconds(1);
}

void NetworkPath::Run() {
  for (State state; (state = state_) != State::kOver;) {
    std::vector<pollfd> wanted = {{wake_, POLLIN, 0}};
    if (state != State::kFrozen) wanted.push_back({listener_, POLLIN, 0});
    if (state == State::kCut) {
      for (const Way& way : ways_) CloseWay(way, true);
      ways_.clear();
    }
    reached_ = state;
    if (state == State::kWhole) {
      for (const Way& way : ways_) {
        for (const Direction* d : {&way.out, &way.back}) {
          if (!d->ended && d->held.size() < kHeldBytes) {
            wanted.push_back({d->from, POLLIN, 0});
          }
          if (!d->held.empty()) wanted.push_back({d->to, POLLOUT, 0});
        }
      }
    }
    // Until something can be moved, or Become().
    if (poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) {
      Fail("poll");
    }
    uint64_t count;
    while (read(wake_, &count, sizeof(count)) > 0) {
    }
    if (state_ != state) continue;
    if (state != State::kFrozen) Accept();
    if (state != State::kWhole) continue;
    for (auto way = ways_.begin(); way != ways_.end();) {
      const bool whole = Move(way->out) && Move(way->back);
      if (whole && !(way->out.passed && way->back.passed)) {
        ++way;
        continue;
      }
      CloseWay(*way, !whole);
      way = ways_.erase(way);
    }
  }
  reached_ = State::kOver;
}

void NetworkPath::Accept() {
  for (;;) {
    const int from =
        accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (from < 0) return;
    const int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(to_port_);
    Way way = {{from, to, "", false, false}, {to, from, "", false, false}};
    // On loopback it is made or refused at once.
    if (state_ == State::kCut ||
        connect(to, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
      CloseWay(way, true);
      continue;
    }
    const int on = 1;
    for (const int fd : {from, to}) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    ways_.push_back(std::move(way));
  }
}

bool NetworkPath::Move(Direction& direction) {
  while (!direction.ended && direction.held.size() < kHeldBytes) {
    char piece[16 * 1024];
    const ssize_t n = recv(direction.from, piece, sizeof(piece), MSG_DONTWAIT);
    if (n < 0 && !WouldBlock()) return false;
    if (n < 0) break;
    if (n == 0) direction.ended = true;
    direction.held.append(piece, n);
  }
  while (!direction.held.empty()) {
    const ssize_t n = send(direction.to, direction.held.data(),
                           direction.held.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return WouldBlock();
    direction.held.erase(0, n);
  }
  if (direction.ended && !direction.passed) {
    direction.passed = true;
    shutdown(direction.to, SHUT_WR);
  }
  return true;
}

void NetworkPath::CloseWay(const Way& way, bool reset) {
  for (const int fd : {way.out.from, way.out.to}) {
    if (fd < 0) continue;
    const linger abort = {1, 0};
    if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    close(fd);
  }
}

}  // namespace fairway::e2e
