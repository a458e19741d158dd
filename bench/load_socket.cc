// SPDX-License-Identifier: Apache-2.0
#include "bench/load_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace fairway::bench {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

void Control(int epoll, int operation, int fd, uint32_t events, uint32_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u32 = tag;
  if (epoll_ctl(epoll, operation, fd, &event) != 0) Fail("epoll_ctl");
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor Connect(uint16_t port) {
  Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) Fail("socket");
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) != 0) {
    Fail("connect to port " + std::to_string(port));
  }
  return fd;
}

void SendAll(int fd, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
    if (n < 0) Fail("send");
    at += n;
    size -= n;
  }
}

void ReceiveAll(int fd, void* data, size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t n = recv(fd, at, size, 0);
    if (n < 0) Fail("receive");
    if (n == 0) throw std::runtime_error("receive: the connection has ended");
    at += n;
    size -= n;
  }
}

ptrdiff_t TrySend(int fd, const void* data, size_t size) {
  const ssize_t n = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) Fail("send");
  return n;
}

ptrdiff_t TryReceive(int fd, void* data, size_t size) {
  const ssize_t n = recv(fd, data, size, MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) Fail("receive");
  return n;
}

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) Fail("epoll_create1");
}

void Poller::Add(int fd, uint32_t events, uint32_t tag) {
  Control(epoll_.get(), EPOLL_CTL_ADD, fd, events, tag);
}

void Poller::Modify(int fd, uint32_t events, uint32_t tag) {
  Control(epoll_.get(), EPOLL_CTL_MOD, fd, events, tag);
}

int Poller::WaitFor(Clock::time_point until,
                    std::array<epoll_event, 64>* ready) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  const int count =
      epoll_wait(epoll_.get(), ready->data(), ready->size(),
                 static_cast<int>(std::max<int64_t>(0, left.count())));
  if (count < 0 && errno != EINTR) Fail("epoll_wait");
  return count;
}

}  // namespace fairway::bench
