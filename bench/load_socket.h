// SPDX-License-Identifier: Apache-2.0
// Sockets as the load uses them. All failures throw std::runtime_error.
#ifndef BENCH_LOAD_SOCKET_H_
#define BENCH_LOAD_SOCKET_H_

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fairway::bench {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// A connection to 127.0.0.1, without Nagle's delay; blocks until it stands.
Descriptor Connect(uint16_t port);

// Sends and receives all of it, or throws; the socket blocks.
void SendAll(int fd, const void* data, size_t size);
void ReceiveAll(int fd, void* data, size_t size);

// Sends what the socket takes, or receives what it has, without blocking: the
// number of bytes, 0 at a FIN, -1 when it has to wait. Throws at a reset.
ptrdiff_t TrySend(int fd, const void* data, size_t size);
ptrdiff_t TryReceive(int fd, void* data, size_t size);

// Waits for descriptors of which one thread has many; level-triggered.
class Poller {
 public:
  Poller();
  void Add(int fd, uint32_t events, uint32_t tag);
  void Modify(int fd, uint32_t events, uint32_t tag);

  // Calls `use` with the tag of each descriptor that is ready. False once
  // `until` has passed.
  template <typename Use>
  bool Wait(Clock::time_point until, Use use) {
    std::array<epoll_event, 64> ready;
    const int count = WaitFor(until, &ready);
    for (int i = 0; i < count; ++i) use(ready[i].data.u32);
    return count > 0 || Clock::now() < until;
  }

 private:
  int WaitFor(Clock::time_point until, std::array<epoll_event, 64>* ready);

  Descriptor epoll_;
};

}  // namespace fairway::bench

#endif  // BENCH_LOAD_SOCKET_H_
