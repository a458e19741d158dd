// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/remote/{remote_runtime,remote_image,utils}.go
// (v1.20.2)
// The kubelet's view of a runtime in another process, or behind a socket of
// its own.
// Differs: speaks runtime.v1 where the runtime does, as later releases.
#ifndef KUBELET_CRI_REMOTE_REMOTE_RUNTIME_H_
#define KUBELET_CRI_REMOTE_REMOTE_RUNTIME_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "base/task/task.h"
#include "kubelet/cri/services.h"

namespace fairway::kubelet::cri {

// --runtime-request-timeout's default.
inline constexpr absl::Duration kDefaultRuntimeRequestTimeout =
    absl::Minutes(2);

// `endpoint` is "unix:///run/containerd/containerd.sock". Connects at the first
// call, and again when the connection was lost.
//
// A call may take `timeout`; RunPodSandbox twice as long; StopContainer and
// ExecSync that and their own timeout (ExecSync without one, ListContainerStats
// and PullImage and ImageFsInfo have none: they last as long as their work).
//
// Errors of every call: the runtime's status; kUnavailable when it cannot be
// reached; kDeadlineExceeded ("context deadline exceeded"); kInternal for an
// answer that lacks what it must have ("URL is not set").
//
// Threads:  on `executor`.
// Lifetime: must outlive its calls.
std::unique_ptr<RuntimeService> NewRemoteRuntimeService(
    Executor executor, std::string endpoint,
    absl::Duration timeout = kDefaultRuntimeRequestTimeout);

std::unique_ptr<ImageManagerService> NewRemoteImageService(
    Executor executor, std::string endpoint,
    absl::Duration timeout = kDefaultRuntimeRequestTimeout);

}  // namespace fairway::kubelet::cri

#endif  // KUBELET_CRI_REMOTE_REMOTE_RUNTIME_H_
