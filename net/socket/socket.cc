// SPDX-License-Identifier: Apache-2.0
#include "net/socket/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/task/asio_status.h"
#include "base/task/deadline.h"
#include "base/task/turn.h"
#include "net/socket/answer_watch.h"
#include "net/socket/socket_internal.h"

namespace fairway::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A closed socket goes on reading for so long and so much, see Drain.
constexpr std::chrono::seconds kDrainTime{2};
constexpr size_t kMaxDrainBytes = 8 * 1024 * 1024;
// Go's net.Dialer: a dead peer is noticed after about two and a half minutes.
constexpr int kKeepAliveSeconds = 15;
// Reads of a socket that follow one another without a pass through the loop,
// and their bytes, beyond which no read begins.
constexpr uint8_t kMostAtOnce = 16;
constexpr uint32_t kMostBytesAtOnce = 512 * 1024;
constexpr absl::Duration kLookAgain = absl::Seconds(1);

// An error of a connection that was there: a reset, or a loss.
absl::Status ConnectionError(const error_code& ec, absl::string_view what) {
  absl::Status status = FromAsio(ec, what);
  if (status.ok() || absl::IsCancelled(status) || absl::IsAborted(status)) {
    return status;
  }
  return absl::UnavailableError(status.message());
}

absl::Status Closed(absl::string_view what) {
  return absl::CancelledError(std::string(what) +
                              ": use of closed network connection");
}

// Sends what one system call takes of `pieces`, from byte `offset` of the first
// on. Returns -1 and sets errno on failure.
ssize_t SendSome(int fd, absl::Span<const absl::string_view> pieces,
                 size_t offset) {
  std::array<iovec, 64> vectors;
  const size_t count = std::min(pieces.size(), vectors.size());
  for (size_t i = 0; i < count; ++i) {
    vectors[i].iov_base = const_cast<char*>(pieces[i].data());
    vectors[i].iov_len = pieces[i].size();
  }
  vectors[0].iov_base = static_cast<char*>(vectors[0].iov_base) + offset;
  vectors[0].iov_len -= offset;
  msghdr message = {};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  ssize_t n;
  do {
    n = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n;
}

// Receives what is there. Returns -1 and sets errno on failure.
ssize_t ReceiveSome(int fd, absl::Span<char> buf) {
  ssize_t n;
  do {
    n = ::recv(fd, buf.data(), buf.size(), MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n;
}

// An operation of `socket` whose handler begins a turn of the loop: `start` is
// given the handler that the operation has to call.
template <typename... Results, typename Start>
auto InATurn(StreamSocket& socket, Start start) {
  return asio::async_initiate<decltype(kAwait) const, void(Results...)>(
      [&socket, start](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        start(asio::bind_cancellation_slot(
            slot, [executor = socket.get_executor(),
                   handler = std::move(handler)](Results... results) mutable {
              Turn::Of(executor,
                       [&]() { std::move(handler)(std::move(results)...); });
            }));
      },
      kAwait);
}

// Receives once something has come. With MSG_PEEK it only waits for that, and
// cheaper than AsyncWait(), which asks the kernel for a new event each time.
auto AsyncReceive(StreamSocket& socket, asio::mutable_buffer buffer,
                  asio::socket_base::message_flags flags) {
  return InATurn<error_code, size_t>(
      socket, [&socket, buffer, flags](auto handler) {
        socket.async_receive(buffer, flags, std::move(handler));
      });
}

auto AsyncWait(StreamSocket& socket, asio::socket_base::wait_type what) {
  return InATurn<error_code>(socket, [&socket, what](auto handler) {
    socket.async_wait(what, std::move(handler));
  });
}

// Reads on after our FIN until the peer's: closing a socket that has unread
// input, or that still gets some, makes the kernel send a reset and drop what
// was written and not yet sent. Ends by itself, for want of an owner that waits
// for it.
class Drain : public std::enable_shared_from_this<Drain> {
 public:
  explicit Drain(StreamSocket socket)
      : socket_(std::move(socket)), timer_(socket_.get_executor()) {}

  void Start() {
    if (!DiscardInput()) return;
    timer_.expires_after(kDrainTime);
    timer_.async_wait(
        [self = shared_from_this()](const error_code&) { self->Finish(); });
    Wait();
  }

 private:
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock,
                                 asio::wait_traits<std::chrono::steady_clock>,
                                 Executor>;

  // False when nothing more is to come, or too much came.
  bool DiscardInput() {
    std::array<char, 16 * 1024> sink;
    for (int turn = 0; turn < 16; ++turn) {
      const ssize_t n = ::recv(socket_.native_handle(), sink.data(),
                               sink.size(), MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      discarded_ += n;
      if (discarded_ > kMaxDrainBytes) return false;
    }
    return true;
  }

  void Wait() {
    socket_.async_wait(asio::socket_base::wait_read,
                       [self = shared_from_this()](const error_code& ec) {
                         if (!ec && self->DiscardInput()) return self->Wait();
                         self->Finish();
                       });
  }

  void Finish() {
    error_code ignored;
    timer_.cancel();
    socket_.close(ignored);
  }

  StreamSocket socket_;
  Timer timer_;
  size_t discarded_ = 0;
};

enum class Kind { kTcp, kUnix };

class SocketImpl final : public Socket {
 public:
  SocketImpl(StreamSocket socket, Kind kind, Address peer)
      : state_(std::make_shared<State>(std::move(socket), kind)),
        peer_(std::move(peer)) {}

  ~SocketImpl() override {
    if (state_->closed) return;
    if (state_->fin_sent && state_->fin_received) {
      state_->Release();
    } else {
      Abort();
    }
  }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    std::shared_ptr<State> state = state_;
    Cancellation cancellation = co_await kThisCancellation;
    if (IsRequested(cancellation) || state->closed) co_return Closed("read");
    if (!state->read_error.ok()) co_return state->read_error;
    if (state->fin_received) co_return 0;
    if (state->MayReadAtOnce()) {
      const ssize_t got = ReceiveSome(state->socket.native_handle(), buf);
      if (got > 0) {
        state->CountAtOnce(got);
        state->NoteReceived(got, buf.size());
        co_return got;
      }
      if (got == 0) co_return state->NoteReadEnd(asio::error::eof);
      if (errno != EAGAIN) {
        co_return state->NoteReadEnd(
            error_code(errno, boost::system::system_category()));
      }
    }
    auto [ec, n] = co_await AsyncReceive(
        state->socket, asio::buffer(buf.data(), buf.size()), 0);
    if (state->closed) co_return Closed("read");
    if (ec) co_return state->NoteReadEnd(ec);
    state->NotePass(n);
    state->NoteReceived(n, buf.size());
    co_return n;
  }

  Task<absl::Status> WaitReadable() override {
    std::shared_ptr<State> state = state_;
    Cancellation cancellation = co_await kThisCancellation;
    if (IsRequested(cancellation) || state->closed) co_return Closed("read");
    if (!state->read_error.ok()) co_return state->read_error;
    if (state->fin_received) co_return absl::OkStatus();
    if (state->may_have_more && state->MayReadAtOnce()) {
      state->CountAtOnce(0);
      pollfd readable = {state->socket.native_handle(), POLLIN, 0};
      if (::poll(&readable, 1, 0) > 0) co_return absl::OkStatus();
    }
    char byte;
    auto [ec, n] =
        co_await AsyncReceive(state->socket, asio::buffer(&byte, 1), MSG_PEEK);
    if (state->closed) co_return Closed("read");
    state->NotePass(0);
    if (!ec) co_return absl::OkStatus();
    absl::StatusOr<size_t> end = state->NoteReadEnd(ec);
    co_return end.status();
  }

  Task<absl::Status> WaitBroken() override {
    std::shared_ptr<State> state = state_;
    while (true) {
      Cancellation cancellation = co_await kThisCancellation;
      if (IsRequested(cancellation) || state->closed) co_return Closed("read");
      if (!state->read_error.ok()) co_return state->read_error;
      // The kernel's error is left to those who read and write.
      pollfd broken = {state->socket.native_handle(), 0, 0};
      if (state->reset ||
          (::poll(&broken, 1, 0) > 0 && (broken.revents & POLLERR) != 0)) {
        co_return FromErrno(ECONNRESET, "read");
      }
      auto [ec] =
          co_await AsyncWait(state->socket, asio::socket_base::wait_error);
      if (state->closed) co_return Closed("read");
      if (ec) co_return ConnectionError(ec, "read");
      if (::poll(&broken, 1, 0) > 0 && (broken.revents & POLLERR) != 0) {
        continue;
      }
      // Urgent data and both FINs wake it too, and would do so for ever.
      absl::Status slept = co_await Sleep(kLookAgain);
      if (!slept.ok()) co_return slept;
    }
  }

  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    std::shared_ptr<State> state = state_;
    Cancellation cancellation = co_await kThisCancellation;
    if (IsRequested(cancellation) || state->closed) co_return Closed("write");
    if (state->fin_sent) {
      co_return absl::FailedPreconditionError("write: after close");
    }
    size_t all = 0;
    size_t offset = 0;
    while (true) {
      while (!pieces.empty() && offset == pieces.front().size()) {
        pieces.remove_prefix(1);
        offset = 0;
      }
      if (pieces.empty()) {
        state->answers.NoteSent(state->socket.get_executor(), all);
        co_return absl::OkStatus();
      }
      const ssize_t sent =
          SendSome(state->socket.native_handle(), pieces, offset);
      if (sent < 0) {
        if (errno != EAGAIN) co_return state->NoteWriteError(errno);
        auto [ec] =
            co_await AsyncWait(state->socket, asio::socket_base::wait_write);
        if (state->closed) co_return Closed("write");
        if (ec) co_return ConnectionError(ec, "write");
        continue;
      }
      all += sent;
      offset += sent;
      while (!pieces.empty() && offset > pieces.front().size()) {
        offset -= pieces.front().size();
        pieces.remove_prefix(1);
      }
    }
  }

  Task<absl::Status> CloseWrite() override {
    if (state_->closed) co_return Closed("close");
    if (state_->fin_sent) co_return absl::OkStatus();
    state_->fin_sent = true;
    if (::shutdown(state_->socket.native_handle(), SHUT_WR) == 0) {
      co_return absl::OkStatus();
    }
    co_return state_->NoteWriteError(errno);
  }

  Task<absl::Status> Close() override {
    if (state_->closed) co_return absl::OkStatus();
    state_->closed = true;
    error_code ignored;
    state_->socket.cancel(ignored);
    if (!state_->fin_sent) {
      ::shutdown(state_->socket.native_handle(), SHUT_WR);
    }
    if (state_->fin_received) {
      state_->Release();
    } else {
      std::make_shared<Drain>(std::move(state_->socket))->Start();
    }
    co_return absl::OkStatus();
  }

  void Abort() override {
    if (state_->closed) return;
    if (state_->kind == Kind::kTcp) {
      error_code ignored;
      state_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    state_->Release();
  }

  Address local_address() const override {
    sockaddr_storage storage = {};
    socklen_t size = sizeof(storage);
    if (::getsockname(native_handle(), reinterpret_cast<sockaddr*>(&storage),
                      &size) != 0) {
      return {};
    }
    return AddressFromSockaddr(storage, size);
  }

  Address peer_address() const override { return peer_; }

  bool PeerHasEnded() const override {
    pollfd ended = {native_handle(), POLLRDHUP, 0};
    return ::poll(&ended, 1, 0) > 0;
  }

  bool PeerHasLeft() const override {
    char byte;
    const ssize_t n =
        ::recv(native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  }

  int native_handle() const override {
    // Asio's accessor is not const.
    return const_cast<StreamSocket&>(state_->socket).native_handle();
  }

 private:
  // What a call that is under way needs; it may see its Socket die.
  struct State {
    State(StreamSocket s, Kind k) : socket(std::move(s)), kind(k) {}

    void Release() {
      closed = true;
      error_code ignored;
      socket.close(ignored);
    }

    // Whether a read may be tried without a pass through the loop. Not for
    // ever: a peer that is always faster would keep out everybody else.
    bool MayReadAtOnce() const {
      return reads_at_once < kMostAtOnce && bytes_at_once < kMostBytesAtOnce;
    }
    void CountAtOnce(size_t bytes) {
      ++reads_at_once;
      bytes_at_once += bytes;
    }
    // The loop was passed, for a read of `bytes`.
    void NotePass(size_t bytes) {
      reads_at_once = 0;
      bytes_at_once = bytes;
    }
    void NoteReceived(size_t bytes, size_t asked_for) {
      may_have_more = bytes == asked_for;
      answers.NoteReceived(bytes);
    }

    // A read ended with `ec`: 0 for the peer's FIN.
    absl::StatusOr<size_t> NoteReadEnd(const error_code& ec) {
      if (ec == asio::error::eof && !reset) {
        fin_received = true;
        return 0;
      }
      absl::Status status = ec == asio::error::eof
                                ? FromErrno(ECONNRESET, "read")
                                : ConnectionError(ec, "read");
      if (absl::IsCancelled(status)) return status;
      if (absl::IsAborted(status)) reset = true;
      read_error = status;
      return status;
    }

    absl::Status NoteWriteError(int error) {
      // The kernel tells of a reset once only, to whom asks first; after that
      // reading looks like a FIN and writing like a broken pipe.
      if (error == ECONNRESET) reset = true;
      if (reset) error = ECONNRESET;
      return ConnectionError(
          error_code(error, boost::system::system_category()), "write");
    }

    StreamSocket socket;
    const Kind kind;
    bool closed = false;
    bool fin_sent = false;
    bool fin_received = false;
    bool reset = false;
    bool may_have_more = false;  // the last read filled its buffer
    uint8_t reads_at_once = 0;
    uint32_t bytes_at_once = 0;
    AnswerWatch answers;
    absl::Status read_error;
  };

  std::shared_ptr<State> state_;
  const Address peer_;
};

// Whether what the peer takes in one segment is what only a loopback device
// carries (64 KiB, or half of a window; Ethernet has up to 9 KiB). Addresses do
// not say it: NAT leads connections to our own address elsewhere, and such
// connections here.
bool HasBothEndsHere(int fd) {
  constexpr int kLoopbackSegment = 16 * 1024;
  int segment = 0;
  socklen_t size = sizeof(segment);
  return ::getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, &size) == 0 &&
         segment >= kLoopbackSegment;
}

// Asks for Reno: on one host there is no network to be probed, and congestion
// controls that pace (BBR) would hold bytes back by timers. What the kernel
// does not have it does not get.
void SkipCongestionProbing(int fd) {
  constexpr absl::string_view kReno = "reno";
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kReno.data(),
                     kReno.size());
}

void SetTcpOptions(int fd) {
  // None of these can fail on a TCP socket; without them it would still work.
  auto set = [fd](int level, int name, int value) {
    (void)::setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
}

}  // namespace

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::unique_ptr<Socket>> AdoptSocket(Executor executor,
                                                    int raw_fd) {
  OwnedFd fd(raw_fd);
  int type = 0;
  socklen_t type_size = sizeof(type);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &type_size) != 0) {
    return FromErrno(errno, "adopt socket");
  }
  sockaddr_storage peer = {};
  socklen_t peer_size = sizeof(peer);
  if (::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) !=
      0) {
    return FromErrno(errno, "adopt socket");
  }
  const bool is_unix = peer.ss_family == AF_UNIX;
  const bool is_ip = peer.ss_family == AF_INET || peer.ss_family == AF_INET6;
  if (type != SOCK_STREAM || (!is_unix && !is_ip)) {
    return absl::InvalidArgumentError(
        "adopt socket: want a connected TCP or Unix stream socket");
  }
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return FromErrno(errno, "adopt socket");
  }
  if (is_ip) {
    SetTcpOptions(fd.get());
    if (HasBothEndsHere(fd.get())) SkipCongestionProbing(fd.get());
  }

  StreamSocket socket(executor);
  error_code ec;
  socket.assign(
      asio::generic::stream_protocol(peer.ss_family, is_ip ? IPPROTO_TCP : 0),
      fd.get(), ec);
  if (ec) return FromAsio(ec, "adopt socket");
  fd.Release();
  return std::make_unique<SocketImpl>(std::move(socket),
                                      is_ip ? Kind::kTcp : Kind::kUnix,
                                      AddressFromSockaddr(peer, peer_size));
}

}  // namespace fairway::net
