// SPDX-License-Identifier: Apache-2.0
// A dockerd of the test's own, as root, under a folder of its own.
#ifndef E2E_HARNESS_DOCKER_H_
#define E2E_HARNESS_DOCKER_H_

#include <memory>
#include <string>

#include "e2e/harness/process.h"

namespace fairway::e2e {

// The image that it has: pod_server as /pod_server.
inline constexpr char kPodServerImage[] = "fairway/pod-server:test";

// Starts dockerd without a bridge (so pods have loopback alone) and imports
// kPodServerImage. Ended and cleaned away when this dies. Failures throw
// std::runtime_error with dockerd's last words.
class Docker {
 public:
  Docker();
  ~Docker();
  Docker(const Docker&) = delete;
  Docker& operator=(const Docker&) = delete;

  // "unix:///tmp/.../docker.sock"
  std::string endpoint() const { return "unix://" + socket_; }

 private:
  void ImportPodServer();

  std::string folder_;
  std::string socket_;
  std::unique_ptr<Process> dockerd_;
};

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_DOCKER_H_
