// SPDX-License-Identifier: Apache-2.0
// Blocking TCP as a plain application does it, to drive a forwarded port.
#ifndef E2E_HARNESS_SOCKET_H_
#define E2E_HARNESS_SOCKET_H_

#include <cstdint>
#include <string>

#include "e2e/harness/process.h"

namespace fairway::e2e {

// A connection to 127.0.0.1. Every call gives up after the timeout.
// Failures throw std::runtime_error.
class Connection {
 public:
  // `receive_buffer_bytes` for the kernel; 0: as it likes.
  explicit Connection(uint16_t port, Seconds timeout = Seconds(30),
                      int receive_buffer_bytes = 0);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(const std::string& bytes);
  void SendFin();
  // Whether the other end's kernel has all that was sent, and the FIN.
  bool FinIsAcknowledged() const;
  // At most `max` bytes; empty at the peer's FIN.
  std::string Receive(size_t max);
  // All up to the peer's FIN.
  std::string ReceiveAll();
  // Exactly `count` bytes. Throws at a FIN before that.
  std::string ReceiveExactly(size_t count);
  // Whether the end came as a reset (and not as a FIN).
  bool EndsByReset();
  void Reset();
  // Ends both directions, also for a thread that waits in another call.
  void Shutdown();

 private:
  int fd_;
};

// `count` bytes that no compressor or pattern would survive, from a seed.
std::string RandomBytes(size_t count, uint64_t seed);
// SHA-256 in lower-case hex.
std::string Sha256Hex(const std::string& bytes);

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_SOCKET_H_
