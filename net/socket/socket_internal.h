// SPDX-License-Identifier: Apache-2.0
// What the files of this package share.
#ifndef NET_SOCKET_SOCKET_INTERNAL_H_
#define NET_SOCKET_SOCKET_INTERNAL_H_

#include <sys/socket.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "net/socket/socket.h"

namespace fairway::net {

using StreamSocket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                     Executor>;

// The Address in a sockaddr of the families INET, INET6 and UNIX.
Address AddressFromSockaddr(const sockaddr_storage& storage, socklen_t size);

// A descriptor that an error path closes.
class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd();
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&&) = delete;

  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

}  // namespace fairway::net

#endif  // NET_SOCKET_SOCKET_INTERNAL_H_
