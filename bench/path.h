// SPDX-License-Identifier: Apache-2.0
// The ways to a pod's servers that //bench:portforward compares. A way takes
// connections on 127.0.0.1 and leads each to pod_server's `echo`, `sink`,
// `give` or `deaf`.
//
// A pod has a network of its own (of either runtime: nothing but its loopback),
// which only a kubelet reaches. So the forwarders of Kubernetes' own kind end
// in a pod, and the others (none, socat, ssh, the bare relay chain) at one more
// process of the same pod_server, with the same arguments, on the host's
// loopback. The last hop is a loopback connection either way.
#ifndef BENCH_PATH_H_
#define BENCH_PATH_H_

#include <memory>
#include <string>
#include <vector>

#include "bench/path_type.h"

namespace fairway::bench {

struct PathOptions {
  std::string runtime = "process";  // of our cluster; or "docker", as root
  // A folder with Kubernetes' own kube-apiserver and kubelet (and maybe kubectl
  // and etcd); empty: without them.
  std::string original_dir;
};

// Our cluster with the pod, the servers beside it, and what leads there.
//
// Lifetime: outlives its paths.
class Yard {
 public:
  // Errors: throws std::runtime_error with the log of what does not start.
  explicit Yard(PathOptions options);
  ~Yard();
  Yard(const Yard&) = delete;
  Yard& operator=(const Yard&) = delete;

  // Those that can be asked for here, in the order of a report: "Fairway",
  // "Fairway, SPDY", "Fairway, a session each", "no forwarder", "socat",
  // "ssh -L", "bare relay chain", "kubectl 1.20.2", and with `original_dir`
  // "Kubernetes 1.20.2".
  std::vector<std::string> names() const;

  // Starts one and waits until it takes connections. Several may be open at a
  // time, also of the same name.
  // Errors: throws std::runtime_error: no such name, a program that is not
  // installed, or that does not get ready (with its last words).
  std::unique_ptr<Path> Open(const std::string& name);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace fairway::bench

#endif  // BENCH_PATH_H_
