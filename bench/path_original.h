// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_PATH_ORIGINAL_H_
#define BENCH_PATH_ORIGINAL_H_

#include <memory>
#include <string>

#include "bench/path_type.h"

namespace fairway::bench {

// "Kubernetes 1.20.2": a cluster of Kubernetes' own programs, in a folder and
// on ports of its own, with a dockerd of its own (so as root), and its kubectl.
// kube-apiserver and kubelet (1.20, which still has its dockershim) come from
// `folder`; etcd and kubectl from there, or from Debian's packages. socat,
// which that kubelet starts for each connection, is a hop too. The flags are
// those that hack/local-up-cluster.sh gives them, less what no port-forward
// needs.
//
// Errors: throws std::runtime_error, naming the program that is missing, or
// with the last words of the one that does not get ready.
std::unique_ptr<Path> OpenOriginal(const std::string& folder);

}  // namespace fairway::bench

#endif  // BENCH_PATH_ORIGINAL_H_
