// SPDX-License-Identifier: Apache-2.0
// A relay that does nothing but relay: the yardstick of //bench:portforward.
// Four of them, plain->tls, tls->tls, tls->plain and plain->plain, are the hops
// of a port-forward without its framing, its coroutines and its libraries, so
// it uses none of them: one loop of poll(2), one recv(2) of at most 256 KiB a
// turn and connection, and what came of it is sealed by one SSL_write and sent
// by one send(2).
//
//   bare_relay plain|tls plain|tls PORT...
//
// takes what comes, plain or inside TLS 1.3, and hands it on, plain or inside
// TLS 1.3, to 127.0.0.1:PORT. Listens on a port of its own for each PORT and
// prints those in one line, in their order. The certificate is made at start
// and verified by nobody. A FIN (or close_notify) becomes a FIN behind the
// bytes before it, and the other direction goes on; any other end is a reset of
// both sides. What one side does not take stops the reading of the other.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/tls/boringssl.h"

namespace {

constexpr size_t kReadBytes = 256 * 1024;
// A record that an earlier read left incomplete comes on top of what one read
// brings.
constexpr size_t kMaxRecordBytes = 32 * 1024;

[[noreturn]] void Die(const std::string& what) {
  fprintf(stderr, "bare_relay: %s: %s\n", what.c_str(), strerror(errno));
  exit(1);
}

// What lies between one system call and BoringSSL. There is one for all
// connections, since none keeps anything here from one turn to the next.
struct Wire {
  std::vector<char> received = std::vector<char>(kReadBytes);
  const char* at = nullptr;
  size_t left = 0;
  std::vector<char> plain = std::vector<char>(kReadBytes + kMaxRecordBytes);
  std::string sealed;
};
Wire wire;

int ReadWire(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  const size_t n = std::min<size_t>(size, wire.left);
  if (n == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  memcpy(out, wire.at, n);
  wire.at += n;
  wire.left -= n;
  return static_cast<int>(n);
}

int WriteWire(BIO*, const char* bytes, int size) {
  wire.sealed.append(bytes, size);
  return size;
}

long ControlWire(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH;
}

BIO* NewWireBio() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(0, "wire");
    BIO_meth_set_read(made, ReadWire);
    BIO_meth_set_write(made, WriteWire);
    BIO_meth_set_ctrl(made, ControlWire);
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_init(bio, 1);
  return bio;
}

// One connection: its socket, its TLS if it has any, and what its kernel did
// not take yet. A call returns false once the connection is broken.
class Side {
 public:
  // `tls` is nullptr for a plain one.
  Side(int fd, SSL_CTX* tls, bool accepted) : fd_(fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    BIO* bio = NewWireBio();
    SSL_set_bio(ssl_.get(), bio, bio);
    if (accepted) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
    }
  }
  ~Side() { close(fd_); }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  int fd() const { return fd_; }
  // Whether its FIN was read.
  bool ended() const { return ended_; }
  // Whether a FIN was written, and all before it.
  bool finished() const { return finished_ && !wants_to_send(); }
  bool wants_to_send() const { return sent_ < unsent_.size(); }
  bool holds_bytes() const { return wants_to_send() || !early_.empty(); }

  // A TLS client speaks first.
  bool Start() {
    if (ssl_ == nullptr) return true;
    SSL_do_handshake(ssl_.get());
    return SendSealed();
  }

  // One recv(2); what came of it is `*size` bytes in wire.plain, maybe none.
  bool Receive(size_t* size) {
    *size = 0;
    char* into = ssl_ == nullptr ? wire.plain.data() : wire.received.data();
    const ssize_t n = recv(fd_, into, kReadBytes, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (ssl_ == nullptr) {
      ended_ = n == 0;
      *size = n;
      return true;
    }
    if (n == 0) return false;  // a FIN without close_notify
    wire.at = into;
    wire.left = n;
    return Decrypt(size) && SendSealed() && WriteEarly();
  }

  // `bytes` may lie in wire.plain.
  bool Write(const char* bytes, size_t size) {
    if (ssl_ == nullptr) return Send(bytes, size);
    if (SSL_in_init(ssl_.get())) {
      early_.append(bytes, size);
      return true;
    }
    if (SSL_write(ssl_.get(), bytes, static_cast<int>(size)) <= 0) return false;
    return SendSealed();
  }

  // A FIN behind all that was written.
  bool Finish() {
    finishing_ = true;
    return FinishIfAllIsSent();
  }

  // Sends what the kernel did not take before.
  bool Flush() {
    while (wants_to_send()) {
      const ssize_t n = send(fd_, unsent_.data() + sent_,
                             unsent_.size() - sent_, MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      sent_ += n;
    }
    unsent_.clear();
    sent_ = 0;
    return FinishIfAllIsSent();
  }

 private:
  bool Send(const char* bytes, size_t size) {
    while (!wants_to_send() && size > 0) {
      const ssize_t n = send(fd_, bytes, size, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (n < 0) break;
      bytes += n;
      size -= n;
    }
    unsent_.append(bytes, size);
    return true;
  }

  bool SendSealed() {
    const bool sent = Send(wire.sealed.data(), wire.sealed.size());
    wire.sealed.clear();
    return sent;
  }

  // All of what was received; a part of a record stays in BoringSSL.
  bool Decrypt(size_t* size) {
    while (true) {
      const int n = SSL_read(ssl_.get(), wire.plain.data() + *size,
                             static_cast<int>(wire.plain.size() - *size));
      if (n <= 0) {
        const int error = SSL_get_error(ssl_.get(), n);
        ended_ = error == SSL_ERROR_ZERO_RETURN;
        return ended_ || error == SSL_ERROR_WANT_READ;
      }
      *size += n;
    }
  }

  // What was to be written before the handshake was over.
  bool WriteEarly() {
    if (SSL_in_init(ssl_.get())) return true;
    std::string early;
    early.swap(early_);
    return (early.empty() || Write(early.data(), early.size())) &&
           FinishIfAllIsSent();
  }

  bool FinishIfAllIsSent() {
    if (!finishing_ || finished_ || holds_bytes()) return true;
    if (ssl_ == nullptr) {
      finished_ = true;
      return shutdown(fd_, SHUT_WR) == 0;
    }
    if (SSL_in_init(ssl_.get())) return true;
    finished_ = true;
    SSL_shutdown(ssl_.get());
    return SendSealed();
  }

  const int fd_;
  bssl::UniquePtr<SSL> ssl_;
  std::string early_;   // plain, until the handshake is over
  std::string unsent_;  // as it goes to the kernel, which has `sent_` of it
  size_t sent_ = 0;
  bool ended_ = false;
  bool finishing_ = false;
  bool finished_ = false;
};

// What was accepted, and what was dialled for it.
struct Pair {
  Side in;
  Side out;
};

// Reads once and hands it on.
bool Move(Side& from, Side& to) {
  size_t size = 0;
  if (!from.Receive(&size)) return false;
  if (size > 0 && !to.Write(wire.plain.data(), size)) return false;
  return !from.ended() || to.Finish();
}

bool Serve(Side& side, Side& other, short happened) {
  if ((happened & POLLOUT) != 0 && !side.Flush()) return false;
  if ((happened & (POLLIN | POLLHUP | POLLERR)) == 0) return true;
  return side.ended() || Move(side, other);
}

// What to wait for. One that waits for nothing is left out: poll would tell of
// its reset again and again.
pollfd Wanted(const Side& side, const Side& other) {
  pollfd wanted = {side.fd(), 0, 0};
  if (!side.ended() && !other.holds_bytes()) wanted.events |= POLLIN;
  if (side.wants_to_send()) wanted.events |= POLLOUT;
  if (wanted.events == 0) wanted.fd = -1;
  return wanted;
}

void Reset(const Side& side) {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(side.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int Dial(uint16_t port) {
  const sockaddr_in address = Loopback(port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0 ||
      fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

struct Listener {
  int fd;
  uint16_t port;  // its own
  uint16_t to;
};

Listener Listen(uint16_t to) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(fd, 4096) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Die("listen");
  }
  return {fd, ntohs(address.sin_port), to};
}

class Relay {
 public:
  Relay(bssl::UniquePtr<SSL_CTX> in, bssl::UniquePtr<SSL_CTX> out,
        const std::vector<uint16_t>& to)
      : in_(std::move(in)), out_(std::move(out)) {
    for (const uint16_t port : to) {
      listeners_.push_back(Listen(port));
      wanted_.push_back({listeners_.back().fd, POLLIN, 0});
    }
  }

  const std::vector<Listener>& listeners() const { return listeners_; }

  [[noreturn]] void Run() {
    while (true) {
      if (poll(wanted_.data(), wanted_.size(), -1) < 0) Die("poll");
      // From the last one, whose place may be taken by none that waits.
      for (size_t i = pairs_.size(); i-- > 0;) ServePair(i);
      for (size_t i = 0; i < listeners_.size(); ++i) {
        if (wanted_[i].revents != 0) Accept(listeners_[i]);
      }
    }
  }

 private:
  pollfd* PollOf(size_t pair) { return &wanted_[listeners_.size() + 2 * pair]; }

  void ServePair(size_t i) {
    Pair& pair = *pairs_[i];
    pollfd* polled = PollOf(i);
    if (polled[0].revents == 0 && polled[1].revents == 0) return;
    const bool goes_on = Serve(pair.in, pair.out, polled[0].revents) &&
                         Serve(pair.out, pair.in, polled[1].revents);
    if (!goes_on) {
      Reset(pair.in);
      Reset(pair.out);
    }
    if (!goes_on || (pair.in.finished() && pair.out.finished())) {
      Remove(i);
      return;
    }
    polled[0] = Wanted(pair.in, pair.out);
    polled[1] = Wanted(pair.out, pair.in);
  }

  void Remove(size_t i) {
    std::copy_n(PollOf(pairs_.size() - 1), 2, PollOf(i));
    wanted_.resize(wanted_.size() - 2);
    std::swap(pairs_[i], pairs_.back());
    pairs_.pop_back();
  }

  void Accept(const Listener& listener) {
    while (true) {
      const int accepted =
          accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (accepted < 0) return;
      const int dialled = Dial(listener.to);
      if (dialled < 0) {
        close(accepted);
        continue;
      }
      // Made where it stays, since a Side cannot move.
      std::unique_ptr<Pair> pair(
          new Pair{{accepted, in_.get(), true}, {dialled, out_.get(), false}});
      if (!pair->in.Start() || !pair->out.Start()) continue;
      wanted_.push_back(Wanted(pair->in, pair->out));
      wanted_.push_back(Wanted(pair->out, pair->in));
      pairs_.push_back(std::move(pair));
    }
  }

  const bssl::UniquePtr<SSL_CTX> in_;
  const bssl::UniquePtr<SSL_CTX> out_;
  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  // Of the listeners, then two of each pair.
  std::vector<pollfd> wanted_;
};

bssl::UniquePtr<SSL_CTX> NewTls() {
  bssl::UniquePtr<SSL_CTX> tls(SSL_CTX_new(TLS_method()));
  SSL_CTX_set_min_proto_version(tls.get(), TLS1_3_VERSION);
  SSL_CTX_set_options(tls.get(), SSL_OP_NO_TICKET);
  return tls;
}

bssl::UniquePtr<SSL_CTX> NewServerTls() {
  bssl::UniquePtr<SSL_CTX> tls = NewTls();
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  bssl::UniquePtr<X509> certificate(X509_new());
  X509* x509 = certificate.get();
  constexpr long kDay = 24 * 60 * 60;
  const bool made =
      EC_KEY_generate_key(ec.get()) == 1 &&
      EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) == 1 &&
      X509_set_version(x509, 2) == 1 &&
      X509_gmtime_adj(X509_get_notBefore(x509), -kDay) != nullptr &&
      X509_gmtime_adj(X509_get_notAfter(x509), kDay) != nullptr &&
      X509_set_pubkey(x509, key.get()) == 1 &&
      X509_sign(x509, key.get(), EVP_sha256()) > 0 &&
      SSL_CTX_use_certificate(tls.get(), x509) == 1 &&
      SSL_CTX_use_PrivateKey(tls.get(), key.get()) == 1;
  if (!made) Die("certificate");
  return tls;
}

bool IsTls(const std::string& argument) {
  if (argument != "plain" && argument != "tls") {
    fprintf(stderr, "bare_relay: %s: want plain or tls\n", argument.c_str());
    exit(2);
  }
  return argument == "tls";
}

void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: bare_relay plain|tls plain|tls PORT...\n");
    return 2;
  }
  RaiseFileLimit();
  bssl::UniquePtr<SSL_CTX> in = IsTls(argv[1]) ? NewServerTls() : nullptr;
  bssl::UniquePtr<SSL_CTX> out = IsTls(argv[2]) ? NewTls() : nullptr;
  std::vector<uint16_t> to;
  for (int i = 3; i < argc; ++i) to.push_back(atoi(argv[i]));
  Relay relay(std::move(in), std::move(out), to);
  for (const Listener& listener : relay.listeners()) {
    printf("%u ", listener.port);
  }
  printf("\n");
  fflush(stdout);
  relay.Run();
}
