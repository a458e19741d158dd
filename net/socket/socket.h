// SPDX-License-Identifier: Apache-2.0
// TCP and Unix stream sockets as ByteStreams.
#ifndef NET_SOCKET_SOCKET_H_
#define NET_SOCKET_SOCKET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::net {

// What a Go program prints for an address: "127.0.0.1:80", "[::1]:80", or a
// path for a Unix socket.
struct Address {
  std::string host;   // an IP without brackets, or a Unix socket's path
  uint16_t port = 0;  // 0 for Unix
  std::string ToString() const;
};

// "127.0.0.1:80" or "[::1]:80" from host and port, as Go's net.JoinHostPort.
std::string JoinHostPort(absl::string_view host, absl::string_view port);
// The inverse. Errors: kInvalidArgument.
struct HostPort {
  std::string host;
  std::string port;
};
absl::StatusOr<HostPort> SplitHostPort(absl::string_view host_port);

// A connected socket. TCP has TCP_NODELAY and keepalive set, and not
// TCP_USER_TIMEOUT: by that the kernel gives up a peer that keeps its window
// shut, which is only a slow reader. Abort() sends RST on TCP. A WaitReadable()
// that is cancelled leaves it as it was. Lives on the executor of its making.
class Socket : public ByteStream {
 public:
  virtual Address local_address() const = 0;
  virtual Address peer_address() const = 0;
  // Whether the peer's FIN or RST has come, be it behind bytes that nobody has
  // read yet.
  virtual bool PeerHasEnded() const = 0;
  // Whether the peer has nothing to say and nothing to hear: its RST has come,
  // or its FIN with no byte before it that is unread.
  virtual bool PeerHasLeft() const = 0;
  // The descriptor, still owned by the socket.
  virtual int native_handle() const = 0;
};

// Whether an IP may be dialled; ClassifyAddress() helps to decide.
using AddressFilter = std::function<absl::Status(const std::string& ip)>;

// Resolves `host` (an IP, or a name: hosts file and DNS; `localhost` gives
// both loopback addresses) and connects to its addresses in turn. A name is
// resolved once: what `filter` (null: none) was asked about is what is dialled,
// so that no second answer of a name server comes between (CVE-2020-8562).
// Errors: of the last address, in Go's words: "dial tcp 127.0.0.1:1: connect:
// connection refused"; of `filter`: "dial tcp 127.0.0.1:1: " and its words.
Task<absl::StatusOr<std::unique_ptr<Socket>>> DialTcp(
    std::string host, uint16_t port, AddressFilter filter = nullptr);

// Errors: "dial unix /x: connect: no such file or directory".
Task<absl::StatusOr<std::unique_ptr<Socket>>> DialUnix(std::string path);

// Takes over a connected stream socket; `fd` is closed on error too.
absl::StatusOr<std::unique_ptr<Socket>> AdoptSocket(Executor executor, int fd);

// A listening socket.
//
// Threads:  not thread-safe; on the executor that it was made for.
// Lifetime: closing or destroying it ends a pending Accept with kCancelled; a
//           Unix socket's file is removed.
class Listener {
 public:
  virtual ~Listener() = default;
  // The next connection, which lives on `executor`. While the process has no
  // descriptors left it waits and goes on: no connection is lost.
  // Errors: kCancelled.
  virtual Task<absl::StatusOr<std::unique_ptr<Socket>>> Accept(
      Executor executor) = 0;
  // Has `told` called when Accept begins to wait for descriptors, with what it
  // waits for in Go's words ("accept tcp 127.0.0.1:80: accept4: too many open
  // files"), and not again before it has accepted a connection.
  virtual void OnLackOfResources(
      std::function<void(const absl::Status& lack)> told) = 0;
  virtual Address address() const = 0;
  virtual void Close() = 0;
};

// Whether other sockets may listen on the same port (SO_REUSEPORT; upstream's
// --permit-port-sharing).
enum class PortSharing { kForbidden, kPermitted };

// `ip` must be an IP; port 0 lets the kernel choose. SO_REUSEADDR is set; an
// IPv6 address takes IPv6 only.
// Errors: in Go's words: "listen tcp4 127.0.0.1:80: bind: address already in
// use" ("tcp6" for IPv6).
absl::StatusOr<std::unique_ptr<Listener>> ListenTcp(
    Executor executor, std::string ip, uint16_t port,
    PortSharing sharing = PortSharing::kForbidden);

// Replaces a stale socket file; makes it with `mode` (0600 by default).
// Errors: kInvalidArgument for a path over 107 bytes; kAlreadyExists when
// somebody listens there.
absl::StatusOr<std::unique_ptr<Listener>> ListenUnix(Executor executor,
                                                     std::string path,
                                                     int mode = 0600);

}  // namespace fairway::net

#endif  // NET_SOCKET_SOCKET_H_
