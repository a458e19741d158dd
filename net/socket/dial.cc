// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"
#include "base/task/run_aside.h"
#include "net/socket/socket_internal.h"

namespace fairway::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Connecting a port of the ephemeral range to itself can succeed on loopback;
// Go gives up after as many tries.
constexpr int kMaxSelfConnects = 3;

absl::Status DialError(absl::string_view network, const Address& address,
                       absl::string_view call, int error) {
  return FromErrno(error, absl::StrCat("dial ", network, " ",
                                       address.ToString(), ": ", call));
}

// One attempt; the Status's message is whole.
Task<absl::StatusOr<std::unique_ptr<Socket>>> Connect(
    asio::generic::stream_protocol::endpoint endpoint, std::string network,
    Address address) {
  Executor executor = co_await kThisExecutor;
  const int family = endpoint.data()->sa_family;
  OwnedFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) co_return DialError(network, address, "socket", errno);
  StreamSocket socket(executor);
  error_code assigned;
  socket.assign(asio::generic::stream_protocol(family, 0), fd.get(), assigned);
  if (assigned) {
    co_return DialError(network, address, "socket", assigned.value());
  }
  fd.Release();
  auto [ec] = co_await socket.async_connect(endpoint, kAwait);
  if (ec) co_return DialError(network, address, "connect", ec.value());
  error_code released;
  const int connected = socket.release(released);
  if (released) {
    co_return DialError(network, address, "connect", released.value());
  }
  co_return AdoptSocket(executor, connected);
}

bool IsConnectedToItself(const Socket& socket) {
  const Address local = socket.local_address();
  const Address peer = socket.peer_address();
  return local.port == peer.port && local.host == peer.host;
}

Task<absl::StatusOr<std::unique_ptr<Socket>>> ConnectTcp(
    tcp::endpoint endpoint) {
  const Address address{endpoint.address().to_string(), endpoint.port()};
  for (int i = 0; i < kMaxSelfConnects; ++i) {
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await Connect(endpoint, "tcp", address);
    if (!socket.ok()) co_return socket;
    if (!IsConnectedToItself(**socket)) co_return socket;
  }
  co_return DialError("tcp", address, "connect", ECONNREFUSED);
}

absl::Status Ask(const AddressFilter& filter, const tcp::endpoint& endpoint) {
  if (filter == nullptr) return absl::OkStatus();
  const Address address{endpoint.address().to_string(), endpoint.port()};
  const absl::Status allowed = filter(address.host);
  if (allowed.ok()) return allowed;
  return absl::Status(
      allowed.code(),
      absl::StrCat("dial tcp ", address.ToString(), ": ", allowed.message()));
}

// Blocks, for as long as the system's resolver is patient; none if there is no
// such host.
std::vector<tcp::endpoint> LookUp(const std::string& host, uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<tcp::endpoint> endpoints;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    return endpoints;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.resize(each->ai_addrlen);
    endpoint.port(port);
    endpoints.push_back(endpoint);
  }
  ::freeaddrinfo(found);
  return endpoints;
}

Task<absl::StatusOr<std::vector<tcp::endpoint>>> Resolve(std::string host,
                                                         uint16_t port) {
  std::vector<tcp::endpoint> endpoints;
  error_code not_ip;
  const asio::ip::address ip = asio::ip::make_address(host, not_ip);
  if (!not_ip) {
    endpoints.emplace_back(ip, port);
    co_return endpoints;
  }
  if (host == "localhost") {
    endpoints.emplace_back(asio::ip::address_v4::loopback(), port);
    endpoints.emplace_back(asio::ip::address_v6::loopback(), port);
    co_return endpoints;
  }
  // Not by Asio's resolver: a lookup of it ends only by itself.
  std::function<std::vector<tcp::endpoint>()> look_up = [host, port] {
    return LookUp(host, port);
  };
  absl::StatusOr<std::vector<tcp::endpoint>> found =
      co_await RunAside<std::vector<tcp::endpoint>>(std::move(look_up));
  if (absl::IsCancelled(found.status())) {
    co_return absl::CancelledError(
        absl::StrCat("dial tcp: lookup ", host, ": operation was canceled"));
  }
  if (!found.ok()) {
    co_return absl::Status(found.status().code(),
                           absl::StrCat("dial tcp: lookup ", host, ": ",
                                        found.status().message()));
  }
  if (found->empty()) {
    co_return absl::UnavailableError(
        absl::StrCat("dial tcp: lookup ", host, ": no such host"));
  }
  co_return found;
}

}  // namespace

Task<absl::StatusOr<std::unique_ptr<Socket>>> DialTcp(std::string host,
                                                      uint16_t port,
                                                      AddressFilter filter) {
  bool cancelled = co_await IsCancelled();
  if (cancelled) {
    co_return absl::CancelledError("dial tcp: operation was canceled");
  }
  absl::StatusOr<std::vector<tcp::endpoint>> endpoints =
      co_await Resolve(host, port);
  if (!endpoints.ok()) co_return endpoints.status();
  absl::Status last;
  for (const tcp::endpoint& endpoint : *endpoints) {
    const absl::Status allowed = Ask(filter, endpoint);
    if (!allowed.ok()) {
      last = allowed;
      continue;
    }
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await ConnectTcp(endpoint);
    if (socket.ok() || absl::IsCancelled(socket.status())) co_return socket;
    last = socket.status();
  }
  co_return last;
}

Task<absl::StatusOr<std::unique_ptr<Socket>>> DialUnix(std::string path) {
  bool cancelled = co_await IsCancelled();
  if (cancelled) {
    co_return absl::CancelledError("dial unix: operation was canceled");
  }
  const Address address{path, 0};
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("dial unix ", path, ": connect: invalid argument"));
  }
  asio::local::stream_protocol::endpoint endpoint(path);
  absl::StatusOr<std::unique_ptr<Socket>> socket =
      co_await Connect(endpoint, "unix", address);
  co_return socket;
}

}  // namespace fairway::net
