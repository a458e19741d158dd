// SPDX-License-Identifier: Apache-2.0
// A way to a port of 127.0.0.1 that can break as networks do.
#ifndef E2E_HARNESS_NETWORK_PATH_H_
#define E2E_HARNESS_NETWORK_PATH_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

namespace fairway::e2e {

// Relays what comes to its own port, until told otherwise. One thread; at most
// 64 KiB are kept for each direction of a connection.
class NetworkPath {
 public:
  explicit NetworkPath(uint16_t to_port);
  ~NetworkPath();
  NetworkPath(const NetworkPath&) = delete;
  NetworkPath& operator=(const NetworkPath&) = delete;

  uint16_t port() const { return port_; }

  // Each call returns once it is so.

  // Resets all connections at both ends, and each new one.
  void Cut() { Become(State::kCut); }
  // No byte, FIN or reset passes any more, and nobody is told.
  void Freeze() { Become(State::kFrozen); }
  // All is as before. What lay frozen goes on its way.
  void Restore() { Become(State::kWhole); }

 private:
  enum class State { kWhole, kCut, kFrozen, kOver };

  struct Direction {
    int from = -1;
    int to = -1;
    std::string held;
    bool ended = false;   // a FIN was read
    bool passed = false;  // and written
  };
  struct Way {
    Direction out;
    Direction back;
  };

  void Become(State state);
  void Run();
  void Accept();
  // Moves what can be moved without waiting; false if the connection is over.
  static bool Move(Direction& direction);
  static void CloseWay(const Way& way, bool reset);

  const uint16_t to_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = -1;
  std::atomic<State> state_{State::kWhole};
  std::atomic<State> reached_{State::kWhole};
  std::list<Way> ways_;  // the thread's alone
  std::thread thread_;
};

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_NETWORK_PATH_H_
