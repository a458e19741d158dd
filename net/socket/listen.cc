// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"
#include "net/socket/socket_internal.h"

namespace fairway::net {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

// net/http's Server waits so long between failing Accepts.
constexpr milliseconds kFirstBackOff{5};
constexpr milliseconds kLongestBackOff{1000};
// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;

bool IsLackOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS ||
         error == ENOMEM;
}

// The file of a Unix socket, known again by its inode: another process may have
// put its own in its place.
struct SocketFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;

  void Remove() const {
    struct stat now;
    if (path.empty() || ::lstat(path.c_str(), &now) != 0) return;
    if (now.st_dev == device && now.st_ino == inode) ::unlink(path.c_str());
  }
};

class ListenerImpl final : public Listener {
 public:
  ListenerImpl(Executor executor, Address address, SocketFile file)
      : state_(std::make_shared<State>(executor)),
        address_(std::move(address)),
        file_(std::move(file)) {
    state_->accept =
        absl::StrCat("accept ", address_.port == 0 ? "unix " : "tcp ",
                     address_.ToString(), ": accept4");
  }
  ~ListenerImpl() override { Close(); }

  absl::Status Assign(OwnedFd fd) {
    error_code ec;
    state_->descriptor.assign(fd.get(), ec);
    if (ec) return FromAsio(ec, "listen");
    fd.Release();
    return absl::OkStatus();
  }

  Task<absl::StatusOr<std::unique_ptr<Socket>>> Accept(
      Executor executor) override {
    std::shared_ptr<State> state = state_;
    milliseconds back_off = kFirstBackOff;
    while (true) {
      bool cancelled = co_await IsCancelled();
      if (cancelled || state->closed) co_return Closed();
      // Waiting first also when somebody is there: a crowd of connections gives
      // way to those already accepted.
      auto [ec] = co_await state->descriptor.async_wait(
          asio::posix::descriptor_base::wait_read, kAwait);
      if (ec || state->closed) co_return Closed();
      const int fd = ::accept4(state->descriptor.native_handle(), nullptr,
                               nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        absl::StatusOr<std::unique_ptr<Socket>> socket =
            AdoptSocket(executor, fd);
        if (socket.ok()) {
          state->lacks = false;
          co_return socket;
        }
        // It was reset while it waited for us: as good as never there.
        continue;
      }
      // Anything else is about the one connection that would have come.
      const int error = errno;
      if (!IsLackOfResources(error)) continue;
      if (!std::exchange(state->lacks, true) && state->on_lack != nullptr) {
        state->on_lack(FromErrno(error, state->accept));
      }
      state->back_off.expires_after(back_off);
      back_off = std::min(back_off * 2, kLongestBackOff);
      auto [interrupted] = co_await state->back_off.async_wait(kAwait);
      if (interrupted) co_return Closed();
    }
  }

  void OnLackOfResources(
      std::function<void(const absl::Status& lack)> told) override {
    state_->on_lack = std::move(told);
  }

  Address address() const override { return address_; }

  void Close() override {
    if (state_->closed) return;
    state_->closed = true;
    state_->on_lack = nullptr;
    file_.Remove();
    error_code ignored;
    state_->descriptor.close(ignored);
    state_->back_off.cancel();
  }

 private:
  // What a pending Accept needs: it may see its Listener die.
  struct State {
    explicit State(Executor executor)
        : descriptor(executor), back_off(executor) {}
    asio::posix::basic_stream_descriptor<Executor> descriptor;
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               Executor>
        back_off;
    std::string accept;  // for errors: what is done, to what
    std::function<void(const absl::Status& lack)> on_lack;
    bool lacks = false;
    bool closed = false;
  };

  static absl::Status Closed() {
    return absl::CancelledError("accept: use of closed network connection");
  }

  std::shared_ptr<State> state_;
  const Address address_;
  const SocketFile file_;
};

// Errors of ListenTcp and ListenUnix: "WHAT: CALL: ...".
absl::Status ListenError(absl::string_view what, absl::string_view call,
                         int error) {
  return FromErrno(error, absl::StrCat(what, ": ", call));
}

absl::StatusOr<std::unique_ptr<Listener>> StartListening(Executor executor,
                                                         OwnedFd fd,
                                                         SocketFile file,
                                                         std::string what) {
  if (::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    file.Remove();
    return ListenError(what, "listen", error);
  }
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) !=
      0) {
    const int error = errno;
    file.Remove();
    return ListenError(what, "getsockname", error);
  }
  auto listener = std::make_unique<ListenerImpl>(
      executor, AddressFromSockaddr(bound, size), std::move(file));
  absl::Status assigned = listener->Assign(std::move(fd));
  if (!assigned.ok()) return assigned;
  return listener;
}

absl::StatusOr<sockaddr_un> UnixAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen unix ", path, ": want a path of 1 to ",
                     sizeof(address.sun_path) - 1, " bytes"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Removes the socket file that a listener which is gone left behind; fails when
// there is another file, or somebody listens.
absl::Status RemoveStaleSocket(const sockaddr_un& address,
                               absl::string_view what) {
  struct stat found;
  if (::lstat(address.sun_path, &found) != 0) return absl::OkStatus();
  if (!S_ISSOCK(found.st_mode)) return ListenError(what, "bind", EADDRINUSE);
  OwnedFd probe(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return ListenError(what, "socket", errno);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) == 0 ||
      errno != ECONNREFUSED) {
    return ListenError(what, "bind", EADDRINUSE);
  }
  if (::unlink(address.sun_path) != 0 && errno != ENOENT) {
    return ListenError(what, "bind", errno);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> ListenTcp(Executor executor,
                                                    std::string ip,
                                                    uint16_t port,
                                                    PortSharing sharing) {
  error_code not_ip;
  const asio::ip::address parsed = asio::ip::make_address(ip, not_ip);
  if (not_ip) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen tcp: ", ip, ": want an IP address"));
  }
  const asio::generic::stream_protocol::endpoint endpoint(
      asio::ip::tcp::endpoint(parsed, port));
  const std::string what =
      absl::StrCat("listen ", parsed.is_v6() ? "tcp6 " : "tcp4 ",
                   Address{parsed.to_string(), port}.ToString());
  OwnedFd fd(::socket(parsed.is_v6() ? AF_INET6 : AF_INET,
                      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return ListenError(what, "socket", errno);
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      (sharing == PortSharing::kPermitted &&
       ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) !=
           0) ||
      (parsed.is_v6() && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on,
                                      sizeof(on)) != 0)) {
    return ListenError(what, "setsockopt", errno);
  }
  if (::bind(fd.get(), endpoint.data(), endpoint.size()) != 0) {
    return ListenError(what, "bind", errno);
  }
  return StartListening(executor, std::move(fd), {}, what);
}

absl::StatusOr<std::unique_ptr<Listener>> ListenUnix(Executor executor,
                                                     std::string path,
                                                     int mode) {
  const std::string what = absl::StrCat("listen unix ", path);
  absl::StatusOr<sockaddr_un> address = UnixAddress(path);
  if (!address.ok()) return address.status();
  absl::Status removed = RemoveStaleSocket(*address, what);
  if (!removed.ok()) return removed;
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return ListenError(what, "socket", errno);
  // The file is born with the socket's mode, so nobody slips in before chmod;
  // the umask may have taken from it, which chmod gives back.
  if (::fchmod(fd.get(), mode) != 0) return ListenError(what, "chmod", errno);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address),
             sizeof(*address)) != 0) {
    return ListenError(what, "bind", errno);
  }
  SocketFile file;
  struct stat made;
  if (::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &made) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return ListenError(what, "chmod", error);
  }
  file.path = path;
  file.device = made.st_dev;
  file.inode = made.st_ino;
  return StartListening(executor, std::move(fd), std::move(file), what);
}

}  // namespace fairway::net
