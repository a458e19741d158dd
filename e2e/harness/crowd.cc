// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unordered_set>

namespace fairway::e2e {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

// Blocks until the listener's queue has room.
int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    close(fd);
    Fail("connect");
  }
  return fd;
}

}  // namespace

Crowd::Crowd(uint16_t port, Seconds timeout)
    : port_(port), timeout_(timeout), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Crowd::~Crowd() {
  for (const int fd : fds_) close(fd);
  close(epoll_);
}

void Crowd::Grow(int count) {
  const size_t before = fds_.size();
  for (int i = 0; i < count; ++i) {
    fds_.push_back(Connect(port_));
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = fds_.back();
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fds_.back(), &event) != 0) {
      Fail("epoll_ctl");
    }
  }
  EchoOn({fds_.begin() + before, fds_.end()}, 'a');
}

void Crowd::Echo(char byte) { EchoOn(fds_, byte); }

void Crowd::EchoOn(std::vector<int> fds, char byte) {
  for (const int fd : fds) {
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) Fail("send");
  }
  UntilEach(fds, [byte](int fd) {
    char got = 0;
    const ssize_t n = recv(fd, &got, 1, 0);
    if (n == 0) throw std::runtime_error("FIN instead of the echo");
    if (n < 0) Fail("recv");
    if (got != byte) throw std::runtime_error("the echo is another byte");
  });
}

void Crowd::End() {
  for (const int fd : fds_) {
    if (shutdown(fd, SHUT_WR) != 0) Fail("shutdown");
  }
  UntilEach(fds_, [this](int fd) {
    char got = 0;
    const ssize_t n = recv(fd, &got, 1, 0);
    if (n < 0) Fail("recv");
    if (n > 0) throw std::runtime_error("more than the echo");
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  });
}

void Crowd::UntilEach(const std::vector<int>& fds,
                      const std::function<void(int fd)>& done) {
  const auto end = std::chrono::steady_clock::now() + timeout_;
  std::unordered_set<int> left(fds.begin(), fds.end());
  while (!left.empty()) {
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(std::to_string(left.size()) + " of " +
                               std::to_string(fds.size()) +
                               " connections are not served in time");
    }
    epoll_event ready[256];
    const int count = epoll_wait(epoll_, ready, 256, 100);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[i].data.fd;
      done(fd);
      if (left.erase(fd) == 0) {
        throw std::runtime_error("a byte or an end that nobody asked for");
      }
    }
  }
}

}  // namespace fairway::e2e
