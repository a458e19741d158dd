// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_PATH_TYPE_H_
#define BENCH_PATH_TYPE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fairway::bench {

// Where the servers come out, on 127.0.0.1.
struct Ports {
  uint16_t echo = 0;
  uint16_t sink = 0;
  uint16_t source = 0;  // pod_server's `give`: asked for how many bytes
  uint16_t deaf = 0;
};

// A process that each byte passes through.
struct Hop {
  // "kubectl", "kube-apiserver", "kubelet", "socat", "ssh", "sshd", "relay 1"
  // (of the client's end) to "relay 4"; several may have the same.
  std::string role;
  pid_t pid;
};

// One way, open from when it is made until it dies, which ends by id all that
// it started.
class Path {
 public:
  virtual ~Path() = default;

  virtual const std::string& name() const = 0;
  virtual Ports ports() const = 0;
  // Its processes now: each time anew, since socat and sshd start one for each
  // connection, or session, which come behind the process that started them.
  // (Of those that ended the starter's waited-for children keep the CPU time.)
  // Empty for "no forwarder". No server of the pod's is among them.
  // Errors: throws std::runtime_error, naming the hop, when one is gone.
  virtual std::vector<Hop> hops() const = 0;
};

}  // namespace fairway::bench

#endif  // BENCH_PATH_TYPE_H_
