// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/pod_netns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/task/asio_status.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/mailbox.h"
#include "base/task/run_on.h"

namespace fairway::runtime::netns {

namespace asio = boost::asio;

namespace {

// Loopback answers at once; only a full backlog makes one wait.
constexpr absl::Duration kConnectTimeout = absl::Seconds(30);

// A descriptor that closes itself.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// The namespace of the calling thread.
absl::StatusOr<int> OpenCurrent() {
  const int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, "open network namespace");
  return fd;
}

absl::Status SetInterfaceUp(int fd, const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
    return FromErrno(errno, absl::StrCat("set ", name, " up"));
  }
  return absl::OkStatus();
}

absl::Status AddLoopbackAddress(int fd, const std::string& address) {
  ifreq request{};
  // The label of a second address.
  std::strncpy(request.ifr_name, "lo:0", IFNAMSIZ - 1);
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
  ipv4->sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &ipv4->sin_addr) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("address \"", address, "\": want IPv4"));
  }
  if (ioctl(fd, SIOCSIFADDR, &request) != 0) {
    return FromErrno(errno, absl::StrCat("add address ", address));
  }
  inet_pton(AF_INET, "255.255.255.255", &ipv4->sin_addr);
  if (ioctl(fd, SIOCSIFNETMASK, &request) != 0) {
    return FromErrno(errno, absl::StrCat("set netmask of ", address));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> MakeNamespace(const std::string& address) {
  if (unshare(CLONE_NEWNET) != 0) {
    return FromErrno(errno, "make a network namespace");
  }
  const Fd control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (control.get() < 0) return FromErrno(errno, "socket");
  absl::Status up = SetInterfaceUp(control.get(), "lo");
  if (!up.ok()) return up;
  if (!address.empty()) {
    absl::Status added = AddLoopbackAddress(control.get(), address);
    if (!added.ok()) return added;
  }
  return OpenCurrent();
}

absl::StatusOr<int> EnterNamespaceOf(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid, "/ns/net");
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return FromErrno(errno, absl::StrCat("open ", path));
  if (setns(fd.get(), CLONE_NEWNET) != 0) {
    return FromErrno(errno, absl::StrCat("enter ", path));
  }
  return OpenCurrent();
}

absl::StatusOr<int> MakeSocket(int family) {
  const int fd =
      socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return FromErrno(errno, "socket");
  return fd;
}

// The loopback address of `family`.
struct Loopback {
  explicit Loopback(int family, uint16_t port) {
    if (family == AF_INET) {
      ipv4.sin_family = AF_INET;
      ipv4.sin_port = htons(port);
      ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
      ipv6.sin6_family = AF_INET6;
      ipv6.sin6_port = htons(port);
      ipv6.sin6_addr = in6addr_loopback;
    }
  }
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&ipv6);
  }
  socklen_t size() const {
    return ipv6.sin6_family == AF_INET6 ? sizeof(ipv6) : sizeof(ipv4);
  }
  union {
    sockaddr_in6 ipv6{};
    sockaddr_in ipv4;
  };
};

// Whether another family would not help: what is no matter of the pod, and
// what is none of the dial, since the pod took the connection and reset it.
bool EndsTheDial(const absl::Status& status) {
  return absl::IsCancelled(status) || absl::IsResourceExhausted(status) ||
         absl::IsAborted(status);
}

std::string DialWords(int family, uint16_t port) {
  return family == AF_INET
             ? absl::StrCat("dial tcp4 127.0.0.1:", port, ": connect")
             : absl::StrCat("dial tcp6 [::1]:", port, ": connect");
}

// 0, or EINPROGRESS while it is not decided yet, or why it failed.
int TryConnect(int fd, const Loopback& loopback) {
  const int result = connect(fd, loopback.get(), loopback.size());
  if (result == 0) return 0;
  return errno == EALREADY ? EINPROGRESS : errno;
}

Task<absl::Status> WaitWritable(int fd) {
  Executor executor = co_await kThisExecutor;
  asio::posix::basic_stream_descriptor<Executor> descriptor(executor, fd);
  absl::Status writable = co_await WithDeadline(
      kConnectTimeout, "connect", [&descriptor]() -> Task<absl::Status> {
        auto [ec] = co_await descriptor.async_wait(
            decltype(descriptor)::wait_write, kAwait);
        co_return FromAsio(ec, "connect");
      });
  descriptor.release();
  co_return writable;
}

// Connects `fd`, and gives it back.
Task<absl::StatusOr<int>> Connect(Fd fd, int family, uint16_t port) {
  const Loopback loopback(family, port);
  int error = TryConnect(fd.get(), loopback);
  // On loopback it is decided when the first call returns, which cannot say so.
  if (error == EINPROGRESS) error = TryConnect(fd.get(), loopback);
  while (error == EINPROGRESS) {
    absl::Status writable = co_await WaitWritable(fd.get());
    if (!writable.ok()) {
      co_return absl::Status(
          writable.code(),
          absl::StrCat(DialWords(family, port), ": ", writable.message()));
    }
    error = TryConnect(fd.get(), loopback);
  }
  if (error != 0) co_return FromErrno(error, DialWords(family, port));
  co_return fd.Release();
}

absl::StatusOr<std::unique_ptr<net::Socket>> Adopt(Executor executor,
                                                   int connected) {
  absl::StatusOr<std::unique_ptr<net::Socket>> socket =
      net::AdoptSocket(executor, connected);
  // No peer any more: a reset that came since.
  if (absl::IsUnavailable(socket.status())) {
    return absl::AbortedError(socket.status().message());
  }
  return socket;
}

// Sockets of one family that were made in the namespace and are not connected
// yet: a dial takes one and waits for no thread.
struct Stock {
  Stock(Executor executor, int f) : family(f), filled(executor) {}

  const int family;
  std::vector<Fd> sockets;
  bool filling = false;
  absl::Status error;  // of the last filling
  Condition filled;
};
using StockPtr = std::shared_ptr<Stock>;

// What a filling brings from the namespace's thread.
struct Delivery {
  std::vector<Fd> sockets;
  absl::Status error;
};

Delivery MakeSockets(int family, size_t count) {
  Delivery made;
  while (made.sockets.size() < count && made.error.ok()) {
    absl::StatusOr<int> fd = MakeSocket(family);
    if (fd.ok()) {
      made.sockets.emplace_back(*fd);
    } else {
      made.error = fd.status();
    }
  }
  // What is scarce is not kept in advance.
  while (!made.error.ok() && made.sockets.size() > 1) made.sockets.pop_back();
  return made;
}

// Has `thread` fill it up. The stock may be gone by then.
void Fill(const StockPtr& stock, Executor thread,
          const std::shared_ptr<Mailbox>& mailbox) {
  if (stock->filling) return;
  stock->filling = true;
  const size_t count = kSocketsInAdvance - stock->sockets.size();
  Post(thread, [stock, mailbox, count, family = stock->family] {
    auto made = std::make_shared<Delivery>(MakeSockets(family, count));
    mailbox->Post([stock, made] {
      stock->filling = false;
      stock->error = made->error;
      for (Fd& fd : made->sockets) stock->sockets.push_back(std::move(fd));
      stock->filled.NotifyAll();
    });
  });
}

class HeldNetns : public PodNetns {
 public:
  // Makes or enters the namespace on the thread of its own.
  static Task<absl::StatusOr<std::unique_ptr<PodNetns>>> Start(
      std::function<absl::StatusOr<int>()> enter) {
    Executor executor = co_await kThisExecutor;
    auto held = std::make_unique<HeldNetns>(executor);
    std::function<Task<absl::StatusOr<Place>>()> body =
        [enter = std::move(enter)]() -> Task<absl::StatusOr<Place>> {
      absl::StatusOr<int> fd = enter();
      if (!fd.ok()) co_return fd.status();
      co_return Place{.fd = *fd, .holder = gettid()};
    };
    absl::StatusOr<Place> place = co_await RunOn<absl::StatusOr<Place>>(
        held->thread_.executor(), std::move(body));
    if (!place.ok()) co_return place.status();
    held->place_ = *place;
    co_return std::unique_ptr<PodNetns>(std::move(held));
  }

  explicit HeldNetns(Executor executor)
      : thread_("pod-netns"),
        mailbox_(Mailbox::Of(executor)),
        ipv4_(std::make_shared<Stock>(executor, AF_INET)),
        ipv6_(std::make_shared<Stock>(executor, AF_INET6)) {}
  ~HeldNetns() override {
    if (place_.fd >= 0) close(place_.fd);
  }

  Task<absl::StatusOr<std::unique_ptr<net::Socket>>> DialInPod(
      std::string name, uint16_t port) override;

  int fd() const override { return place_.fd; }
  pid_t holder() const override { return place_.holder; }

 protected:
  struct Place {
    int fd = -1;
    pid_t holder = 0;
  };

 private:
  Task<absl::StatusOr<Fd>> TakeSocket(StockPtr stock) {
    while (stock->sockets.empty()) {
      Fill(stock, thread_.executor(), mailbox_);
      absl::Status waited = co_await stock->filled.Wait();
      if (!waited.ok()) co_return waited;
      if (stock->sockets.empty() && !stock->error.ok()) co_return stock->error;
    }
    Fd fd = std::move(stock->sockets.back());
    stock->sockets.pop_back();
    if (stock->sockets.size() <= kSocketsInAdvance / 2) {
      Fill(stock, thread_.executor(), mailbox_);
    }
    co_return fd;
  }

  Task<absl::StatusOr<int>> Dial(StockPtr stock, uint16_t port) {
    absl::StatusOr<Fd> fd = co_await TakeSocket(stock);
    if (!fd.ok()) {
      co_return absl::Status(fd.status().code(),
                             absl::StrCat(DialWords(stock->family, port), ": ",
                                          fd.status().message()));
    }
    absl::StatusOr<int> connected =
        co_await Connect(*std::move(fd), stock->family, port);
    co_return connected;
  }

  LoopThread thread_;
  const std::shared_ptr<Mailbox> mailbox_;  // of the executor that it is for
  const StockPtr ipv4_;
  const StockPtr ipv6_;
  Place place_;
};

Task<absl::StatusOr<std::unique_ptr<net::Socket>>> HeldNetns::DialInPod(
    std::string name, uint16_t port) {
  Executor executor = co_await kThisExecutor;
  absl::StatusOr<int> ipv4 = co_await Dial(ipv4_, port);
  if (ipv4.ok()) co_return Adopt(executor, *ipv4);
  if (EndsTheDial(ipv4.status())) co_return ipv4.status();
  absl::StatusOr<int> ipv6 = co_await Dial(ipv6_, port);
  if (ipv6.ok()) co_return Adopt(executor, *ipv6);
  if (EndsTheDial(ipv6.status())) co_return ipv6.status();
  co_return absl::UnavailableError(absl::StrCat(
      "failed to connect to localhost:", port, " inside namespace \"", name,
      "\": IPv4: ", ipv4.status().message(),
      " IPv6: ", ipv6.status().message()));
}

}  // namespace

// GCC 12 copies a closure that is a temporary of a co_await without its
// members' constructors, hence the names.
using Enter = std::function<absl::StatusOr<int>()>;

Task<absl::StatusOr<std::unique_ptr<PodNetns>>> PodNetns::Create(
    std::string address) {
  Enter enter = [address] { return MakeNamespace(address); };
  auto made = co_await HeldNetns::Start(std::move(enter));
  co_return made;
}

Task<absl::StatusOr<std::unique_ptr<PodNetns>>> PodNetns::Join(pid_t pid) {
  Enter enter = [pid] { return EnterNamespaceOf(pid); };
  auto joined = co_await HeldNetns::Start(std::move(enter));
  co_return joined;
}

Task<absl::StatusOr<std::unique_ptr<PodNetns>>> PodNetns::Own() {
  Enter enter = [] { return OpenCurrent(); };
  auto own = co_await HeldNetns::Start(std::move(enter));
  co_return own;
}

}  // namespace fairway::runtime::netns
