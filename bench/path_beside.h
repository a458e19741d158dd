// SPDX-License-Identifier: Apache-2.0
// What else leads to a port, beside Kubernetes: to servers on 127.0.0.1.
// Each throws std::runtime_error when a program is missing or does not start.
#ifndef BENCH_PATH_BESIDE_H_
#define BENCH_PATH_BESIDE_H_

#include <memory>
#include <string>
#include <vector>

#include "bench/path_type.h"
#include "e2e/harness/process.h"

namespace fairway::bench {

// What pod_server is told to serve at `ports`.
std::vector<std::string> ServerArguments(const Ports& ports);

// pod_server on the host's loopback, at ports of its own.
class ServersBeside {
 public:
  ServersBeside();

  const Ports& ports() const { return ports_; }

 private:
  Ports ports_;
  e2e::Process process_;
};

// "no forwarder": no hop at all.
std::unique_ptr<Path> OpenDirectly(const Ports& servers);

// "socat": one for each server, which forks for each connection. After a FIN it
// waits a minute, not half a second, for the other direction; all else is as it
// comes.
std::unique_ptr<Path> OpenSocat(const Ports& servers);

// "ssh -L": ssh and sshd, one TCP connection between them, AES-128-GCM. sshd
// runs with files of its own and no root's rights: as whoever runs this, or, if
// that is root, as the user "daemon".
std::unique_ptr<Path> OpenSsh(const Ports& servers);

// "bare relay chain": four of //bench:bare_relay, plain->TLS, TLS->TLS,
// TLS->plain, plain->plain, as kubectl, kube-apiserver, kubelet and its
// streaming server stand.
std::unique_ptr<Path> OpenBareRelays(const Ports& servers);

}  // namespace fairway::bench

#endif  // BENCH_PATH_BESIDE_H_
