// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <stdexcept>

#include "net/tls/crypto.h"

namespace fairway::e2e {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

}  // namespace

Connection::Connection(uint16_t port, Seconds timeout,
                       int receive_buffer_bytes) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) Fail("socket");
  timeval limit;
  limit.tv_sec = static_cast<time_t>(timeout.count());
  limit.tv_usec = static_cast<suseconds_t>(
      (timeout.count() - static_cast<double>(limit.tv_sec)) * 1e6);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (receive_buffer_bytes > 0) {
    // Before connecting: the peer is told how much it may send.
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
               sizeof(receive_buffer_bytes));
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    const int error = errno;
    close(fd_);
    errno = error;
    Fail("connect to 127.0.0.1:" + std::to_string(port));
  }
}

Connection::~Connection() { close(fd_); }

void Connection::Send(const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n =
        send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) Fail("send");
    sent += n;
  }
}

void Connection::SendFin() {
  if (shutdown(fd_, SHUT_WR) != 0) Fail("shutdown");
}

bool Connection::FinIsAcknowledged() const {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    Fail("TCP_INFO");
  }
  return info.tcpi_state != TCP_FIN_WAIT1 && info.tcpi_state != TCP_CLOSING &&
         info.tcpi_state != TCP_LAST_ACK;
}

std::string Connection::Receive(size_t max) {
  std::string bytes(max, '\0');
  const ssize_t n = recv(fd_, bytes.data(), max, 0);
  if (n < 0) Fail("recv");
  bytes.resize(n);
  return bytes;
}

std::string Connection::ReceiveAll() {
  std::string all;
  while (true) {
    const std::string piece = Receive(256 * 1024);
    if (piece.empty()) return all;
    all += piece;
  }
}

std::string Connection::ReceiveExactly(size_t count) {
  std::string all;
  while (all.size() < count) {
    const std::string piece = Receive(count - all.size());
    if (piece.empty()) {
      throw std::runtime_error("FIN after " + std::to_string(all.size()) +
                               " of " + std::to_string(count) + " bytes");
    }
    all += piece;
  }
  return all;
}

bool Connection::EndsByReset() {
  char byte;
  while (true) {
    const ssize_t n = recv(fd_, &byte, 1, 0);
    if (n == 0) return false;
    if (n < 0) {
      if (errno != ECONNRESET) Fail("recv");
      return true;
    }
  }
}

void Connection::Reset() {
  linger at_once = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd_);
  fd_ = -1;
}

void Connection::Shutdown() { shutdown(fd_, SHUT_RDWR); }

std::string RandomBytes(size_t count, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
    const uint64_t word = generator();
    std::memcpy(&bytes[i], &word, std::min(sizeof(word), count - i));
  }
  return bytes;
}

std::string Sha256Hex(const std::string& bytes) {
  return net::Sha256Hex(bytes);
}

}  // namespace fairway::e2e
