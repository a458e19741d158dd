// SPDX-License-Identifier: Apache-2.0
#include "net/socket/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/run_on.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"

namespace fairway::net {
namespace {

using absl::StatusCode;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A folder with a path short enough for sockets.
class ShortFolder {
 public:
  ShortFolder() {
    char name[] = "/tmp/fwXXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~ShortFolder() {
    ::unlink(socket().c_str());
    ::rmdir(path_.c_str());
  }
  std::string socket() const { return path_ + "/s"; }

 private:
  std::string path_;
};

int IntOption(const Socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(socket.native_handle(), level, name, &value, &size),
            0);
  return value;
}

Task<absl::Status> ExpectEcho(Socket& from, Socket& to) {
  absl::Status written = co_await WriteAll(from, "ping");
  FAIRWAY_CO_RETURN_IF_ERROR(written);
  std::string got(4, '\0');
  absl::Status read =
      co_await ReadFull(to, absl::MakeSpan(got.data(), got.size()));
  EXPECT_EQ(got, "ping");
  co_return read;
}

struct HostPortCase {
  const char* host;
  const char* port;
  const char* joined;
};

class HostPortTest : public ::testing::TestWithParam<HostPortCase> {};

TEST_P(HostPortTest, JoinsAndSplits) {
  EXPECT_EQ(JoinHostPort(GetParam().host, GetParam().port), GetParam().joined);
  absl::StatusOr<HostPort> split = SplitHostPort(GetParam().joined);
  ASSERT_THAT(split, IsOk());
  EXPECT_EQ(split->host, GetParam().host);
  EXPECT_EQ(split->port, GetParam().port);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostPortTest,
    ::testing::Values(HostPortCase{"127.0.0.1", "80", "127.0.0.1:80"},
                      HostPortCase{"::1", "80", "[::1]:80"},
                      HostPortCase{"fe80::1%lo", "80", "[fe80::1%lo]:80"},
                      HostPortCase{"name", "http", "name:http"},
                      HostPortCase{"", "80", ":80"},
                      HostPortCase{"name", "", "name:"}));

struct BadHostPortCase {
  const char* text;
  const char* message;
};

class BadHostPortTest : public ::testing::TestWithParam<BadHostPortCase> {};

TEST_P(BadHostPortTest, IsRefusedInGosWords) {
  EXPECT_THAT(SplitHostPort(GetParam().text),
              StatusIs(StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadHostPortTest,
    ::testing::Values(
        BadHostPortCase{"name", "address name: missing port in address"},
        BadHostPortCase{"", "address : missing port in address"},
        BadHostPortCase{"[::1]", "address [::1]: missing port in address"},
        BadHostPortCase{"::1:80", "address ::1:80: too many colons in address"},
        BadHostPortCase{"[::1:80", "address [::1:80: missing ']' in address"},
        BadHostPortCase{"[::1]x:80",
                        "address [::1]x:80: missing port in address"},
        BadHostPortCase{"[::1]:80:90",
                        "address [::1]:80:90: too many colons in address"},
        BadHostPortCase{"a]b:80", "address a]b:80: unexpected ']' in address"},
        BadHostPortCase{"a[b:80",
                        "address a[b:80: unexpected '[' in address"}));

TEST(AddressTest, PrintsAsInGo) {
  EXPECT_EQ((Address{"127.0.0.1", 80}.ToString()), "127.0.0.1:80");
  EXPECT_EQ((Address{"::1", 80}.ToString()), "[::1]:80");
  EXPECT_EQ((Address{"/run/s", 0}.ToString()), "/run/s");
  EXPECT_EQ((Address{"0.0.0.0", 0}.ToString()), "0.0.0.0:0");
}

TEST(DialTest, RefusedPortIsToldInGosWords) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const std::string address = (*listener)->address().ToString();
    const uint16_t port = (*listener)->address().port;
    (*listener)->Close();
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialTcp("127.0.0.1", port);
    EXPECT_THAT(socket,
                StatusIs(StatusCode::kUnavailable,
                         absl::StrCat("dial tcp ", address,
                                      ": connect: connection refused")));
    co_return absl::OkStatus();
  });
}

TEST(DialTest, LocalhostTriesBothLoopbacks) {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    RunTest([ip](Executor executor) -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<Listener>> listener =
          ListenTcp(executor, ip, 0);
      if (!listener.ok()) co_return listener.status();
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await DialTcp("localhost", (*listener)->address().port);
      if (!socket.ok()) co_return socket.status();
      EXPECT_EQ((*socket)->peer_address().host, ip);
      co_return absl::OkStatus();
    });
  }
}

// A name's second answer could be another than the one that was checked.
TEST(DialTest, CVE_2020_8562_AnAddressIsAskedForOnceAndThenDialled) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const uint16_t port = (*listener)->address().port;
    std::vector<std::string> asked;
    AddressFilter filter = [&asked](const std::string& ip) {
      asked.push_back(ip);
      return absl::PermissionDeniedError("address not allowed");
    };
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialTcp("localhost", port, filter);
    EXPECT_THAT(socket, StatusIs(StatusCode::kPermissionDenied,
                                 absl::StrCat("dial tcp [::1]:", port,
                                              ": address not allowed")));
    EXPECT_THAT(asked, ::testing::ElementsAre("127.0.0.1", "::1"));
    asked.clear();
    filter = [&asked](const std::string& ip) {
      asked.push_back(ip);
      return absl::OkStatus();
    };
    socket = co_await DialTcp("localhost", port, filter);
    if (!socket.ok()) co_return socket.status();
    EXPECT_THAT(asked, ::testing::ElementsAre("127.0.0.1"));
    EXPECT_EQ((*socket)->peer_address().host, "127.0.0.1");
    co_return absl::OkStatus();
  });
}

TEST(DialTest, UnknownNameIsToldInGosWords) {
  RunTest([](Executor) -> Task<absl::Status> {
    // A name that no resolver is asked about: it is not well-formed.
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialTcp("no..such.host.invalid", 80);
    EXPECT_THAT(
        socket,
        StatusIs(StatusCode::kUnavailable,
                 "dial tcp: lookup no..such.host.invalid: no such host"));
    co_return absl::OkStatus();
  });
}

TEST(DialTest, MissingUnixSocketIsToldInGosWords) {
  RunTest([](Executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialUnix("/nowhere/s");
    EXPECT_THAT(
        socket,
        StatusIs(StatusCode::kNotFound,
                 "dial unix /nowhere/s: connect: no such file or directory"));
    socket = co_await DialUnix(std::string(200, 'x'));
    EXPECT_THAT(socket, StatusIs(StatusCode::kInvalidArgument));
    co_return absl::OkStatus();
  });
}

TEST(DialTest, CancelledDialReturnsCancelled) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    TaskGroup group(executor);
    group.Spawn([]() -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await DialTcp("127.0.0.1", 1);
      co_return socket.status();
    });
    group.Cancel();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
}

TEST(SocketTest, TcpEndsKnowTheirAddressesAndHaveTheOptions) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialTcp("127.0.0.1", (*listener)->address().port);
    if (!a.ok()) co_return a.status();
    absl::StatusOr<std::unique_ptr<Socket>> b =
        co_await (*listener)->Accept(executor);
    if (!b.ok()) co_return b.status();
    EXPECT_EQ((*a)->local_address().ToString(),
              (*b)->peer_address().ToString());
    EXPECT_EQ((*b)->local_address().ToString(),
              (*a)->peer_address().ToString());
    for (Socket* socket : {a->get(), b->get()}) {
      EXPECT_EQ(IntOption(*socket, IPPROTO_TCP, TCP_NODELAY), 1);
      EXPECT_EQ(IntOption(*socket, SOL_SOCKET, SO_KEEPALIVE), 1);
      EXPECT_EQ(IntOption(*socket, IPPROTO_TCP, TCP_KEEPIDLE), 15);
      EXPECT_EQ(IntOption(*socket, IPPROTO_TCP, TCP_KEEPINTVL), 15);
      EXPECT_EQ(IntOption(*socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
      EXPECT_TRUE(::fcntl(socket->native_handle(), F_GETFD) & FD_CLOEXEC);
    }
    absl::Status echoed = co_await ExpectEcho(**a, **b);
    co_return echoed;
  });
}

std::string CongestionControl(const Socket& socket) {
  char name[16] = "";
  socklen_t size = sizeof(name);
  EXPECT_EQ(::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CONGESTION,
                         name, &size),
            0);
  return name;
}

// An address of this host on an interface to others; empty if there is none.
std::string OwnAddress() {
  ifaddrs* all = nullptr;
  EXPECT_EQ(::getifaddrs(&all), 0);
  std::string own;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET ||
        (each->ifa_flags & IFF_LOOPBACK) != 0) {
      continue;
    }
    char text[INET_ADDRSTRLEN] = "";
    const auto* in = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    own = ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
  }
  ::freeifaddrs(all);
  return own;
}

TEST(SocketTest, WithBothEndsOnThisHostProbesNoNetwork) {
  struct Case {
    std::string listen;
    std::string dial;
  };
  const std::vector<Case> cases = {{"127.0.0.1", "127.0.0.1"},
                                   {"0.0.0.0", "127.0.0.1"},
                                   {"::1", "::1"},
                                   {"0.0.0.0", OwnAddress()}};
  RunTest([&](Executor executor) -> Task<absl::Status> {
    for (const Case& c : cases) {
      SCOPED_TRACE(absl::StrCat(c.listen, " ", c.dial));
      if (c.dial.empty()) continue;
      auto listener = ListenTcp(executor, c.listen, 0);
      if (!listener.ok()) co_return listener.status();
      absl::StatusOr<std::unique_ptr<Socket>> a =
          co_await DialTcp(c.dial, (*listener)->address().port);
      if (!a.ok()) co_return a.status();
      absl::StatusOr<std::unique_ptr<Socket>> b =
          co_await (*listener)->Accept(executor);
      if (!b.ok()) co_return b.status();
      EXPECT_EQ(CongestionControl(**a), "reno");
      EXPECT_EQ(CongestionControl(**b), "reno");
    }
    co_return absl::OkStatus();
  });
}

// A TCP socket that announces segments of `segment` bytes (0: what the device
// has) and asks for cubic, as an accepted one of its kind will have.
int TcpSocket(int segment) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5), 0);
  if (segment == 0) return fd;
  EXPECT_EQ(
      ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)), 0);
  return fd;
}

// A connection to an address of this host that NAT led to another, or that
// came by NAT from another, had Reno there, over a network.
TEST(SocketTest, PeerWithSegmentsOfANetworkIsElsewhere) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    for (const auto& [segment, want] :
         {std::pair(0, "reno"), std::pair(8948, "cubic"),
          std::pair(1448, "cubic")}) {
      SCOPED_TRACE(segment);
      const int listener = TcpSocket(0);
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      auto* generic = reinterpret_cast<sockaddr*>(&address);
      socklen_t size = sizeof(address);
      EXPECT_EQ(::bind(listener, generic, size), 0);
      EXPECT_EQ(::getsockname(listener, generic, &size), 0);
      EXPECT_EQ(::listen(listener, 1), 0);
      const int peer = TcpSocket(segment);
      EXPECT_EQ(::connect(peer, generic, size), 0);
      auto accepted =
          AdoptSocket(executor, ::accept(listener, nullptr, nullptr));
      ::close(listener);
      ::close(peer);
      if (!accepted.ok()) co_return accepted.status();
      EXPECT_EQ(CongestionControl(**accepted), want);
    }
    co_return absl::OkStatus();
  });
}

TEST(SocketTest, KnowsOfAFinBehindUnreadBytes) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialTcp("127.0.0.1", (*listener)->address().port);
    if (!a.ok()) co_return a.status();
    absl::StatusOr<std::unique_ptr<Socket>> b =
        co_await (*listener)->Accept(executor);
    if (!b.ok()) co_return b.status();
    absl::Status status = co_await WriteAll(**a, "unread");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_FALSE((*b)->PeerHasEnded());
    status = co_await (*a)->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_TRUE((*b)->PeerHasEnded());
    EXPECT_FALSE((*a)->PeerHasEnded());
    EXPECT_FALSE((*b)->PeerHasLeft());
    char unread[6];
    absl::StatusOr<size_t> read =
        co_await (*b)->Read(absl::MakeSpan(unread, sizeof(unread)));
    if (!read.ok()) co_return read.status();
    EXPECT_EQ(*read, sizeof(unread));
    EXPECT_TRUE((*b)->PeerHasLeft());
    EXPECT_FALSE((*a)->PeerHasLeft());
    (*b)->Abort();
    EXPECT_TRUE((*a)->PeerHasEnded());
    EXPECT_TRUE((*a)->PeerHasLeft());
    co_return absl::OkStatus();
  });
}

// Why no socket has TCP_USER_TIMEOUT: the kernel gives up on a peer
// that keeps its window shut, though it answers every probe.
TEST(SocketTest, APeerThatDoesNotReadIsDeadOnlyToAUserTimeout) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const uint16_t port = (*listener)->address().port;
    std::vector<std::unique_ptr<Socket>> ours, theirs;
    for (int i = 0; i < 2; ++i) {
      absl::StatusOr<std::unique_ptr<Socket>> a =
          co_await DialTcp("127.0.0.1", port);
      if (!a.ok()) co_return a.status();
      ours.push_back(*std::move(a));
      absl::StatusOr<std::unique_ptr<Socket>> b =
          co_await (*listener)->Accept(executor);
      if (!b.ok()) co_return b.status();
      theirs.push_back(*std::move(b));
    }
    const unsigned int milliseconds = 500;
    EXPECT_EQ(
        ::setsockopt(ours[1]->native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT,
                     &milliseconds, sizeof(milliseconds)),
        0);
    // More than both ends' buffers hold.
    const std::string bytes(16 << 20, 'x');
    absl::Status patient = absl::UnknownError("not done");
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      patient = co_await WriteAll(*ours[0], bytes);
      co_return patient;
    });
    absl::Status given_up = co_await WriteAll(*ours[1], bytes);
    EXPECT_THAT(given_up, StatusIs(StatusCode::kUnavailable,
                                   "write: connection timed out"));
    // The other has waited as long, and goes on.
    EXPECT_THAT(patient, StatusIs(StatusCode::kUnknown));
    std::string got(bytes.size(), '\0');
    absl::Status read =
        co_await ReadFull(*theirs[0], absl::MakeSpan(&got[0], got.size()));
    FAIRWAY_CO_RETURN_IF_ERROR(read);
    EXPECT_TRUE(got == bytes);
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

// Somebody else on the loop, who takes each turn that there is.
struct Other : std::enable_shared_from_this<Other> {
  void TakeTurns(Executor executor) {
    if (gone) return;
    ++turns;
    Post(executor, [self = shared_from_this(), executor]() {
      self->TakeTurns(executor);
    });
  }
  uint64_t turns = 0;
  bool gone = false;
};

// Waits until nothing more comes to `socket`, which nobody reads.
Task<absl::Status> WaitUntilFull(Socket& socket) {
  int before = -1;
  int there = 0;
  absl::Status slept;
  while (slept.ok() && before != there) {
    before = there;
    slept = co_await Sleep(absl::Milliseconds(20));
    EXPECT_EQ(::ioctl(socket.native_handle(), FIONREAD, &there), 0);
  }
  co_return slept;
}

// A peer that has much to say, and somebody who reads all of it, kept out
// everybody else for up to 4 MiB.
TEST(SocketTest, ReadsThatNeedNotWaitLetOthersHaveTheirTurn) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialTcp("127.0.0.1", (*listener)->address().port);
    if (!a.ok()) co_return a.status();
    absl::StatusOr<std::unique_ptr<Socket>> b =
        co_await (*listener)->Accept(executor);
    if (!b.ok()) co_return b.status();
    // As much as the system permits is there to be read without a wait.
    const int room = 4 * 1024 * 1024;
    for (Socket* socket : {a->get(), b->get()}) {
      for (int option : {SO_SNDBUF, SO_RCVBUF}) {
        EXPECT_EQ(::setsockopt(socket->native_handle(), SOL_SOCKET, option,
                               &room, sizeof(room)),
                  0);
      }
    }
    const std::string bytes(2 * room, 'x');
    TaskGroup writer(executor);
    writer.Spawn([&]() { return WriteAll(**a, bytes); });
    absl::Status full = co_await WaitUntilFull(**b);
    FAIRWAY_CO_RETURN_IF_ERROR(full);

    auto other = std::make_shared<Other>();
    other->TakeTurns(executor);
    std::string buffer(256 * 1024, '\0');
    uint64_t turns = 0;
    size_t at_once = 0;
    size_t most_at_once = 0;
    for (size_t read = 0; read < bytes.size();) {
      absl::StatusOr<size_t> n =
          co_await (*b)->Read(absl::MakeSpan(&buffer[0], buffer.size()));
      if (!n.ok()) co_return n.status();
      read += *n;
      at_once =
          (std::exchange(turns, other->turns) == turns ? at_once : 0) + *n;
      most_at_once = std::max(most_at_once, at_once);
    }
    other->gone = true;
    EXPECT_LE(most_at_once, 768u * 1024);
    absl::Status written = co_await writer.Join();
    co_return written;
  });
}

TEST(SocketTest, ClosedSocketDoesNotListenForEver) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialTcp("127.0.0.1", (*listener)->address().port);
    if (!a.ok()) co_return a.status();
    absl::StatusOr<std::unique_ptr<Socket>> b =
        co_await (*listener)->Accept(executor);
    if (!b.ok()) co_return b.status();
    absl::Status closed = co_await (*b)->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(closed);
    const std::string bytes(1'000'000, 'x');
    absl::Status written;
    for (int i = 0; i < 1000 && written.ok(); ++i) {
      written = co_await WriteAll(**a, bytes);
    }
    EXPECT_THAT(written.code(),
                AnyOf(StatusCode::kAborted, StatusCode::kUnavailable));
    co_return absl::OkStatus();
  });
}

TEST(SocketTest, AdoptClosesWhatItCannotUse) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    const int unconnected = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_THAT(AdoptSocket(executor, unconnected),
                StatusIs(StatusCode::kUnavailable, HasSubstr("adopt socket")));
    EXPECT_EQ(::fcntl(unconnected, F_GETFD), -1);
    int datagram[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram), 0);
    EXPECT_THAT(AdoptSocket(executor, datagram[0]),
                StatusIs(StatusCode::kInvalidArgument));
    EXPECT_EQ(::fcntl(datagram[0], F_GETFD), -1);
    ::close(datagram[1]);
    EXPECT_FALSE(AdoptSocket(executor, -1).ok());
    co_return absl::OkStatus();
  });
}

TEST(ListenTest, BusyPortIsToldInGosWords) {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    RunTest([ip](Executor executor) -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<Listener>> first =
          ListenTcp(executor, ip, 0);
      if (!first.ok()) co_return first.status();
      const Address address = (*first)->address();
      EXPECT_THAT(
          ListenTcp(executor, ip, address.port),
          StatusIs(StatusCode::kAlreadyExists,
                   absl::StrCat(
                       "listen ", address.host == "::1" ? "tcp6 " : "tcp4 ",
                       address.ToString(), ": bind: address already in use")));
      co_return absl::OkStatus();
    });
  }
}

TEST(ListenTest, PortIsSharedWhenBothPermit) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> first =
        ListenTcp(executor, "127.0.0.1", 0, PortSharing::kPermitted);
    if (!first.ok()) co_return first.status();
    absl::StatusOr<std::unique_ptr<Listener>> second =
        ListenTcp(executor, "127.0.0.1", (*first)->address().port,
                  PortSharing::kPermitted);
    co_return second.status();
  });
}

TEST(ListenTest, WantsAnIp) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    EXPECT_THAT(ListenTcp(executor, "localhost", 0),
                StatusIs(StatusCode::kInvalidArgument));
    co_return absl::OkStatus();
  });
}

TEST(ListenTest, DestroyingEndsAPendingAccept) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await (*listener)->Accept(executor);
      co_return socket.status();
    });
    listener->reset();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined, StatusIs(StatusCode::kCancelled));
    co_return absl::OkStatus();
  });
}

TEST(ListenTest, AcceptOutlivesALackOfDescriptors) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialTcp("127.0.0.1", (*listener)->address().port);
    if (!a.ok()) co_return a.status();

    rlimit usual;
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    const rlimit none = {3, usual.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_EQ(::open("/dev/null", O_RDONLY), -1);
    EXPECT_EQ(errno, EMFILE);
    std::vector<std::string> lacks;
    (*listener)->OnLackOfResources([&lacks](const absl::Status& lack) {
      lacks.emplace_back(lack.message());
    });
    TaskGroup group(executor);
    absl::StatusOr<std::unique_ptr<Socket>> b = absl::UnknownError("waiting");
    group.Spawn([&]() -> Task<absl::Status> {
      b = co_await (*listener)->Accept(executor);
      co_return b.status();
    });
    co_await Sleep(absl::Milliseconds(30));
    EXPECT_THAT(b, StatusIs(StatusCode::kUnknown));
    // Once, however often it tried.
    EXPECT_EQ(lacks, std::vector<std::string>{absl::StrCat(
                         "accept tcp ", (*listener)->address().ToString(),
                         ": accept4: too many open files")});
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    absl::Status echoed = co_await ExpectEcho(**a, **b);
    co_return echoed;
  });
}

TEST(ListenTest, ConnectionThatWasResetBeforeAcceptIsPassedOver) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const uint16_t port = (*listener)->address().port;
    absl::StatusOr<std::unique_ptr<Socket>> gone =
        co_await DialTcp("127.0.0.1", port);
    if (!gone.ok()) co_return gone.status();
    (*gone)->Abort();
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialTcp("127.0.0.1", port);
    if (!a.ok()) co_return a.status();
    absl::StatusOr<std::unique_ptr<Socket>> b =
        co_await (*listener)->Accept(executor);
    if (!b.ok()) co_return b.status();
    absl::Status echoed = co_await ExpectEcho(**a, **b);
    co_return echoed;
  });
}

TEST(ListenUnixTest, FileHasItsModeAndGoesWithTheListener) {
  ShortFolder folder;
  const mode_t usual = ::umask(0077);
  RunTest([&](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenUnix(executor, folder.socket(), 0660);
    if (!listener.ok()) co_return listener.status();
    EXPECT_EQ((*listener)->address().ToString(), folder.socket());
    struct stat made;
    EXPECT_EQ(::stat(folder.socket().c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 0777, 0660u);
    absl::StatusOr<std::unique_ptr<Socket>> a =
        co_await DialUnix(folder.socket());
    if (!a.ok()) co_return a.status();
    absl::StatusOr<std::unique_ptr<Socket>> b =
        co_await (*listener)->Accept(executor);
    if (!b.ok()) co_return b.status();
    EXPECT_EQ((*a)->peer_address().ToString(), folder.socket());
    absl::Status echoed = co_await ExpectEcho(**a, **b);
    listener->reset();
    EXPECT_EQ(::access(folder.socket().c_str(), F_OK), -1);
    co_return echoed;
  });
  ::umask(usual);
}

TEST(ListenUnixTest, OnlyAStaleSocketIsReplaced) {
  ShortFolder folder;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> first =
        ListenUnix(executor, folder.socket());
    if (!first.ok()) co_return first.status();
    const std::string in_use = absl::StrCat("listen unix ", folder.socket(),
                                            ": bind: address already in use");
    EXPECT_THAT(ListenUnix(executor, folder.socket()),
                StatusIs(StatusCode::kAlreadyExists, in_use));

    // Its file stays when the process dies: as if it had been moved away.
    const std::string aside = folder.socket() + "2";
    EXPECT_EQ(::rename(folder.socket().c_str(), aside.c_str()), 0);
    first->reset();
    EXPECT_EQ(::rename(aside.c_str(), folder.socket().c_str()), 0);
    absl::StatusOr<std::unique_ptr<Listener>> second =
        ListenUnix(executor, folder.socket());
    if (!second.ok()) co_return second.status();

    second->reset();
    std::ofstream(folder.socket()) << "no socket";
    EXPECT_THAT(ListenUnix(executor, folder.socket()),
                StatusIs(StatusCode::kAlreadyExists, in_use));
    co_return absl::OkStatus();
  });
}

TEST(ListenUnixTest, LongPathIsRefused) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    EXPECT_THAT(ListenUnix(executor, "/tmp/" + std::string(103, 'x')),
                StatusIs(StatusCode::kInvalidArgument,
                         StartsWith("listen unix /tmp/xxx")));
    EXPECT_THAT(ListenUnix(executor, ""),
                StatusIs(StatusCode::kInvalidArgument));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::net
